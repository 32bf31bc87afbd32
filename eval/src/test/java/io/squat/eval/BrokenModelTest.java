package io.squat.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.squat.eval.TinyClassifier.Output;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Folders that a copy or a slip of the hand left incomplete. */
class BrokenModelTest {
  private static final String DATA = "variables/variables.data-00000-of-00001";
  private static final String INDEX = "variables/variables.index";

  @TempDir Path folder;

  @BeforeEach
  void writeModel() {
    new TinyClassifier(2, 1).variables().output("logits", Output.LOGITS).write(folder);
  }

  private static String failure(Path model) {
    return Failures.refusal(model, Classifier.Options.DEFAULT);
  }

  private void cut(String file, int bytes) throws IOException {
    Path path = folder.resolve(file);
    Files.write(path, Arrays.copyOf(Files.readAllBytes(path), bytes));
  }

  private int size(String file) throws IOException {
    return Math.toIntExact(Files.size(folder.resolve(file)));
  }

  @Test
  void isWholeBeforeItIsBroken() {
    try (Classifier classifier = Classifier.open(folder, Classifier.Options.DEFAULT)) {
      assertEquals(2, classifier.predict(Rows.random(3, 4, 1)).columns());
    }
  }

  @Test
  void noSuchFolder() {
    Path none = folder.resolve("none");
    assertEquals(
        none + ": expected a SavedModel folder with a file saved_model.pb, found no such folder",
        failure(none));
  }

  @Test
  void noSavedModel() throws IOException {
    Files.delete(folder.resolve("saved_model.pb"));
    assertEquals(
        folder
            + ": expected a SavedModel folder with a file saved_model.pb, found a folder without"
            + " one",
        failure(folder));
  }

  @Test
  void graphCutOffAtAnyLength() throws IOException {
    int whole = size("saved_model.pb");
    for (int bytes : new int[] {whole - 1, whole / 2, whole / 7, 100, 5, 3}) {
      cut("saved_model.pb", bytes);
      String message = failure(folder);
      assertTrue(
          message.startsWith(
              folder.resolve("saved_model.pb")
                  + ": expected a complete SavedModel protobuf, found a file that is cut off or"
                  + " damaged ("),
          message);
      assertTrue(message.endsWith("; copy the model again"), message);
    }
  }

  @Test
  void emptyGraph() throws IOException {
    for (int bytes : new int[] {2, 0}) {
      cut("saved_model.pb", bytes);
      assertEquals(
          folder.resolve("saved_model.pb")
              + ": expected at least one graph, found none; the file may be cut off",
          failure(folder));
    }
  }

  @Test
  void noVariablesFolder() throws IOException {
    Files.delete(folder.resolve(DATA));
    Files.delete(folder.resolve(INDEX));
    Files.delete(folder.resolve("variables"));
    assertEquals(
        folder.resolve(INDEX)
            + ": expected a part of the model's variables, found no such file; copy the model"
            + " again",
        failure(folder));
  }

  @Test
  void noData() throws IOException {
    Files.delete(folder.resolve(DATA));
    assertEquals(
        folder.resolve("variables/variables.data-*")
            + ": expected the values of the variables, found no such file",
        failure(folder));
  }

  @Test
  void indexCutOff() throws IOException {
    for (int bytes : new int[] {size(INDEX) - 1, 4}) {
      cut(INDEX, bytes);
      assertEquals(
          folder.resolve(INDEX)
              + ": expected the whole index of the model's variables, found a file that is cut off"
              + " or damaged; copy the model again",
          failure(folder));
    }
  }

  @Test
  void dataCutOff() throws IOException {
    for (int bytes : new int[] {size(DATA) - 1, size(DATA) / 2}) {
      cut(DATA, bytes);
      assertEquals(
          folder
              + ": TensorFlow cannot load the model: Read less bytes than requested; a file of the"
              + " model's variables is cut off: copy the model again",
          failure(folder));
    }
  }

  @Test
  void dataDamaged() throws IOException {
    Path data = folder.resolve(DATA);
    byte[] bytes = Files.readAllBytes(data);
    bytes[bytes.length / 2] ^= 1;
    Files.write(data, bytes);
    String message = failure(folder);
    assertTrue(message.startsWith(folder + ": TensorFlow cannot load the model: "), message);
    assertTrue(
        message.endsWith("; a file of the model's variables is damaged: copy the model again"),
        message);
  }
}
