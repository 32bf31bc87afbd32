package io.squat.glue;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The rows of a file of named columns, one after the other. */
interface Table extends AutoCloseable {

  /** What rows are made of, for errors, for example {@code tab-separated}. */
  String dialect();

  /**
   * The names of the columns, in their order; null if the file is empty. Before the first {@link
   * #next}, and once.
   *
   * @throws IllegalArgumentException if the file's content is none
   */
  @Nullable List<String> header();

  /**
   * The next row, a field for each column; null where a field is absent or no text or number. A row
   * may have too many or too few fields. Empty lines are no rows.
   *
   * @return null after the last row
   * @throws IllegalArgumentException if the content is no row
   * @throws java.io.UncheckedIOException if the file cannot be read
   */
  @Nullable List<@Nullable String> next();

  /** The place of what was read last, for errors. */
  String where();

  @Override
  void close();
}
