package io.squat.glue;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** The parts of a task's data. For MNLI, {@link #DEV} and {@link #TEST} are the matched ones. */
public enum Split {
  /** Rows to train on. */
  TRAIN("train"),
  /** Rows with labels to score on. */
  DEV("dev"),
  /** Rows whose labels GLUE keeps. */
  TEST("test"),
  /** MNLI's dev rows from genres that its training rows lack. */
  DEV_MISMATCHED("dev_mismatched"),
  /** MNLI's test rows from genres that its training rows lack. */
  TEST_MISMATCHED("test_mismatched");

  private final String word;

  Split(String word) {
    this.word = word;
  }

  /**
   * Finds a split by name, whatever its case: {@code train}, {@code dev}, {@code test}, {@code
   * dev_mismatched}, {@code test_mismatched}; {@code dev_matched} and {@code test_matched} are dev
   * and test.
   *
   * @throws IllegalArgumentException if there is no such split; the message lists those there are
   */
  public static Split of(String name) {
    String wanted = name.toLowerCase(Locale.ROOT).replaceFirst("_matched$", "");
    return Arrays.stream(values())
        .filter(split -> split.word.equals(wanted))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "unknown split \"" + name + "\"; expected one of " + choices()));
  }

  private static String choices() {
    return Arrays.stream(values()).map(split -> split.word).collect(Collectors.joining(", "));
  }

  /**
   * Name of the split's file, for example {@code train.tsv}, or {@code dev_matched.tsv} for MNLI
   * and {@code diagnostic.tsv} for AX.
   *
   * @throws IllegalArgumentException if the task has no such split
   */
  public String fileName(GlueTask task) {
    if (task == GlueTask.MNLI) {
      return this == DEV || this == TEST ? word + "_matched.tsv" : word + ".tsv";
    }
    if (task == GlueTask.AX) {
      if (this != TEST) {
        throw new IllegalArgumentException(
            "AX has no split " + word + "; expected test, which a model of MNLI predicts");
      }
      return "diagnostic.tsv";
    }
    if (this == DEV_MISMATCHED || this == TEST_MISMATCHED) {
      throw new IllegalArgumentException(
          task.displayName()
              + " has no split "
              + word
              + "; expected train, dev or test (only MNLI has mismatched splits)");
    }
    return word + ".tsv";
  }

  /** Whether the split's rows have labels. */
  public boolean isLabelled() {
    return this != TEST && this != TEST_MISMATCHED;
  }

  /** The name by which {@link #of} finds the split. */
  @Override
  public String toString() {
    return word;
  }
}
