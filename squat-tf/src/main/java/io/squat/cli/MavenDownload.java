package io.squat.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.squat.train.Progress;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Gets the jar of a {@link PretrainedModel} through the user's own Maven, and so through its
 * mirrors, proxies and local repository.
 */
final class MavenDownload implements ModelCache.Download {
  private static final String GOAL = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy";

  /** How Maven says how far a transfer of megabytes is: {@code 12/408 MB}. */
  private static final Pattern MEGABYTES =
      Pattern.compile("(\\d+)(?:\\.\\d+)?/\\d+(?:\\.\\d+)? MB");

  private static final long MEGABYTE = 1_000_000;
  private static final String ERROR = "[ERROR]";

  private final List<String> maven;
  private final Progress progress;

  /**
   * Makes a download.
   *
   * @param maven Maven's command, such as {@code mvn}, and arguments of the user's own
   * @param progress who is told how far it is
   */
  MavenDownload(List<String> maven, Progress progress) {
    this.maven = List.copyOf(maven);
    this.progress = progress;
  }

  @Override
  public Path jar(PretrainedModel model, Path folder) {
    Process process = start(model, folder);
    try {
      String error = follow(process, model);
      int status = process.waitFor();
      if (status != 0) {
        throw new IllegalStateException(
            model.name()
                + ": Maven could not get "
                + model.artifact()
                + ": "
                + error
                + "; check the network, or the mirror and proxy in ~/.m2/settings.xml"
                + (maven.size() > 1 ? ", and SQUAT_MAVEN_ARGS" : ""));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(
          model.name() + ": interrupted while Maven was fetching it", e);
    } finally {
      process.destroy();
    }
    return onlyFile(model, folder);
  }

  private Process start(PretrainedModel model, Path folder) {
    List<String> command = new ArrayList<>(maven);
    command.add("-Dstyle.color=never");
    command.add(GOAL);
    command.add("-Dartifact=" + model.artifact());
    command.add("-DoutputDirectory=" + folder);
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(folder.toFile()) // away from any project and its .mvn
            .redirectErrorStream(true)
            .redirectInput(new File("/dev/null"));
    try {
      return builder.start();
    } catch (IOException e) {
      throw new IllegalStateException(
          model.name()
              + ": expected Maven's command "
              + maven.get(0)
              + " on the PATH, found none that"
              + " starts; install Maven, or give --model the folder of a SavedModel",
          e);
    }
  }

  /** Shows Maven's own progress until Maven ends; gives back its first error. */
  private String follow(Process process, PretrainedModel model) {
    String error = "it says no more";
    boolean found = false;
    long done = 0;
    long total = model.bytes() / MEGABYTE;
    try (BufferedReader output = process.inputReader(UTF_8);
        Progress.Work work =
            progress.begin("fetching " + model.name() + " through Maven", "MB", total)) {
      StringBuilder line = new StringBuilder();
      while (readLine(output, line)) {
        Matcher megabytes = MEGABYTES.matcher(line);
        if (megabytes.find()) {
          long now = Math.min(Long.parseLong(megabytes.group(1)), total);
          work.step(Math.max(0, now - done));
          done = Math.max(done, now);
        } else if (!found && line.indexOf(ERROR) == 0) {
          error = line.substring(ERROR.length()).replaceFirst(" -> \\[Help \\d+]$", "").strip();
          found = true;
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(model.name() + ": Maven's output cannot be read", e);
    }
    return error;
  }

  /** Reads up to the next line feed or carriage return: Maven's progress has only the latter. */
  private static boolean readLine(Reader output, StringBuilder line) throws IOException {
    line.setLength(0);
    int character = output.read();
    while (character >= 0 && character != '\n' && character != '\r') {
      line.append((char) character);
      character = output.read();
    }
    return character >= 0 || line.length() > 0;
  }

  private static Path onlyFile(PretrainedModel model, Path folder) {
    try (var files = Files.newDirectoryStream(folder, "*.jar")) {
      for (Path file : files) {
        return file;
      }
    } catch (IOException e) {
      throw new UncheckedIOException(folder + ": cannot be listed", e);
    }
    throw new IllegalStateException(
        model.name()
            + ": expected Maven to put the jar of "
            + model.artifact()
            + " into "
            + folder
            + ", found none");
  }
}
