/**
 * Pictures of numbers: a {@link io.squat.plots.Figure} of {@link io.squat.plots.Plot}s, which are
 * values, and its PNG. It knows nothing of runs or models. Read {@link io.squat.plots.Plot} first.
 */
@NullMarked
package io.squat.plots;

import org.jspecify.annotations.NullMarked;
