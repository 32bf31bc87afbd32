package io.squat.train;

import io.squat.glue.EncodedExamples;
import io.squat.glue.Split;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;

/** Says what texts lost on their way to token ids. */
public final class RowWarnings {
  private static final Logger log = LogManager.getLogger();
  // Texts that fit have next to none; of another language or casing there are tens of percents.
  private static final double MUCH_UNKNOWN = 0.1;

  private RowWarnings() {}

  /**
   * Logs it, if it is something.
   *
   * @param rows the rows
   * @param split what they are
   * @param maxLength tokens that they were cut to
   */
  public static void log(EncodedExamples rows, Split split, int maxLength) {
    if (rows.truncatedRows() > 0) {
      log.warn(
          "{} of {} {} rows are longer than {} tokens and were cut",
          rows.truncatedRows(),
          rows.size(),
          split,
          maxLength);
    }
    if (rows.unknownShare() > MUCH_UNKNOWN) {
      log.warn(
          "{} % of the tokens of the {} rows are [UNK], words that the vocabulary does not have: is it the"
              + " model's own (--vocab), and the casing right (--cased, --uncased)?",
          Math.round(100 * rows.unknownShare()), split);
    }
  }
}
