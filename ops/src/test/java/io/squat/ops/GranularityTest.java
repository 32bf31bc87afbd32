package io.squat.ops;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;

class GranularityTest {
  private static final float[] KERNEL = {1, 2, 3, 4, 5, 6}; // [2, 3]

  @Test
  void aTensorHasOneStep() {
    assertEquals(List.of(), Granularity.TENSOR.stepShape(3));
    assertEquals(1, Granularity.TENSOR.steps(3));
    List<float[]> groups = Granularity.TENSOR.groups(KERNEL, 3);
    assertEquals(1, groups.size());
    assertArrayEquals(KERNEL, groups.get(0));
  }

  @Test
  void aChannelIsAColumn() {
    assertEquals(List.of(3L), Granularity.CHANNEL.stepShape(3));
    assertEquals(3, Granularity.CHANNEL.steps(3));
    List<float[]> groups = Granularity.CHANNEL.groups(KERNEL, 3);
    assertEquals(3, groups.size());
    assertArrayEquals(new float[] {1, 4}, groups.get(0));
    assertArrayEquals(new float[] {2, 5}, groups.get(1));
    assertArrayEquals(new float[] {3, 6}, groups.get(2));
  }

  @Test
  void namesAreThoseOfTheCommandLine() {
    for (Granularity granularity : Granularity.values()) {
      assertEquals(granularity, Granularity.of(granularity.label()));
    }
    assertEquals(Granularity.CHANNEL, Granularity.of("Channel"));
  }

  @Test
  void badInputIsNamed() {
    assertRefused(
        "granularity: expected tensor or channel, found \"row\"", () -> Granularity.of("row"));
    assertRefused(
        "Kernel: expected values [in, 4], found 6 values",
        () -> Granularity.CHANNEL.groups(KERNEL, 4));
    assertRefused(
        "Step size: expected one number a tensor, found 2 numbers",
        () -> new StepSize(Granularity.TENSOR, List.of(1f, 2f)));
    assertRefused(
        "Step size: expected one number a channel, found 0 numbers",
        () -> new StepSize(Granularity.CHANNEL, List.of()));
    assertRefused(
        "Step size: expected positive numbers, found NaN",
        () -> new StepSize(Granularity.CHANNEL, List.of(1f, Float.NaN)));
    assertRefused("Step size: expected positive numbers, found 0.0", () -> StepSize.of(0));
  }

  private static void assertRefused(String message, Runnable call) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, call::run).getMessage());
  }
}
