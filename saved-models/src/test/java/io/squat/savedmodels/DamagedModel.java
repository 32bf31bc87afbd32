package io.squat.savedmodels;

import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.tensorflow.proto.FunctionDef;
import org.tensorflow.proto.FunctionDefLibrary;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.SavedModel;

/** A tiny model's {@code saved_model.pb} with damage that a seed decides. */
final class DamagedModel {
  private static final int MAX_FLIPS = 4;

  /** What is done to the file. */
  enum Damage {
    TRUNCATED,
    BYTES_FLIPPED,
    NODE_DROPPED,
    FUNCTION_DROPPED,
    INPUT_DROPPED,
    INPUT_REWIRED,
    OP_REPLACED,
    ATTRIBUTE_DROPPED,
    ATTRIBUTE_SWAPPED
  }

  private final Random random;

  private DamagedModel(Random random) {
    this.random = random;
  }

  /**
   * Writes a damaged model.
   *
   * @param tiny the model
   * @param damage what is done to it
   * @param seed where
   * @param folder gets {@code saved_model.pb}
   */
  static void write(TinyModel tiny, Damage damage, long seed, Path folder) {
    try {
      byte[] bytes = Files.readAllBytes(tiny.path().resolve("saved_model.pb"));
      Files.write(
          folder.resolve("saved_model.pb"),
          new DamagedModel(new Random(seed)).damaged(bytes, damage));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private byte[] damaged(byte[] bytes, Damage damage) throws InvalidProtocolBufferException {
    return switch (damage) {
      case TRUNCATED -> Arrays.copyOf(bytes, random.nextInt(bytes.length));
      case BYTES_FLIPPED -> {
        for (int i = random.nextInt(MAX_FLIPS); i >= 0; i--) {
          bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(Byte.SIZE));
        }
        yield bytes;
      }
      default -> {
        SavedModel.Builder model = SavedModel.parseFrom(bytes).toBuilder();
        GraphDef.Builder graph = model.getMetaGraphsBuilder(0).getGraphDefBuilder();
        FunctionDefLibrary.Builder library = graph.getLibraryBuilder();
        int functions = library.getFunctionCount();
        if (damage == Damage.FUNCTION_DROPPED && functions > 0) {
          library.removeFunction(random.nextInt(functions));
        } else if (functions > 0 && random.nextInt(4) > 0) {
          FunctionDef.Builder function = library.getFunctionBuilder(random.nextInt(functions));
          if (function.getNodeDefCount() > 0) {
            int node = random.nextInt(function.getNodeDefCount());
            if (damage == Damage.NODE_DROPPED) {
              function.removeNodeDef(node);
            } else {
              damage(
                  function.getNodeDefBuilder(node),
                  function.getNodeDef(random.nextInt(function.getNodeDefCount())),
                  damage);
            }
          }
        } else {
          int node = random.nextInt(graph.getNodeCount());
          if (damage == Damage.NODE_DROPPED || damage == Damage.FUNCTION_DROPPED) {
            graph.removeNode(node);
          } else {
            damage(
                graph.getNodeBuilder(node),
                graph.getNode(random.nextInt(graph.getNodeCount())),
                damage);
          }
        }
        yield model.build().toByteArray();
      }
    };
  }

  private void damage(NodeDef.Builder node, NodeDef other, Damage damage) {
    switch (damage) {
      case INPUT_DROPPED -> {
        if (node.getInputCount() > 0) {
          String kept = node.getInput(node.getInputCount() - 1);
          int dropped = random.nextInt(node.getInputCount());
          node.setInput(dropped, kept);
          List<String> inputs =
              node.getInputList().subList(0, node.getInputCount() - 1).stream().toList();
          node.clearInput().addAllInput(inputs);
        }
      }
      case INPUT_REWIRED -> {
        if (node.getInputCount() > 0 && other.getInputCount() > 0) {
          node.setInput(
              random.nextInt(node.getInputCount()),
              other.getInput(random.nextInt(other.getInputCount())));
        }
      }
      case OP_REPLACED -> node.setOp(other.getOp());
      case ATTRIBUTE_DROPPED ->
          node.getAttrMap().keySet().stream()
              .sorted()
              .skip(random.nextInt(Math.max(1, node.getAttrCount())))
              .findFirst()
              .ifPresent(node::removeAttr);
      case ATTRIBUTE_SWAPPED -> {
        node.clearAttr();
        node.putAllAttr(other.getAttrMap());
      }
      default -> throw new IllegalArgumentException("not a damage of one node: " + damage);
    }
  }
}
