/**
 * Many runs of one comparison.
 *
 * <p>Read {@link io.squat.sweep.Sweep} first. A {@link io.squat.sweep.SweepPlan} says what is asked
 * for, {@link io.squat.sweep.SweepRun} is one run of it, each in a process of its own that trains
 * as {@code squat train} does. A run's folder says how far it is, so that a sweep which was killed
 * goes on.
 */
@NullMarked
package io.squat.sweep;

import org.jspecify.annotations.NullMarked;
