package io.squat.cli;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Which of two sets of options is given: one of them, whole, and nothing of the other. */
final class OptionChoice {
  private final List<Side> sides = new ArrayList<>();

  /** The options of a set. */
  private record Side(List<String> required, List<String> given, List<String> missing) {
    Side() {
      this(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    }
  }

  /** The first option of the first set. */
  OptionChoice(String option, @Nullable Object value) {
    or(option, value);
  }

  /** The first option of the next set. */
  OptionChoice or(String option, @Nullable Object value) {
    sides.add(new Side());
    return with(option, value);
  }

  /** One more option, which the set needs. */
  OptionChoice with(String option, @Nullable Object value) {
    Side side = sides.get(sides.size() - 1);
    side.required().add(option);
    (value == null ? side.missing() : side.given()).add(option);
    return this;
  }

  /** One more option, which the set may have. */
  OptionChoice maybe(String option, @Nullable Object value) {
    if (value != null) {
      sides.get(sides.size() - 1).given().add(option);
    }
    return this;
  }

  /**
   * Whether it is the second.
   *
   * @throws IllegalArgumentException if options are missing or of both sets
   */
  boolean second() {
    Side first = sides.get(0);
    Side second = sides.get(1);
    boolean isSecond = !second.given().isEmpty();
    Side chosen = isSecond ? second : first;
    if (isSecond && !first.given().isEmpty()) {
      throw new IllegalArgumentException(
          expected()
              + ", found "
              + String.join(", ", first.given())
              + " and "
              + String.join(", ", second.given()));
    }
    if (!chosen.missing().isEmpty()) {
      throw new IllegalArgumentException(
          expected()
              + (chosen.given().isEmpty()
                  ? ", found neither"
                  : ", found no " + String.join(", ", chosen.missing())));
    }
    return isSecond;
  }

  private String expected() {
    return "expected either "
        + String.join(", ", sides.get(0).required())
        + " or "
        + String.join(", ", sides.get(1).required());
  }
}
