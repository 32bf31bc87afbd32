package io.squat.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.fail;

import com.google.errorprone.annotations.MustBeClosed;
import java.nio.file.Path;
import org.junit.jupiter.api.function.Executable;

/** What failures tell the user. */
final class Failures {
  private Failures() {}

  /** The message of the exception that an action throws, which must be one line. */
  static String message(Class<? extends RuntimeException> type, Executable action) {
    String message = String.valueOf(assertThrows(type, action).getMessage());
    assertEquals(1, message.lines().count(), message);
    return message;
  }

  /** Opens a classifier of texts. */
  @FunctionalInterface
  interface Opening {
    /** Opens it. */
    @MustBeClosed
    TextClassifier open();
  }

  /** The message with which a classifier of texts does not open. */
  static String refusal(Class<? extends RuntimeException> type, Opening opening) {
    return message(
        type,
        () -> {
          try (TextClassifier classifier = opening.open()) {
            fail("opened " + classifier.maxLength());
          }
        });
  }

  /** The message with which a model is refused when it is opened. */
  static String refusal(Path model, Classifier.Options options) {
    return message(
        IllegalArgumentException.class,
        () -> {
          try (Classifier classifier = Classifier.open(model, options)) {
            fail("opened " + classifier.folder());
          }
        });
  }
}
