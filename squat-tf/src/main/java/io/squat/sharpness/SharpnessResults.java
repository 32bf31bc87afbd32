package io.squat.sharpness;

import com.google.common.collect.ImmutableMap;
import io.squat.files.RecordFiles;
import io.squat.ops.BitWidths;
import io.squat.train.PlainNumber;
import io.squat.train.RunFolder;
import io.squat.train.SettingsText;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What was measured of some models, as {@code sharpness.json} holds it.
 *
 * @param task the task
 * @param split train or dev
 * @param dataHash SHA-256 of the split's file
 * @param trainRows how many rows the runs trained on; null for all
 * @param maxLength tokens that rows are cut to
 * @param rows how many rows of the split, of the training split of those that the runs trained on:
 *     the first ones when they are shuffled by the seed
 * @param activations whether activations were quantized for epsilon and average sharpness; for
 *     eigenvalues and pictures they never are
 * @param settings what was measured
 * @param models what came out
 */
public record SharpnessResults(
    String task,
    String split,
    String dataHash,
    @Nullable Integer trainRows,
    int maxLength,
    int rows,
    boolean activations,
    SharpnessSettings settings,
    List<Model> models) {

  /** The bits of a model of fp. */
  public static final String FLOAT = "float";

  /** The name of the file. */
  public static final String FILE = "sharpness.json";

  /**
   * A model.
   *
   * @param run the folder of its run, as a path from that of the results
   * @param method fp, lsq, saq or squat
   * @param bits W-E-A, {@code float} for fp
   * @param settings of the run, as {@link SettingsText#of} has them: all but the seed
   * @param seed of the run
   * @param hash of its settings and weights, {@link RunFolder#modelHash}
   * @param sharpness what was measured
   */
  public record Model(
      String run,
      String method,
      String bits,
      Map<String, String> settings,
      long seed,
      String hash,
      Sharpness sharpness) {
    /** Copies the settings. */
    public Model {
      settings = ImmutableMap.copyOf(settings);
    }

    /** Whether it had quantizers of activations in training. */
    public boolean hasActivationQuantizers() {
      return widths().activations() != BitWidths.FLOAT_BITS;
    }

    /** Its bits. */
    BitWidths widths() {
      return bits.equals(FLOAT)
          ? new BitWidths(BitWidths.FLOAT_BITS, BitWidths.FLOAT_BITS, BitWidths.FLOAT_BITS)
          : BitWidths.parse(bits);
    }

    private boolean isOfTheSameRun(Model other) {
      return seed == other.seed && settings.equals(other.settings);
    }

    /** The same with other measures. */
    public Model with(Sharpness measured) {
      return new Model(run, method, bits, settings, seed, hash, measured);
    }

    /** What it is called where no other settings than these differ. */
    public String name() {
      return name(method, bits, seed);
    }

    /** What a model of a run is called. */
    public static String name(String method, String bits, long seed) {
      return String.format(Locale.ROOT, "%s %s, seed %d", method, bits, seed);
    }
  }

  /** Copies the list. */
  public SharpnessResults {
    models = List.copyOf(models);
  }

  /**
   * The results of a folder.
   *
   * @return empty if it has none
   * @throws IllegalArgumentException if the file is not what was written
   */
  public static Optional<SharpnessResults> read(Path folder) {
    Path file = folder.resolve(FILE);
    return Files.isRegularFile(file)
        ? Optional.of(RecordFiles.read(file, SharpnessResults.class))
        : Optional.empty();
  }

  /** The same with another model, in the place of one of the same settings and seed. */
  public SharpnessResults with(Model model) {
    List<Model> all = new ArrayList<>(models);
    all.removeIf(model::isOfTheSameRun);
    all.add(model);
    return withModels(all);
  }

  /** What is there of a run of the same settings and seed, with other weights or the same. */
  public Optional<Model> ofSameRun(Model model) {
    return models.stream().filter(model::isOfTheSameRun).findFirst();
  }

  /** What is there of a model, whatever its folder is called. */
  public Optional<Model> of(String hash) {
    return models.stream().filter(model -> model.hash().equals(hash)).findFirst();
  }

  /**
   * What a folder has of the same measurement, or nothing measured yet. Surfaces may be there of
   * some models and not of others.
   *
   * @param folder where results are kept
   * @throws IllegalArgumentException if it has those of another measurement
   */
  public SharpnessResults orThoseOf(Path folder) {
    SharpnessResults found = read(folder).orElse(this);
    if (!found.measurement().equals(measurement())) {
      throw new IllegalArgumentException(
          folder
              + ": expected no results or those of the same measurement, found "
              + "others: "
              + RecordFiles.difference(found.measurement(), measurement())
              + "; choose another --out");
    }
    return found;
  }

  /**
   * Checks that the surfaces that are there are as fine as those that are wanted.
   *
   * @param points along a side; 0 if none is wanted
   * @param folder where these results are
   * @throws IllegalArgumentException if there are others
   */
  public void requireSurfacesOf(int points, Path folder) {
    for (Model model : models) {
      Landscape.Surface surface = model.sharpness().surface();
      if (points > 0 && surface != null && surface.at().size() != points) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT,
                "--surface-points: expected %d, as the surfaces in %s have, or 0, found %d; or choose"
                    + " another --out",
                surface.at().size(),
                folder,
                points));
      }
    }
  }

  private SharpnessResults measurement() {
    return withModels(List.of());
  }

  private SharpnessResults withModels(List<Model> all) {
    return new SharpnessResults(
        task, split, dataHash, trainRows, maxLength, rows, activations, settings, all);
  }

  /** What was measured and of which rows, in a line. */
  public String description() {
    return String.format(
        Locale.ROOT,
        "%s, activations %s, rho %s, average rho %s",
        rowsAndWeights(),
        activations ? "quantized" : "not quantized",
        numbers(settings.rhos()),
        numbers(settings.averageRhos()));
  }

  /** The same for what has no rho, and never quantized activations. */
  String descriptionWithoutRho() {
    return rowsAndWeights() + ", activations not quantized";
  }

  private String rowsAndWeights() {
    return String.format(
        Locale.ROOT,
        "task %s, %d rows of its %s split, drawn by seed %d, no dropout, quantized weights",
        task,
        rows,
        split,
        settings.seed());
  }

  private static String numbers(List<Double> some) {
    return some.stream().map(PlainNumber::of).collect(Collectors.joining(", "));
  }

  /** Writes the file. */
  public void write(Path folder) {
    RecordFiles.write(folder.resolve(FILE), this);
  }
}
