package io.squat.sharpness;

import io.squat.train.PlainNumber;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * A number that says how sharp a model's minimum is.
 *
 * @param name what it is called in tables and pictures
 * @param number of a model
 * @param average what the number is the mean of; null if it is none over directions
 */
public record Measure(
    String name,
    ToDoubleFunction<Sharpness> number,
    @Nullable Function<Sharpness, AverageSharpness> average) {

  private Measure(String name, ToDoubleFunction<Sharpness> number) {
    this(name, number, null);
  }

  private static Measure of(String name, Function<Sharpness, AverageSharpness> average) {
    return new Measure(name, found -> average.apply(found).mean(), average);
  }

  /**
   * The measures of one scale: the gradient's norm, epsilon-sharpness for each rho, what is left of
   * that at the largest rho without rho times the gradient's norm, average sharpness for each rho,
   * and the eigenvalues that are largest algebraically and in magnitude.
   */
  public static List<Measure> of(SharpnessSettings settings, Scale scale) {
    List<Measure> measures = new ArrayList<>();
    measures.add(new Measure("gradient norm", found -> scale.of(found).gradientNorm()));
    for (int i = 0; i < settings.rhos().size(); i++) {
      int number = i;
      measures.add(
          new Measure(
              "epsilon, rho " + PlainNumber.of(settings.rhos().get(i)),
              found -> scale.of(found).epsilon().get(number).maximum()));
    }
    int widest = settings.rhos().indexOf(Collections.max(settings.rhos()));
    measures.add(
        new Measure(
            "minus slope",
            found -> {
              EpsilonSharpness epsilon = scale.of(found).epsilon().get(widest);
              return epsilon.maximum() - epsilon.rho() * scale.of(found).gradientNorm();
            }));
    for (int i = 0; i < settings.averageRhos().size(); i++) {
      int number = i;
      measures.add(
          of(
              "average, rho " + PlainNumber.of(settings.averageRhos().get(i)),
              found -> scale.of(found).average().get(number)));
    }
    measures.add(
        new Measure(
            "largest eigenvalue", found -> scale.of(found).hessian().eigenvalues().get(0).value()));
    measures.add(new Measure("largest magnitude", found -> scale.of(found).hessian().magnitude()));
    return measures;
  }
}
