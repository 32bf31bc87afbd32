package io.squat.cli;

import java.io.PrintWriter;
import java.io.StringWriter;

/** What a command line did: its exit status and what it printed. */
record Invocation(int status, String out, String err) {
  /** Runs a command line whose arguments hold no spaces. */
  static Invocation of(String arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int status = Squat.run(new PrintWriter(out), new PrintWriter(err), split(arguments));
    return new Invocation(status, out.toString(), err.toString());
  }

  static String[] split(String arguments) {
    return arguments.isBlank() ? new String[0] : arguments.strip().split(" +", -1);
  }
}
