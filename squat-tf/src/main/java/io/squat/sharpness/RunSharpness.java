package io.squat.sharpness;

import io.squat.glue.Batch;
import io.squat.glue.Batches;
import io.squat.glue.Examples;
import io.squat.glue.WordPiece;
import io.squat.savedmodels.Device;
import io.squat.train.Progress;
import io.squat.train.RunFolder;
import io.squat.train.RunSettings;
import io.squat.train.SettingsText;
import io.squat.train.TrainedModel;
import java.nio.file.Path;
import java.util.List;

/** Measures the model of a finished run on some rows. */
public final class RunSharpness {
  /**
   * Small enough that rows of similar length stand together, and that there are some for each core.
   */
  private static final int BATCH = 16;

  private final RunFolder folder;
  private final RunSettings settings;
  private final Examples rows;
  private final Device device;
  private final int threads;
  private final Progress progress;
  private final String which;

  /**
   * Prepares.
   *
   * @param folder of the run
   * @param rows the rows
   * @param device where the model runs
   * @param threads how many batches are computed side by side; 0 for one a core
   * @param progress is told of every pass
   * @param which what of how many models this is, for the progress
   */
  public RunSharpness(
      RunFolder folder,
      Examples rows,
      Device device,
      int threads,
      Progress progress,
      String which) {
    this.folder = folder;
    this.settings = folder.settings();
    this.rows = rows;
    this.device = device;
    this.threads = threads > 0 ? threads : Runtime.getRuntime().availableProcessors();
    this.progress = progress;
    this.which = which;
  }

  /** Of the model's settings and weights. */
  public String hash() {
    return folder.modelHash(settings.lastStage());
  }

  /**
   * Measures all but the surface.
   *
   * @param wanted what is measured
   * @param activations whether activations are quantized for epsilon and average sharpness
   * @param results the folder of the results, which name the run's folder by the way from there
   */
  public SharpnessResults.Model of(SharpnessSettings wanted, boolean activations, Path results) {
    TrainedModel model = model();
    List<Batch> batches = batches(model);
    boolean quantized = settings.method().quantized();
    String method = settings.method().label();
    String bits = quantized ? settings.bits() : SharpnessResults.FLOAT;
    String name = SharpnessResults.Model.name(method, bits, settings.seed());
    Sharpness.Origin origin = quantized && !activations ? trainedOrigin(model, batches) : null;
    try (ModelLoss smooth = new ModelLoss(model, false, batches, device, threads);
        ModelLoss stepped =
            quantized && activations
                ? new ModelLoss(model, true, batches, device, threads)
                : null) {
      return new SharpnessResults.Model(
          whole(results).relativize(whole(folder.root())).toString(),
          method,
          bits,
          SettingsText.of(settings),
          settings.seed(),
          hash(),
          Sharpness.of(
              stepped == null ? smooth : stepped,
              smooth,
              origin,
              wanted,
              wanted.directionSeed(settings.seed()),
              progress,
              "sharpness of " + name + which));
    }
  }

  /**
   * Adds a surface.
   *
   * @param found what was measured of the model
   * @param points places along each side
   * @param wanted how far it reaches
   */
  public SharpnessResults.Model withSurface(
      SharpnessResults.Model found, int points, SharpnessSettings wanted) {
    TrainedModel model = model();
    try (ModelLoss smooth = new ModelLoss(model, false, batches(model), device, threads)) {
      return found.with(
          found
              .sharpness()
              .withSurface(
                  smooth,
                  points,
                  wanted,
                  wanted.directionSeed(settings.seed()),
                  progress,
                  "surface of " + found.name() + which));
    }
  }

  private static Path whole(Path path) {
    return path.toAbsolutePath().normalize();
  }

  private TrainedModel model() {
    return TrainedModel.of(folder, settings.lastStage());
  }

  private Sharpness.Origin trainedOrigin(TrainedModel model, List<Batch> batches) {
    try (ModelLoss loss = new ModelLoss(model, true, batches, device, threads)) {
      return Sharpness.Origin.of(loss);
    }
  }

  private List<Batch> batches(TrainedModel model) {
    try (WordPiece wordPiece = WordPiece.open(folder.vocabulary(), settings.casing())) {
      return List.copyOf(
          Batches.sequential(wordPiece.encode(rows, settings.longestRow(model.graph())), BATCH));
    }
  }
}
