package io.squat.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.common.primitives.Floats;
import com.google.errorprone.annotations.MustBeClosed;
import io.squat.ops.BitWidths;
import io.squat.ops.Granularity;
import io.squat.savedmodels.Device;
import io.squat.savedmodels.ModelGraph;
import io.squat.savedmodels.ModelVariable;
import io.squat.savedmodels.Quantization;
import io.squat.savedmodels.SavedModelFiles;
import io.squat.savedmodels.StoredTensor;
import io.squat.savedmodels.VariableGroup;
import io.squat.train.TrainingSession.BatchSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Equalities to the last bit, on the tiny BERT with dropout, at a fixed number of threads. */
class TrainingSessionTest {
  private static final int THREADS = 2;
  private static final int STEPS = 5;
  private static final float RHO = 0.05f;
  private static final String BITS = "4-8-8";

  private final ModelGraph model = TinyBert.model();

  @TempDir Path folder;

  /** The losses, and the file with every variable and the optimizers' state. */
  @SuppressWarnings("ArrayRecordComponent") // compared, never changed
  private record Trained(List<Float> losses, byte[] state) {}

  private Map<String, List<Float>> steps(Quantization quantization) {
    Map<String, List<Float>> found = new HashMap<>();
    TinyBert.start(model, quantization, 1)
        .forEach((name, values) -> found.put(name, Floats.asList(values)));
    return found;
  }

  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker") // The caller closes it.
  private TrainingSession session(Method method, Granularity granularity, long seed) {
    Quantization quantization = new Quantization(BitWidths.parse(BITS), null, granularity);
    TrainingSession session =
        new TrainingSession(
            model,
            method.quantized() ? quantization : Quantization.NONE,
            method,
            Alternation.WITHIN,
            OptimizerSettings.DEFAULT,
            seed,
            Device.CPU.config(THREADS));
    session.startWeights(SavedModelFiles.checkpoint(TinyBert.folder()), ModelVariable::stored);
    session.startStepSizes(steps(quantization));
    return session;
  }

  private static BatchSettings settings(float rho, long seed, int step) {
    return new BatchSettings(1e-3f, 1e-3f, rho, 0.1f, DropoutSeed.of(seed, 0, step));
  }

  private Trained train(Method method, Granularity granularity, float rho, long seed)
      throws IOException {
    try (TrainingSession session = session(method, granularity, seed)) {
      List<Float> losses = new ArrayList<>();
      for (int step = 0; step < STEPS; step++) {
        losses.add(session.train(TinyBert.batch(step), settings(rho, seed, step)));
      }
      return new Trained(losses, state(session));
    }
  }

  private byte[] state(TrainingSession session) throws IOException {
    Path prefix = folder.resolve("state");
    session.saveState(prefix);
    return Files.readAllBytes(folder.resolve("state.data-00000-of-00001"));
  }

  @ParameterizedTest
  @EnumSource
  void perturbingMethodsAtRhoZeroAreLsqBitForBit(Granularity granularity) throws IOException {
    Trained lsq = train(Method.LSQ, granularity, 0, 1);
    for (Method method : new Method[] {Method.SQUAT, Method.SAQ}) {
      Trained unperturbed = train(method, granularity, 0, 1);
      assertEquals(lsq.losses(), unperturbed.losses());
      assertArrayEquals(lsq.state(), unperturbed.state());
    }
    Trained perturbed = train(Method.SQUAT, granularity, RHO, 1);
    assertEquals(lsq.losses().get(0), perturbed.losses().get(0));
    assertNotEquals(lsq.losses().get(1), perturbed.losses().get(1));
  }

  @Test
  void seedDecidesEveryBit() throws IOException {
    Trained first = train(Method.SQUAT, Granularity.TENSOR, RHO, 3);
    Trained again = train(Method.SQUAT, Granularity.TENSOR, RHO, 3);
    Trained other = train(Method.SQUAT, Granularity.TENSOR, RHO, 4);
    assertEquals(first.losses(), again.losses());
    assertArrayEquals(first.state(), again.state());
    for (int step = 0; step < STEPS; step++) {
      assertNotEquals(first.losses().get(step), other.losses().get(step), "step " + step);
    }
  }

  @ParameterizedTest
  @EnumSource
  void restoredStateGoesOnBitForBit(Granularity granularity) throws IOException {
    Path middle = folder.resolve("middle");
    List<Float> expected = new ArrayList<>();
    byte[] expectedState;
    try (TrainingSession session = session(Method.SQUAT, granularity, 5)) {
      session.train(TinyBert.batch(0), settings(RHO, 5, 0));
      session.train(TinyBert.batch(1), settings(RHO, 5, 1));
      session.saveState(middle);
      expected.add(session.train(TinyBert.batch(2), settings(RHO, 5, 2)));
      expected.add(session.train(TinyBert.batch(3), settings(RHO, 5, 3)));
      expectedState = state(session);
    }
    try (TrainingSession session = session(Method.SQUAT, granularity, 6)) {
      session.restoreState(middle);
      assertEquals(expected.get(0), session.train(TinyBert.batch(2), settings(RHO, 5, 2)));
      assertEquals(expected.get(1), session.train(TinyBert.batch(3), settings(RHO, 5, 3)));
      assertArrayEquals(expectedState, state(session));
    }
  }

  @Test
  void startsTheHeadAsBertStartsItsWeights() {
    try (TrainingSession session = session(Method.FP, Granularity.TENSOR, 8)) {
      Path prefix = folder.resolve("start");
      session.saveModel(prefix);
      float[] kernel = TinyBert.read(prefix, model.requireHead().weight());
      double sum = 0;
      for (float value : kernel) {
        assertTrue(Math.abs(value) <= 2 * 0.02, "truncated at two deviations, found " + value);
        sum += value * value;
      }
      // The deviation of a normal distribution that is cut off at two deviations is 0.88 of its
      // own.
      assertEquals(0.88 * 0.02, Math.sqrt(sum / kernel.length), 0.1 * 0.02);
      assertArrayEquals(
          new float[TinyBert.CLASSES], TinyBert.read(prefix, model.requireHead().bias()));
      for (ModelVariable variable : session.training().model().variables(VariableGroup.WEIGHTS)) {
        StoredTensor stored = variable.stored();
        if (stored != null) {
          assertArrayEquals(
              TinyBert.read(SavedModelFiles.checkpoint(TinyBert.folder()), stored.key()),
              TinyBert.read(prefix, variable.name()),
              variable.name());
        }
      }
    }
  }

  @Test
  void knowsWhetherAllVariablesAreFinite() {
    try (TrainingSession session = session(Method.LSQ, Granularity.TENSOR, 9)) {
      session.train(TinyBert.batch(0), settings(0, 9, 0));
      assertTrue(session.isFinite());
      session.train(TinyBert.batch(1), new BatchSettings(0, Float.NaN, 0, 0, DropoutSeed.NONE));
      assertFalse(session.isFinite());
    }
  }
}
