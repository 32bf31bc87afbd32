package io.squat.eval;

import com.google.common.collect.ImmutableList;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** How this program starts another process of itself. */
public final class JavaProcess {
  /** Debuggers and agents belong to one process: a second one finds their port taken. */
  private static final ImmutableList<String> OF_ONE_PROCESS =
      ImmutableList.of(
          "-agentlib:",
          "-agentpath:",
          "-javaagent:",
          "-Xdebug",
          "-Xrun",
          "-Dcom.sun.management.jmxremote");

  private JavaProcess() {}

  /**
   * The command of a process with the Java, the libraries and the options of this one, less those
   * of debuggers and agents.
   *
   * @param main the class that it runs
   * @param options more options of Java, which win over those of this process
   */
  public static List<String> command(Class<?> main, List<String> options) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(passedOn(ManagementFactory.getRuntimeMXBean().getInputArguments()));
    command.addAll(options);
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(main.getName());
    return command;
  }

  /** Of the options that a process of Java was started with, those that another one can have. */
  static List<String> passedOn(List<String> arguments) {
    return arguments.stream()
        .filter(argument -> argument.startsWith("-"))
        .filter(argument -> OF_ONE_PROCESS.stream().noneMatch(argument::startsWith))
        .toList();
  }
}
