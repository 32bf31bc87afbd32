package io.squat.cli;

import static java.util.Objects.requireNonNull;

import io.squat.glue.TableColumns;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What the columns of one's own table hold. */
final class ColumnOptions {
  @Option(
      names = "--text-columns",
      split = ",",
      converter = Unquoted.class,
      paramLabel = "NAME",
      description =
          "Column of the text in your own files, or the two of a pair. A name with a comma stands in"
              + " double quotes.")
  @Nullable List<String> texts;

  @Option(
      names = "--label-column",
      paramLabel = "NAME",
      description = "Column of the label in your own files or, with --regression, of the score.")
  @Nullable String label;

  @Option(
      names = "--labels",
      split = ",",
      converter = Unquoted.class,
      paramLabel = "NAME",
      description =
          "The classes, in the order of the outputs (default: those of the model or, in training, the"
              + " labels of the training file, sorted as text). One with a comma stands in double quotes.")
  @Nullable List<String> labels;

  @Option(names = "--regression", description = "The label's column holds scores, not classes.")
  boolean regression;

  /**
   * The columns, both of which are given.
   *
   * @throws IllegalArgumentException if they are not different ones
   */
  TableColumns columns() {
    return new TableColumns(requireNonNull(texts), requireNonNull(label));
  }

  /**
   * The classes, none for regression; empty if neither is given.
   *
   * @throws IllegalArgumentException if both are given
   */
  Optional<List<String>> labels() {
    if (regression && labels != null) {
      throw new IllegalArgumentException(
          "--labels: expected without --regression, which has no classes; found both");
    }
    return regression ? Optional.of(List.of()) : Optional.ofNullable(labels);
  }
}
