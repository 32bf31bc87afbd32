package io.squat.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.google.errorprone.annotations.Keep;
import java.io.EOFException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.ZipException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.exceptions.TFInvalidArgumentException;
import org.tensorflow.exceptions.TFResourceExhaustedException;
import picocli.CommandLine;
import picocli.CommandLine.Command;

class FailuresTest {
  @Keep
  static Stream<Arguments> failures() {
    return Stream.of(
        arguments(new IllegalArgumentException("bits: found 9"), 2, "squat: bits: found 9"),
        arguments(new IllegalStateException("loss is NaN"), 1, "squat: loss is NaN"),
        arguments(
            new UnsupportedOperationException("expected Linux, found Windows"),
            1,
            "squat: expected Linux, found Windows"),
        arguments(file(new NoSuchFileException("f")), 2, "squat: f: cannot be read"),
        arguments(file(new EOFException()), 2, "squat: f: cannot be read"),
        arguments(file(new ZipException()), 2, "squat: f: cannot be read"),
        arguments(file(new MalformedInputException(1)), 2, "squat: f: cannot be read"),
        arguments(
            file(new FileSystemException("f", null, "No space left on device")),
            1,
            "squat: f: cannot be read"),
        arguments(file(new IOException("disk")), 1, "squat: f: cannot be read"),
        // An IllegalArgumentException, but not of what the user gave.
        arguments(
            new TFInvalidArgumentException("Incompatible shapes\n\t [[{{node loss/sub}}]]"),
            1,
            "squat: TensorFlow failed: Incompatible shapes (node loss/sub)"),
        arguments(
            new TFResourceExhaustedException(
                "OOM when allocating tensor with shape[32,12,128,128]"),
            1,
            "squat: TensorFlow failed: OOM when allocating tensor with shape[32,12,128,128]; the"
                + " device's memory is used up: take fewer rows a batch or shorter ones"),
        arguments(
            new IllegalStateException("first line\n  second line\r\n"),
            1,
            "squat: first line second line"),
        arguments(
            new ArrayIndexOutOfBoundsException("Index 5"),
            1,
            "squat: unexpected java.lang.ArrayIndexOutOfBoundsException: Index 5; --verbose shows"
                + " where it happened"),
        arguments(
            new IllegalStateException(),
            1,
            "squat: unexpected java.lang.IllegalStateException; --verbose shows where it"
                + " happened"));
  }

  private static UncheckedIOException file(IOException cause) {
    return new UncheckedIOException("f: cannot be read", cause);
  }

  @ParameterizedTest
  @MethodSource("failures")
  void anExceptionIsOneLineAndAStatus(RuntimeException e, int status, String line) {
    assertEquals(new Invocation(status, "", line + "\n"), invoke(e));
  }

  @Test
  void onlyVerboseShowsTheStackTrace() {
    IllegalStateException e = new IllegalStateException("x", new IOException("deeper"));
    assertFalse(invoke(e).err().contains("\tat "));
    Invocation verbose = invoke(e, "--verbose");
    assertEquals("squat: x", verbose.err().lines().findFirst().orElseThrow());
    assertTrue(verbose.err().contains("Caused by: java.io.IOException: deeper"), verbose.err());
  }

  @Test
  void memoryThatIsUsedUpNamesTheRemedy() {
    StringWriter err = new StringWriter();
    int status =
        Failures.outOfMemory(new PrintWriter(err, true), new OutOfMemoryError("Java heap space"));
    assertEquals(1, status);
    assertTrue(err.toString().contains("Java heap space"), err.toString());
    assertTrue(err.toString().contains("SQUAT_JAVA_OPTS=-Xmx"), err.toString());
  }

  @Test
  void aFailureLeavesTheJsonFileOfBefore(@TempDir Path folder) throws IOException {
    Path json = Files.writeString(folder.resolve("result.json"), "before");
    invoke(new IllegalStateException("x"), "--json", json.toString());
    assertEquals("before", Files.readString(json));
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(List.of(json), files.toList());
    }
  }

  @Test
  void aJsonFileThatCannotBeIsFoundBeforeTheWork(@TempDir Path folder) {
    Invocation bad = invoke(new IllegalStateException("work"), "--json", folder.toString());
    assertEquals(2, bad.status());
    assertEquals("squat: --json " + folder + ": expected a file, found a folder\n", bad.err());
  }

  private static Invocation invoke(RuntimeException e, String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int status =
        new CommandLine(new Throwing(e))
            .setExecutionExceptionHandler(Failures::onException)
            .setOut(new PrintWriter(out))
            .setErr(new PrintWriter(err))
            .execute(arguments);
    return new Invocation(status, out.toString(), err.toString().replace("\r\n", "\n"));
  }

  @Command(name = "throwing")
  private static final class Throwing extends SquatCommand {
    private final RuntimeException exception;

    Throwing(RuntimeException exception) {
      this.exception = exception;
    }

    @Override
    Object run(PrintWriter out) {
      throw exception;
    }
  }
}
