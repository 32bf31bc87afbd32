package io.squat.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * No number of a committed page was typed: it is what the command writes of the files beside it.
 */
class CommittedResultsTest {
  private static final Path RESULTS = Path.of("..", "docs", "results");

  @TempDir Path folder;

  @TestFactory
  List<DynamicTest> everyPageIsWhatItsResultsSay() throws IOException {
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

  /** The tables of a page are rows of the reports, word for word. */
  @ParameterizedTest
  @ValueSource(strings = {"results.md", "sharpness.md"})
  void tablesOfAPageStandInTheReports(String page) throws IOException {
    Set<String> known = new HashSet<>();
    try (Stream<Path> files = Files.walk(RESULTS)) {
      for (Path report : files.filter(file -> file.endsWith("report.md")).toList()) {
        known.addAll(Files.readAllLines(report));
      }
    }
    List<String> rows =
        Files.readAllLines(RESULTS.resolveSibling(page)).stream()
            .filter(line -> line.startsWith("|"))
            .toList();
    assertFalse(rows.isEmpty());
    assertEquals(List.of(), rows.stream().filter(row -> !known.contains(row)).toList());
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
