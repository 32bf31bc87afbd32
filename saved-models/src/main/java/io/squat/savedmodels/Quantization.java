package io.squat.savedmodels;

import io.squat.ops.BitWidths;
import io.squat.ops.Granularity;
import io.squat.ops.Levels;
import io.squat.ops.QuantizationGrid;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What is quantized to which integers.
 *
 * @param bits widths of weights, embeddings and activations
 * @param levels which integers weights use, of linear layers and of tables; null if they are those
 *     that the widths have by default, symmetric at 2 bits and full above
 * @param granularity which weights of a linear layer share a step size; tables and activations have
 *     one a tensor
 */
public record Quantization(BitWidths bits, @Nullable Levels levels, Granularity granularity) {
  /** Nothing is quantized. */
  public static final Quantization NONE =
      of(new BitWidths(BitWidths.FLOAT_BITS, BitWidths.FLOAT_BITS, BitWidths.FLOAT_BITS));

  /** Leaves out levels that are the default. */
  public Quantization {
    if (levels != null
        && isDefault(bits.weights(), levels)
        && isDefault(bits.embeddings(), levels)) {
      levels = null;
    }
  }

  private static boolean isDefault(int width, Levels levels) {
    return width == BitWidths.FLOAT_BITS || QuantizationGrid.of(width).levels() == levels;
  }

  /** These widths, with the levels of each by default and one step size a tensor. */
  public static Quantization of(BitWidths bits) {
    return new Quantization(bits, null, Granularity.TENSOR);
  }

  /** The grid of one kind of quantizer, empty where the kind stays float. */
  public Optional<QuantizationGrid> grid(Quantizer.Kind kind) {
    return switch (kind) {
      case WEIGHT -> grid(bits.weights(), levels);
      case EMBEDDING -> grid(bits.embeddings(), levels);
      case ACTIVATION -> grid(bits.activations(), Levels.FULL);
    };
  }

  /** What shares a step size in one kind of quantizer. */
  public Granularity granularity(Quantizer.Kind kind) {
    return kind == Quantizer.Kind.WEIGHT ? granularity : Granularity.TENSOR;
  }

  private static Optional<QuantizationGrid> grid(int width, @Nullable Levels levels) {
    if (width == BitWidths.FLOAT_BITS) {
      return Optional.empty();
    }
    return Optional.of(
        levels == null ? QuantizationGrid.of(width) : new QuantizationGrid(width, levels));
  }
}
