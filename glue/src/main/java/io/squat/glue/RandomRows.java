package io.squat.glue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * Rows as the tokenizer makes them, {@code [CLS] token ... token [SEP]}, of tokens drawn from a
 * vocabulary: what a model can be run with where there is no text.
 *
 * <p>Names in brackets, the special tokens and BERT's unused ones, are not drawn.
 */
public final class RandomRows {
  private static final int SPECIAL_TOKENS = 2;

  private final int clsId;
  private final int sepId;
  private final int[] tokens;
  private final Random random;

  private RandomRows(int clsId, int sepId, int[] tokens, Random random) {
    this.clsId = clsId;
    this.sepId = sepId;
    this.tokens = tokens;
    this.random = random;
  }

  /**
   * Prepares.
   *
   * @param vocabTxt the model's {@code vocab.txt}
   * @param seed the same seed gives the same rows
   * @throws IllegalArgumentException as {@link WordPiece#open}, or if the vocabulary has no entry
   *     but those in brackets
   */
  public static RandomRows of(Path vocabTxt, long seed) {
    Vocabulary vocabulary = Vocabulary.read(vocabTxt);
    int[] tokens =
        IntStream.range(0, vocabulary.entries().size())
            .filter(id -> !Vocabulary.isBracketed(vocabulary.entries().get(id)))
            .toArray();
    if (tokens.length == 0) {
      throw new IllegalArgumentException(
          vocabTxt + ": expected pieces of words, found nothing but entries in brackets");
    }
    // Random and not SplittableRandom: its algorithm is part of its documentation.
    return new RandomRows(
        vocabulary.id(Vocabulary.CLS), vocabulary.id(Vocabulary.SEP), tokens, new Random(seed));
  }

  /**
   * Draws rows.
   *
   * @param rows how many, B
   * @param length tokens a row, T, at least the two special ones
   * @return token ids [B, T], row after row
   */
  public List<Integer> next(int rows, int length) {
    if (rows < 0 || length < SPECIAL_TOKENS) {
      throw new IllegalArgumentException(
          "random rows: expected rows of at least "
              + SPECIAL_TOKENS
              + " tokens, found "
              + rows
              + " of "
              + length);
    }
    List<Integer> ids = new ArrayList<>(rows * length);
    for (int row = 0; row < rows; row++) {
      ids.add(clsId);
      for (int token = SPECIAL_TOKENS; token < length; token++) {
        ids.add(tokens[random.nextInt(tokens.length)]);
      }
      ids.add(sepId);
    }
    return ids;
  }
}
