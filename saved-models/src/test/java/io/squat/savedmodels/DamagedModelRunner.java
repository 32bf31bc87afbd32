package io.squat.savedmodels;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.tensorflow.Graph;
import org.tensorflow.Result;
import org.tensorflow.SavedModelBundle;
import org.tensorflow.Session;
import org.tensorflow.Tensor;

/**
 * Runs damaged models in TensorFlow, in a process of its own: TensorFlow can end it.
 *
 * <p>Arguments: the first try and the number after the last one. Prints the number of each try that
 * it ended, and how.
 */
final class DamagedModelRunner {
  private DamagedModelRunner() {}

  public static void main(String[] args) throws IOException {
    for (int i = Integer.parseInt(args[0]); i < Integer.parseInt(args[1]); i++) {
      Path folder = Files.createTempDirectory("damaged");
      try {
        Random random = new Random(i);
        TinyModel tiny = any(random, TinyModel.values());
        DamagedModel.write(tiny, any(random, DamagedModel.Damage.values()), i, folder);
        copyVariables(tiny.path().resolve("variables"), folder.resolve("variables"));
        System.out.println(i + " " + run(tiny, folder));
      } finally {
        MoreFiles.deleteRecursively(folder, RecursiveDeleteOption.ALLOW_INSECURE);
      }
    }
  }

  private static <T> T any(Random random, T[] values) {
    return values[random.nextInt(values.length)];
  }

  private static void copyVariables(Path from, Path to) throws IOException {
    Files.createDirectory(to);
    try (var files = Files.list(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(file.getFileName()));
      }
    }
  }

  /** What became of a try: "refused" before TensorFlow saw it, "failed" there, or "ran". */
  private static String run(TinyModel tiny, Path folder) {
    ModelGraph model;
    try {
      model = SavedModelReader.read(folder, SavedModelReader.Choice.DEFAULT);
    } catch (IllegalArgumentException e) {
      return "refused";
    }
    try {
      runCanonical(tiny, folder, model);
      SavedModelBundle.load(folder.toString(), "serve").close();
      return "ran";
    } catch (RuntimeException e) { // TensorFlow's exceptions have no other type in common
      return "failed";
    }
  }

  private static void runCanonical(TinyModel tiny, Path folder, ModelGraph model) {
    ModelValues values = ModelValues.ofSavedModel(folder, model);
    Map<String, Tensor> feeds = new HashMap<>(tiny.feeds(model));
    for (ModelVariable variable : model.variables()) {
      feeds.put(
          variable.read(),
          TrainedTinyModel.tensor(
              values.values(variable.name()),
              variable.shape().stream().mapToLong(Long::longValue).toArray()));
    }
    try (Graph graph = new Graph()) {
      graph.importGraphDef(model.graph());
      try (Session session = new Session(graph)) {
        Session.Runner runner = session.runner();
        feeds.forEach(runner::feed);
        List.copyOf(model.outputs().values()).forEach(runner::fetch);
        try (Result result = runner.run()) {
          result.size();
        }
      }
    } finally {
      feeds.values().forEach(Tensor::close);
    }
  }
}
