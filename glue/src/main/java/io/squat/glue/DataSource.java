package io.squat.glue;

import com.google.errorprone.annotations.Immutable;

/**
 * The data set that a task's rows come from. GLUE itself gives no licence: the source's terms hold.
 *
 * @param name its name, and who made it
 * @param terms its licence or terms as far as they are known, and where they are
 */
@Immutable
public record DataSource(String name, String terms) {}
