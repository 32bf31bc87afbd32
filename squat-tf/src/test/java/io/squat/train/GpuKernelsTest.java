package io.squat.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.google.protobuf.InvalidProtocolBufferException;
import io.squat.ops.BitWidths;
import io.squat.savedmodels.Device;
import io.squat.savedmodels.ModelGraph;
import io.squat.savedmodels.Quantization;
import io.squat.savedmodels.Rewriting;
import io.squat.savedmodels.SavedModelReader;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.tensorflow.Graph;
import org.tensorflow.GraphOperation;
import org.tensorflow.internal.c_api.TF_Buffer;
import org.tensorflow.internal.c_api.TF_Status;
import org.tensorflow.internal.c_api.global.tensorflow;
import org.tensorflow.op.Op;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.KernelDef;
import org.tensorflow.proto.KernelList;
import org.tensorflow.proto.NodeDef;

/**
 * The whole training graph runs on a GPU: each of its nodes has a GPU kernel for its types, or
 * works on the integers of shapes alone, on the host. Asked of the kernel registry, which needs no
 * GPU; of TensorFlow's GPU library, which {@code -Pgpu} selects.
 */
@Tag("gpu")
class GpuKernelsTest {
  private static final Set<String> ON_DEVICE = Set.of("GPU", "DEFAULT");
  private static final Set<DataType> HOST_TYPES =
      Set.of(DataType.DT_INT32, DataType.DT_INT64, DataType.DT_BOOL);

  private final Map<String, List<KernelDef>> kernels = new HashMap<>();

  @ParameterizedTest
  @EnumSource
  void everyNodeOfTheTrainingGraphHasKernels(Method method) throws Exception {
    Quantization quantization =
        method.quantized() ? Quantization.of(new BitWidths(4, 8, 8)) : Quantization.NONE;
    ModelGraph model =
        Rewriting.withHead(SavedModelReader.read(tinyBert(), SavedModelReader.Choice.DEFAULT), 2);
    try (TrainingSession session =
        new TrainingSession(
            model,
            quantization,
            method,
            Alternation.WITHIN,
            OptimizerSettings.DEFAULT,
            1,
            Device.CPU.config(1))) {
      Set<String> missing = new TreeSet<>();
      List<GraphOperation> nodes = nodes(session);
      Map<String, NodeDef> definitions = definitions(session.training().graph());
      for (GraphOperation node : nodes) {
        NodeDef definition = Objects.requireNonNull(definitions.get(node.name()));
        if (!hasKernel(definition) && !isOnHost(node)) {
          missing.add(node.type() + " " + types(definition));
        }
      }
      assertFalse(nodes.isEmpty());
      assertEquals(Set.of(), missing);
    }
  }

  private static Path tinyBert() throws URISyntaxException {
    return Path.of(
        Objects.requireNonNull(GpuKernelsTest.class.getResource("tiny-bert/model")).toURI());
  }

  /** What the phases, the loss and the logits need. */
  private static List<GraphOperation> nodes(TrainingSession session) {
    Map<String, GraphOperation> found = new LinkedHashMap<>();
    Deque<GraphOperation> open = new ArrayDeque<>();
    for (Op target : session.targets()) {
      open.push((GraphOperation) target.op());
    }
    open.push((GraphOperation) session.training().loss().op());
    open.push((GraphOperation) session.training().logits().op());
    while (!open.isEmpty()) {
      GraphOperation node = open.pop();
      if (found.put(node.name(), node) == null) {
        for (int i = 0; i < node.numInputs(); i++) {
          open.push((GraphOperation) node.input(i).op());
        }
        node.controlInputs().forEach(open::push);
      }
    }
    return new ArrayList<>(found.values());
  }

  private static Map<String, NodeDef> definitions(Graph graph) {
    Map<String, NodeDef> definitions = new HashMap<>();
    graph.toGraphDef().getNodeList().forEach(node -> definitions.put(node.getName(), node));
    return definitions;
  }

  private boolean hasKernel(NodeDef node) {
    return kernels.computeIfAbsent(node.getOp(), GpuKernelsTest::registered).stream()
        .filter(kernel -> ON_DEVICE.contains(kernel.getDeviceType()))
        .anyMatch(kernel -> accepts(kernel, node));
  }

  private static boolean accepts(KernelDef kernel, NodeDef node) {
    return kernel.getConstraintList().stream()
        .allMatch(
            constraint ->
                constraint
                    .getAllowedValues()
                    .getList()
                    .getTypeList()
                    .contains(node.getAttrOrThrow(constraint.getName()).getType()));
  }

  private static boolean isOnHost(GraphOperation node) {
    for (int i = 0; i < node.numInputs(); i++) {
      if (!isHostType(node.input(i).op(), node.input(i).index())) {
        return false;
      }
    }
    for (int i = 0; i < node.numOutputs(); i++) {
      if (!isHostType(node, i)) {
        return false;
      }
    }
    return node.numInputs() + node.numOutputs() > 0;
  }

  private static boolean isHostType(org.tensorflow.Operation operation, int output) {
    return HOST_TYPES.contains(operation.output(output).dataType());
  }

  private static String types(NodeDef node) {
    Map<String, DataType> types = new LinkedHashMap<>();
    node.getAttrMap()
        .forEach(
            (name, value) -> {
              if (value.getType() != DataType.DT_INVALID) {
                types.put(name, value.getType());
              }
            });
    return types.toString();
  }

  private static List<KernelDef> registered(String op) {
    try (TF_Status status = TF_Status.newStatus();
        TF_Buffer buffer = tensorflow.TF_GetRegisteredKernelsForOp(op, status)) {
      status.throwExceptionIfNotOK();
      return KernelList.parseFrom(buffer.copyData()).getKernelList();
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException(e);
    }
  }
}
