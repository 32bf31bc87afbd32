package io.squat.savedmodels;

import io.squat.ops.QuantizationGrid;
import java.util.List;

/**
 * A quantizer of a rewritten graph: one learned step size, and the places that it works in.
 *
 * @param kind what it quantizes
 * @param source the variable of a weight or a table; the tensor of an activation
 * @param stepSize the variable of the step size, float32 scalar, or [out] of a weight
 * @param grid the integers
 * @param sites where it stands: one for a weight or an activation, one a lookup for a table
 */
public record Quantizer(
    Kind kind, String source, String stepSize, QuantizationGrid grid, List<Site> sites) {

  /** What a quantizer quantizes. */
  public enum Kind {
    /** The kernel of a linear layer. */
    WEIGHT,
    /** The rows that are looked up in an embedding table. */
    EMBEDDING,
    /** The input of linear layers. */
    ACTIVATION
  }

  /**
   * One place of a quantizer.
   *
   * @param input the float32 tensor that goes in
   * @param output the float32 tensor of the same shape that comes out
   */
  public record Site(String input, String output) {}

  /** Copies the sites. */
  public Quantizer {
    sites = List.copyOf(sites);
  }

  /** The name of the step size's variable of a variable or tensor. */
  static String stepSizeName(String source) {
    return GraphEditor.producer(source) + "/step_size";
  }
}
