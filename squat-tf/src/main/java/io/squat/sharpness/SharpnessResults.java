package io.squat.sharpness;

import io.squat.train.RunFolder;
import io.squat.train.WholeFiles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What was measured of some models, as {@code sharpness.json} holds it.
 *
 * @param task the task
 * @param split train or dev
 * @param dataHash SHA-256 of the split's file
 * @param rows how many rows of it, of the training split of those that the runs trained on: the
 *     first ones when they are shuffled by the seed
 * @param activations whether activations were quantized for epsilon and average sharpness; for
 *     eigenvalues and pictures they never are
 * @param settings what was measured
 * @param models what came out
 */
public record SharpnessResults(
    String task,
    String split,
    String dataHash,
    int rows,
    boolean activations,
    SharpnessSettings settings,
    List<Model> models) {

  /** The name of the file. */
  public static final String FILE = "sharpness.json";

  /**
   * A model.
   *
   * @param run the folder of its run
   * @param method fp, lsq, saq or squat
   * @param bits W-E-A, {@code float} for fp
   * @param seed of the run
   * @param hash of its settings and weights, {@link RunFolder#modelHash}
   * @param sharpness what was measured
   */
  public record Model(
      String run, String method, String bits, long seed, String hash, Sharpness sharpness) {
    /** What it is called in tables and pictures. */
    public String name() {
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
        ? Optional.of(WholeFiles.readJson(file, SharpnessResults.class))
        : Optional.empty();
  }

  /** The same with another model, in the place of one that the run's folder had before. */
  public SharpnessResults with(Model model) {
    List<Model> all = new ArrayList<>(models);
    all.removeIf(other -> other.run().equals(model.run()));
    all.add(model);
    return new SharpnessResults(task, split, dataHash, rows, activations, settings, all);
  }

  /** What is there of a model, whatever its folder is called. */
  public Optional<Model> of(String hash) {
    return models.stream().filter(model -> model.hash().equals(hash)).findFirst();
  }

  /**
   * What a folder has of the same measurement, or nothing measured yet.
   *
   * @param folder where results are kept
   * @throws IllegalArgumentException if it has those of another measurement
   */
  public SharpnessResults orThoseOf(Path folder) {
    SharpnessResults found = read(folder).orElse(this);
    if (!found.withoutModels().equals(withoutModels())) {
      throw new IllegalArgumentException(
          folder
              + ": expected no results or those of the same measurement, found "
              + found.withoutModels()
              + ", asked for "
              + withoutModels()
              + "; choose another --out");
    }
    return found;
  }

  private SharpnessResults withoutModels() {
    return new SharpnessResults(task, split, dataHash, rows, activations, settings, List.of());
  }

  /** Writes the file. */
  public void write(Path folder) {
    WholeFiles.writeJson(folder.resolve(FILE), this);
  }
}
