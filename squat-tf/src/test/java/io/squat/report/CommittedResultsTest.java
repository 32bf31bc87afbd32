package io.squat.report;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * No number of a committed page was typed: it is what the command writes of the files beside it.
 */
class CommittedResultsTest {
  private static final Path RESULTS = Path.of("..", "docs", "results");

  @TempDir Path folder;

  @TestFactory
  List<DynamicTest> everyPageIsWhatItsResultsSay() throws IOException {
    if (!Files.isDirectory(RESULTS)) {
      return List.of();
    }
    try (Stream<Path> pages = Files.list(RESULTS)) {
      return pages
          .filter(Files::isDirectory)
          .sorted()
          .map(
              results ->
                  DynamicTest.dynamicTest(results.getFileName().toString(), () -> compare(results)))
          .toList();
    }
  }

  private void compare(Path results) throws IOException {
    Path page = folder.resolve(results.getFileName());
    Report.of(List.of(results)).write(page);
    for (String name : List.of("report.md", "runs.csv", "groups.csv")) {
      assertEquals(
          Files.readString(page.resolve(name)),
          Files.readString(results.resolve(name)),
          results.resolve(name) + ": write it anew by `squat report`");
    }
  }
}
