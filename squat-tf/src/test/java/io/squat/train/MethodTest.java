package io.squat.train;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MethodTest {

  /** The targets of {@link Phases}, counted: gradients of one batch each. */
  @ParameterizedTest
  @CsvSource({
    "fp, within, 1",
    "lsq, within, 1",
    "saq, within, 2",
    "squat, within, 2",
    "squat, batches:1, 3",
    "squat, batches:4, 2.25",
    "saq, batches:4, 2"
  })
  void passesAreTheGradientsOfAStep(String method, String alternation, double passes) {
    assertEquals(passes, Method.of(method).passes(Alternation.parse(alternation), 1));
  }

  /** 27 times the double that 2 + 1/3 is rounded to is not 63. */
  @ParameterizedTest
  @CsvSource({"batches:3, 27, 63", "batches:5, 25, 55", "batches:6, 54, 117", "within, 3, 6"})
  void wholeNumbersOfPassesAreWhole(String alternation, int epochs, double passes) {
    assertEquals(passes, Method.SQUAT.passes(Alternation.parse(alternation), epochs));
  }
}
