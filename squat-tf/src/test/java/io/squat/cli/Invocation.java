package io.squat.cli;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What a command line did: its exit status and what it printed. */
record Invocation(int status, String out, String err) {
  /** Runs a command line whose arguments hold no spaces. */
  static Invocation of(String arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int status = Squat.run(new PrintWriter(out), new PrintWriter(err), split(arguments));
    return new Invocation(status, out.toString(), err.toString());
  }

  /**
   * Runs a command line that is to succeed.
   *
   * @param folder where its object of {@code --json} is written
   * @return that object
   */
  static JsonNode done(String arguments, Path folder) throws IOException {
    Path json = folder.resolve("answer.json");
    Files.deleteIfExists(json);
    Invocation done = of(arguments + " --json " + json);
    assertEquals(0, done.status(), done.err());
    return new ObjectMapper().readTree(json.toFile());
  }

  /**
   * Runs a command line that is bad input.
   *
   * @param why it is
   * @param part of the one line that says so
   */
  static void assertRefused(String why, String part, String arguments) {
    Invocation refused = of(arguments);
    assertEquals(2, refused.status(), why);
    assertEquals(1, refused.err().lines().count(), refused.err());
    assertTrue(refused.err().contains(part), refused.err());
  }

  /** The folder of the tiny BERT. */
  static Path tinyBert() {
    try {
      return Path.of(
          requireNonNull(Invocation.class.getResource("/io/squat/train/tiny-bert/model")).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  static String[] split(String arguments) {
    return arguments.isBlank() ? new String[0] : arguments.strip().split(" +", -1);
  }
}
