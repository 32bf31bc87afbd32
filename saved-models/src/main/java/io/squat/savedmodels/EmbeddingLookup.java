package io.squat.savedmodels;

import org.jspecify.annotations.Nullable;

/**
 * A node that takes rows out of a trained table.
 *
 * @param node the node: GatherV2, Slice, StridedSlice, or MatMul of a OneHot
 * @param table the table's variable, float32 [V, H]
 * @param tableInput the index of the node's input that the table comes in by
 * @param role the input that says which rows; null if it is the position alone
 */
public record EmbeddingLookup(
    String node, String table, int tableInput, @Nullable InputRole role) {}
