package io.squat.glue;

import com.google.common.collect.ImmutableList;
import com.google.errorprone.annotations.Immutable;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The formats of the user's own tables, by the suffix of the file. */
enum TableFormat {
  TSV(ImmutableList.of(".tsv"), (in, name) -> new TsvTable(in, name, List.of())),
  CSV(ImmutableList.of(".csv"), CsvTable::new),
  JSON_LINES(ImmutableList.of(".jsonl", ".ndjson"), JsonLinesTable::new);

  private final ImmutableList<String> suffixes;
  private final Opener opener;

  TableFormat(ImmutableList<String> suffixes, Opener opener) {
    this.suffixes = suffixes;
    this.opener = opener;
  }

  /**
   * The format of a file, plain or {@code .gz}.
   *
   * @throws IllegalArgumentException if its suffix is none of these
   */
  static TableFormat of(Path file) {
    return find(file)
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    file
                        + ": expected a file .tsv, .csv, .jsonl or .ndjson, plain or .gz, found"
                        + " another suffix; rename it after what it holds"));
  }

  /** The format of a file; empty if its suffix is none of these. */
  static Optional<TableFormat> find(Path file) {
    String plain = plainName(file).toLowerCase(Locale.ROOT);
    return Arrays.stream(values())
        .filter(format -> format.suffixes.stream().anyMatch(plain::endsWith))
        .findFirst();
  }

  /** The name of a file without {@code .gz}. */
  static String plainName(Path file) {
    return file.getFileName().toString().replaceFirst("(?i)\\.gz$", "");
  }

  Table open(InputStream in, String name) {
    return opener.open(in, name);
  }

  @Immutable
  @FunctionalInterface
  private interface Opener {
    Table open(InputStream in, String name);
  }
}
