package io.squat.eval;

import com.google.errorprone.annotations.MustBeClosed;
import io.squat.glue.EncodedExamples;
import io.squat.glue.WordPiece;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;

/**
 * Text in, labels or scores out: a model with its tokenizer, for programs that serve.
 *
 * <pre>{@code
 * try (TextClassifier classifier = TextClassifier.open(Path.of("models/cola/1"))) {
 *   Prediction prediction = classifier.predict("The book was read by me.");
 *   System.out.println(prediction.label() + " " + prediction.probability());
 * }
 * }</pre>
 *
 * <p>The model runs in this process ({@link #open}) or on a TensorFlow Serving server ({@link
 * #remote}); the text becomes tokens here. Vocabulary, casing, longest length and the labels' names
 * are the model's own, from its folder's {@code assets}, where nothing else is chosen. Lists run in
 * batches of texts of similar length, and the answers come in the order of the texts.
 *
 * <p>Safe from any number of threads: each gets what it would get alone. The order of a list's
 * texts, and which texts it holds, can change the last bits of a number, since padding changes the
 * sums' order.
 *
 * <p>{@link #close} waits for predictions that run; whoever predicts afterwards gets an {@link
 * IllegalStateException}.
 */
public final class TextClassifier implements AutoCloseable {
  private static final int DEFAULT_BATCH = 32;

  /**
   * How a model in this process is opened.
   *
   * @param text what of the tokens is not as the model's own assets say
   * @param model what is loaded of the folder and where it runs
   * @param batchSize texts a run of the model, at least 1
   */
  public record Options(TextFormat.Choice text, Classifier.Options model, int batchSize) {
    /** Everything as the model's own assets say, all that the machine has, batches of 32. */
    public static final Options DEFAULT =
        new Options(TextFormat.Choice.DEFAULT, Classifier.Options.DEFAULT, DEFAULT_BATCH);

    /**
     * Checks.
     *
     * @throws IllegalArgumentException if the batch size is out of range
     */
    public Options {
      checkBatchSize(batchSize);
    }

    /**
     * The same with another vocabulary.
     *
     * @param vocabulary a WordPiece vocabulary, an entry a line
     */
    public Options withVocabulary(Path vocabulary) {
      return new Options(
          new TextFormat.Choice(vocabulary, text.casing(), text.maxLength()), model, batchSize);
    }

    /**
     * The same with texts cut to another length.
     *
     * @param maxLength tokens of a row, special tokens included
     */
    public Options withMaxLength(int maxLength) {
      return new Options(
          new TextFormat.Choice(text.vocabulary(), text.casing(), maxLength), model, batchSize);
    }

    /**
     * The same with another number of threads.
     *
     * @param threads how many an operation may use; 0 takes all cores
     */
    public Options withThreads(int threads) {
      return new Options(
          text, new Classifier.Options(model.choice(), model.device(), threads), batchSize);
    }

    /**
     * The same with batches of another size.
     *
     * @param size texts a run of the model, at least 1
     */
    public Options withBatchSize(int size) {
      return new Options(text, model, size);
    }
  }

  /**
   * How a model on a server is used.
   *
   * @param model the folder whose {@code assets} have the vocabulary and the names of the labels,
   *     such as the one that is served; null if there is none here
   * @param text what of the tokens is not as those assets say; without a folder, the vocabulary at
   *     least
   * @param server how the server is asked
   * @param batchSize texts a request, at least 1
   */
  public record RemoteOptions(
      @Nullable Path model, TextFormat.Choice text, RestClassifier.Options server, int batchSize) {

    /**
     * Checks.
     *
     * @throws IllegalArgumentException if the batch size is out of range
     */
    public RemoteOptions {
      checkBatchSize(batchSize);
    }

    /**
     * Everything as a model's assets say, batches of 32.
     *
     * @param model a folder with {@code assets}
     */
    public static RemoteOptions of(Path model) {
      return new RemoteOptions(
          model, TextFormat.Choice.DEFAULT, RestClassifier.Options.DEFAULT, DEFAULT_BATCH);
    }
  }

  /** Opens a model. */
  @FunctionalInterface
  interface Opener {
    /** Opens it; the caller closes it. */
    @MustBeClosed
    Predictor open();
  }

  private final WordPiece words;
  private final Predictor predictor;
  private final int maxLength;
  private final List<String> labels;
  private final @Nullable Boolean pair;
  private final int batchSize;

  /** Predictions share it; closing takes it alone. */
  private final ReadWriteLock running = new ReentrantReadWriteLock();

  private boolean closed; // guarded by running

  private TextClassifier(
      WordPiece words,
      Predictor predictor,
      int maxLength,
      List<String> labels,
      @Nullable Boolean pair,
      int batchSize) {
    this.words = words;
    this.predictor = predictor;
    this.maxLength = maxLength;
    this.labels = labels;
    this.pair = pair;
    this.batchSize = batchSize;
  }

  /**
   * Opens a model of this program's export; the caller closes it.
   *
   * @param model the folder of {@code saved_model.pb}
   * @throws IllegalArgumentException as {@link #open(Path, Options)}
   * @throws java.io.UncheckedIOException as {@link #open(Path, Options)}
   * @throws IllegalStateException as {@link #open(Path, Options)}
   */
  @MustBeClosed
  public static TextClassifier open(Path model) {
    return open(model, Options.DEFAULT);
  }

  /**
   * Opens any SavedModel that classifies; the caller closes it.
   *
   * @param model the folder of {@code saved_model.pb}
   * @param options what is not as the model's own assets say
   * @throws IllegalArgumentException if there is no vocabulary or it is none, {@code squat.json} is
   *     damaged, or as {@link Classifier#open}
   * @throws java.io.UncheckedIOException if one of these files cannot be read
   * @throws IllegalStateException if the tokenizer's native library does not load
   */
  @MustBeClosed
  public static TextClassifier open(Path model, Options options) {
    return assemble(
        model, options.text(), options.batchSize(), () -> Classifier.open(model, options.model()));
  }

  /**
   * Uses a model on a TensorFlow Serving server; the caller closes it.
   *
   * @param url as {@link RestClassifier#open}
   * @param model a folder whose {@code assets} have the vocabulary and the names of the labels;
   *     nothing else of it is read
   * @throws IllegalArgumentException as {@link #remote(URI, RemoteOptions)}
   * @throws java.io.UncheckedIOException as {@link RestClassifier#open}
   * @throws IllegalStateException as {@link RestClassifier#open}
   */
  @MustBeClosed
  public static TextClassifier remote(URI url, Path model) {
    return remote(url, RemoteOptions.of(model));
  }

  /**
   * Uses a model on a TensorFlow Serving server; the caller closes it.
   *
   * @param url as {@link RestClassifier#open}
   * @param options where the vocabulary is, and how the server is asked
   * @throws IllegalArgumentException if the URL is not one of a model, there is no vocabulary or it
   *     is none, or the signature is not a classifier's
   * @throws java.io.UncheckedIOException as {@link RestClassifier#open}
   * @throws IllegalStateException if the tokenizer's native library does not load, or as {@link
   *     RestClassifier#open}
   */
  @MustBeClosed
  public static TextClassifier remote(URI url, RemoteOptions options) {
    ServingUrl checked = ServingUrl.of(url);
    return assemble(
        options.model(),
        options.text(),
        options.batchSize(),
        () -> RestClassifier.open(checked, options.server()));
  }

  private static void checkBatchSize(int batchSize) {
    if (batchSize < 1) {
      throw new IllegalArgumentException("expected a batch size of at least 1, found " + batchSize);
    }
  }

  /** The files first, which fail fast; the model last. */
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker") // the classifier closes it; until there is one, we do
  private static TextClassifier assemble(
      @Nullable Path model, TextFormat.Choice text, int batchSize, Opener opener) {
    TextFormat format = text.format(model);
    ModelDescription description = model == null ? null : ModelDescription.read(model).orElse(null);
    List<String> labels = description == null ? List.of() : labels(model, description);
    Boolean pair = description == null ? null : description.pair().orElse(null);
    WordPiece words = WordPiece.open(format.vocabulary(), format.casing());
    return assemble(
        words, opener, format.maxLength(), text.maxLength() != null, labels, pair, batchSize);
  }

  /**
   * Opens the model for a tokenizer, and closes the tokenizer if that fails.
   *
   * @param words the tokenizer, which the classifier closes
   * @param opener opens the model, which the classifier closes
   * @param maxLength tokens of a row
   * @param lengthChosen whether somebody asked for that length; else rows are cut to fewer where
   *     the model takes fewer
   * @param labels the names of the classes; empty if they are not known
   * @param pair whether rows are pairs of texts; null if it is not known
   */
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker") // the classifier closes it
  static TextClassifier assemble(
      WordPiece words,
      Opener opener,
      int maxLength,
      boolean lengthChosen,
      List<String> labels,
      @Nullable Boolean pair,
      int batchSize) {
    try {
      Predictor predictor = opener.open();
      int fixed = predictor.maxLength().orElse(Integer.MAX_VALUE);
      int length = lengthChosen ? maxLength : Math.min(maxLength, fixed);
      return new TextClassifier(words, predictor, length, labels, pair, batchSize);
    } catch (RuntimeException | Error e) {
      words.close();
      throw e;
    }
  }

  private static List<String> labels(@Nullable Path model, ModelDescription description) {
    List<String> labels = description.labels();
    if (new HashSet<>(labels).size() < labels.size()) {
      throw new IllegalArgumentException(
          model + ": " + ModelDescription.FILE + ": expected different labels, found " + labels);
    }
    return labels;
  }

  /** The tokens that texts are cut to, special tokens included. */
  public int maxLength() {
    return maxLength;
  }

  /**
   * Predicts for a text.
   *
   * @throws IllegalArgumentException if the text is null
   * @throws IllegalStateException as {@link #predict(List)}
   */
  public Prediction predict(String text) {
    if (text == null) {
      throw new IllegalArgumentException("predict: expected a text, found null");
    }
    return run(List.of(text), null).get(0);
  }

  /**
   * Predicts for a pair of texts.
   *
   * @throws IllegalArgumentException if a text is null, or as {@link #predictPairs}
   * @throws IllegalStateException as {@link #predict(List)}
   */
  public Prediction predict(String text, String textPair) {
    return predictPairs(List.of(new TextPair(text, textPair))).get(0);
  }

  /**
   * Predicts for texts.
   *
   * @param texts the texts; none is fine
   * @return as many predictions, in the order of the texts
   * @throws IllegalArgumentException if the list or one of the texts is null, the longest length is
   *     more than the model takes, or the model was trained on pairs
   * @throws IllegalStateException if this classifier is closed, the model fails (see {@link
   *     Predictor#predict}), or its classes' numbers are neither logits nor probabilities
   * @throws java.io.UncheckedIOException if a server cannot be reached or does not answer in time
   */
  public List<Prediction> predict(List<String> texts) {
    return run(copy("text", texts), null);
  }

  /**
   * Predicts for pairs of texts.
   *
   * @param pairs the pairs; none is fine
   * @return as many predictions, in the order of the pairs
   * @throws IllegalArgumentException as {@link #predict(List)}, or if the longest length leaves no
   *     room for two texts, or the model was trained on single ones
   * @throws IllegalStateException as {@link #predict(List)}
   * @throws java.io.UncheckedIOException as {@link #predict(List)}
   */
  public List<Prediction> predictPairs(List<TextPair> pairs) {
    List<TextPair> copied = copy("pair", pairs);
    return run(
        copied.stream().map(TextPair::text).toList(),
        copied.stream().map(TextPair::textPair).toList());
  }

  private static <T> List<T> copy(String what, @Nullable List<T> list) {
    if (list == null) {
      throw new IllegalArgumentException("predict: expected a list of " + what + "s, found null");
    }
    List<T> copied = new ArrayList<>(list); // nobody changes it while it is tokenized
    int missing = copied.indexOf(null);
    if (missing >= 0) {
      throw new IllegalArgumentException(
          "predict: expected a " + what + " at index " + missing + ", found null");
    }
    return copied;
  }

  private List<Prediction> run(List<String> first, @Nullable List<String> second) {
    running.readLock().lock();
    try {
      if (closed) {
        throw new IllegalStateException(
            predictor.name() + ": this classifier is closed; open it again to predict");
      }
      if (first.isEmpty()) {
        return List.of();
      }
      requireAsTrained(second != null);
      EncodedExamples encoded = words.encode(first, second, maxLength);
      Predictions predictions = predictor.predict(encoded, batchSize, rows -> {});
      List<Prediction> answers = new ArrayList<>(first.size());
      for (int row = 0; row < first.size(); row++) {
        boolean truncated = encoded.rows().get(row).truncated();
        answers.add(Prediction.of(predictions, row, labels, truncated));
      }
      return List.copyOf(answers);
    } finally {
      running.readLock().unlock();
    }
  }

  private void requireAsTrained(boolean pairs) {
    if (pair != null && pair != pairs) {
      throw new IllegalArgumentException(
          predictor.name()
              + (pair
                  ? ": expected two texts a row, since the model was trained on pairs, found one"
                  : ": expected one text a row, since the model was trained on single ones, found two"));
    }
  }

  /** Waits for predictions that run, then closes the model and the tokenizer; twice is fine. */
  @Override
  public void close() {
    running.writeLock().lock();
    try {
      if (!closed) {
        closed = true;
        try {
          predictor.close();
        } finally {
          words.close();
        }
      }
    } finally {
      running.writeLock().unlock();
    }
  }
}
