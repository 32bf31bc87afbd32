package io.squat.glue;

import org.jspecify.annotations.Nullable;

/**
 * One row of a task.
 *
 * @param id the row's own id (column {@code index}, QQP's {@code id}); null where the file has none
 * @param textA first text
 * @param textB second text; null for tasks of one text
 * @param label class index, or score for STS-B, or NaN where the split has no labels
 */
public record Example(@Nullable String id, String textA, @Nullable String textB, float label) {}
