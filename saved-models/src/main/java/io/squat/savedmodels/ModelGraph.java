package io.squat.savedmodels;

import com.google.common.collect.ImmutableMap;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.tensorflow.proto.GraphDef;

/**
 * A model as a flat graph: nodes without functions, every variable a VariableV2 with one read,
 * every input an int32 placeholder [B, T] of any B and T, every output an Identity of its own, so
 * that a pass may redirect whatever an output reads.
 *
 * <p>It holds no values: those stay in the checkpoint that the variables' keys point into.
 *
 * @param graph the nodes
 * @param variables the variables, in the order of the graph
 * @param inputs the inputs that have a role
 * @param outputs tensors by the name that the signature gives them
 * @param pooledOutput float32 [B, H], the representation of a whole row that a head is put on
 * @param head the task head, null while there is none
 * @param quantizers the quantizers, none while nothing is quantized
 */
public record ModelGraph(
    GraphDef graph,
    List<ModelVariable> variables,
    List<ModelInput> inputs,
    Map<String, String> outputs,
    String pooledOutput,
    @Nullable TaskHead head,
    List<Quantizer> quantizers) {

  /** Copies the lists, and the outputs in their order. */
  public ModelGraph {
    variables = List.copyOf(variables);
    inputs = List.copyOf(inputs);
    outputs = ImmutableMap.copyOf(outputs);
    quantizers = List.copyOf(quantizers);
  }

  /** The input with a role, if the model has it. */
  public Optional<ModelInput> input(InputRole role) {
    return inputs.stream().filter(input -> input.role() == role).findFirst();
  }

  /** The variables of a group. */
  public List<ModelVariable> variables(VariableGroup group) {
    return variables.stream().filter(variable -> variable.group() == group).toList();
  }

  /**
   * The variable of a name.
   *
   * @throws IllegalArgumentException if there is none
   */
  public ModelVariable variable(String name) {
    return variables.stream()
        .filter(variable -> variable.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("the graph has no variable " + name));
  }

  /** The task head. */
  public TaskHead requireHead() {
    if (head == null) {
      throw new IllegalStateException("the graph has no task head: add one first");
    }
    return head;
  }

  /** The graph open for editing. */
  GraphEditor edit() {
    return new GraphEditor(graph);
  }

  /** This model with an edited graph, of which stays what outputs, inputs and variables need. */
  ModelGraph with(GraphEditor editor) {
    return with(editor, variables);
  }

  /** This model with an edited graph and other variables. */
  ModelGraph with(GraphEditor editor, List<ModelVariable> newVariables) {
    return new ModelGraph(
        editor.build(roots(newVariables)),
        newVariables,
        inputs,
        outputs,
        pooledOutput,
        head,
        quantizers);
  }

  /** This model with an edited graph, more variables, and its quantizers. */
  ModelGraph withQuantizers(
      GraphEditor editor, List<ModelVariable> newVariables, List<Quantizer> newQuantizers) {
    ModelGraph edited = with(editor, newVariables);
    return new ModelGraph(
        edited.graph, newVariables, inputs, outputs, pooledOutput, head, newQuantizers);
  }

  private List<String> roots(List<ModelVariable> newVariables) {
    List<String> roots = new ArrayList<>();
    inputs.forEach(input -> roots.add(input.tensor()));
    newVariables.forEach(variable -> roots.add(variable.read()));
    roots.add(pooledOutput);
    outputs.keySet().stream().sorted().forEach(key -> roots.add(outputs.get(key)));
    return roots;
  }
}
