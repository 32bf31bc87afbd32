package io.squat.glue;

import com.google.common.collect.ImmutableList;
import com.google.errorprone.annotations.Immutable;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Which columns of a file hold a row's texts, label and id, by name.
 *
 * @param textA column of the first text
 * @param textB column of the second text; null for tasks of one text
 * @param label column of the label; null for splits without labels
 * @param id column of the row's id; null if there is none. A file may lack it
 * @param headerless names of all columns of a file that has no header line, in order; empty where
 *     the file has one
 */
@Immutable
record Layout(
    String textA,
    @Nullable String textB,
    @Nullable String label,
    @Nullable String id,
    ImmutableList<String> headerless) {

  static Layout single(String text, String label) {
    return new Layout(text, null, label, "index", ImmutableList.of());
  }

  static Layout pair(String textA, String textB, String label) {
    return new Layout(textA, textB, label, "index", ImmutableList.of());
  }

  Layout withId(@Nullable String column) {
    return new Layout(textA, textB, label, column, headerless);
  }

  Layout withoutHeader(String... columns) {
    return new Layout(textA, textB, label, id, ImmutableList.copyOf(columns));
  }

  Layout withoutLabel() {
    return new Layout(textA, textB, null, id, ImmutableList.of());
  }

  /** The columns a file must have. */
  List<String> required() {
    return Stream.of(textA, textB, label).filter(Objects::nonNull).toList();
  }
}
