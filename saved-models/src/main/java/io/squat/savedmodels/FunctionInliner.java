package io.squat.savedmodels;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.FunctionDef;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.OpDef;

/**
 * Replaces every call of a function by the function's nodes, calls inside of functions included.
 *
 * <p>A node of a function gets the name of the call as its scope, so that a function which is
 * called twice gives two sets of nodes. Attributes that were left out of a file get their defaults.
 * Control inputs are dropped; what they are there for, nodes with an effect of their own that no
 * output needs, is listed instead.
 */
final class FunctionInliner {
  // BERT-large has some 10,000. Functions that call each other twice grow without end, with nodes
  // or without.
  private static final int MAX_NODES = 1_000_000;
  private static final int MAX_CALLS = 100_000;

  /** Of calls in functions, and of calls whose arguments are what other calls give. */
  private static final int MAX_DEPTH = 300;

  private static final Set<String> CALLS = Set.of("PartitionedCall", "StatefulPartitionedCall");

  /**
   * A graph without functions.
   *
   * @param graph nodes with data inputs alone, in no particular order
   * @param effects the nodes of the ops that were asked for, in the order of the graph
   * @param calls the tensors of the calls of the graph itself, by the call's node
   */
  record Flat(GraphDef graph, List<String> effects, Map<String, List<String>> calls) {
    /** What a tensor of the graph with functions is in this one. */
    String tensor(String name) {
      List<String> outputs = calls.get(GraphEditor.producer(name));
      if (outputs == null) {
        return GraphEditor.tensor(name);
      }
      if (GraphEditor.index(name) >= outputs.size()) {
        throw new IllegalArgumentException(
            "expected a tensor " + name + ", found " + outputs.size() + " outputs of that call");
      }
      return outputs.get(GraphEditor.index(name));
    }
  }

  private final Map<String, FunctionDef> library = new HashMap<>();
  private final Set<String> effectOps;
  private final Set<String> open = new LinkedHashSet<>();
  private final GraphDef.Builder flat = GraphDef.newBuilder();
  private final List<String> effects = new ArrayList<>();
  private int calls;
  private int depth;

  private FunctionInliner(GraphDef graph, Set<String> effectOps) {
    this.effectOps = effectOps;
    graph
        .getLibrary()
        .getFunctionList()
        .forEach(function -> library.put(function.getSignature().getName(), function));
    flat.setVersions(graph.getVersions());
  }

  /**
   * Inlines.
   *
   * @param graph nodes and the library of their functions
   * @param roots the nodes or tensors of the graph that are wanted, with all that they need
   * @param effectOps the ops whose nodes are listed
   * @throws IllegalArgumentException if a function is missing, calls itself, or does not fit the
   *     node that calls it, or a node is not {@link WellFormed}
   */
  static Flat inline(GraphDef graph, Collection<String> roots, Set<String> effectOps) {
    FunctionInliner inliner = new FunctionInliner(graph, effectOps);
    GraphDef wanted = new GraphEditor(graph).build(roots);
    Scope scope = inliner.new Scope("", wanted.getNodeList(), Map.of(), Map.of());
    inliner.emit(scope);
    GraphDef flat = inliner.flat.build();
    WellFormed.check(flat);
    return new Flat(flat, List.copyOf(inliner.effects), Map.copyOf(scope.outputs));
  }

  /** The nodes of one call, or of the graph itself. */
  private final class Scope {
    private final String prefix;
    private final Map<String, NodeDef> nodes = new LinkedHashMap<>();
    private final Map<String, String> arguments;
    private final Map<String, AttrValue> attributes;
    private final Map<String, List<String>> outputs = new HashMap<>();
    private final Set<String> calling = new HashSet<>();

    Scope(
        String prefix,
        List<NodeDef> nodes,
        Map<String, String> arguments,
        Map<String, AttrValue> attributes) {
      this.prefix = prefix;
      this.arguments = arguments;
      this.attributes = attributes;
      nodes.forEach(node -> this.nodes.put(node.getName(), node));
    }

    /** The outside name of a tensor: {@code arg}, {@code node:2} or {@code node:out:2}. */
    String tensor(String reference) {
      String[] parts = reference.split(":", -1);
      String argument = arguments.get(parts[0]);
      if (argument != null) {
        return argument;
      }
      NodeDef node = nodes.get(parts[0]);
      if (node == null) {
        throw new IllegalArgumentException(
            "function call " + prefix + ": expected a node " + parts[0] + ", found none");
      }
      int index =
          switch (parts.length) {
            case 1 -> 0;
            case 2 -> GraphEditor.index(reference);
            default -> firstOutput(node, parts[1]) + GraphEditor.index(parts[1] + ":" + parts[2]);
          };
      FunctionDef function = function(node);
      if (function != null) {
        List<String> found = outputs(node, function);
        if (index >= found.size()) {
          throw new IllegalArgumentException(
              "node "
                  + prefix
                  + node.getName()
                  + ": expected an output "
                  + index
                  + ", found "
                  + found.size()
                  + " outputs");
        }
        return found.get(index);
      }
      return GraphEditor.tensor(prefix + node.getName() + ":" + index);
    }

    /** The tensors that a call gives; its nodes are added when it is first asked for. */
    List<String> outputs(NodeDef node, FunctionDef function) {
      List<String> known = outputs.get(node.getName());
      if (known == null) {
        if (!calling.add(node.getName())) {
          throw new IllegalArgumentException(
              "node " + prefix + node.getName() + ": expected a call that does not need itself");
        }
        known = call(this, node, function);
        outputs.put(node.getName(), known);
      }
      return known;
    }
  }

  private void emit(Scope scope) {
    for (NodeDef node : scope.nodes.values()) {
      FunctionDef function = function(node);
      if (function != null) {
        scope.outputs(node, function);
      } else {
        emit(scope, node);
      }
    }
  }

  private void emit(Scope scope, NodeDef node) {
    String name = scope.prefix + node.getName();
    NodeDef.Builder kept = node.toBuilder().setName(name).clearInput().clearDevice();
    kept.removeAttr("_class");
    node.getAttrMap()
        .forEach(
            (key, value) -> {
              if (!value.getPlaceholder().isEmpty()) {
                kept.putAttr(key, attribute(scope, node, value.getPlaceholder()));
              }
            });
    for (OpDef.AttrDef definition : OpDefs.of(node.getOp()).getAttrList()) {
      if (definition.hasDefaultValue() && !kept.containsAttr(definition.getName())) {
        kept.putAttr(definition.getName(), definition.getDefaultValue());
      }
    }
    for (String input : node.getInputList()) {
      if (!input.startsWith("^")) {
        kept.addInput(scope.tensor(input));
      }
    }
    if (flat.getNodeCount() == MAX_NODES) {
      throw new IllegalArgumentException(
          "functions: expected at most "
              + MAX_NODES
              + " nodes with all calls inlined, found more at "
              + name);
    }
    flat.addNode(kept);
    if (effectOps.contains(node.getOp())) {
      effects.add(name);
    }
  }

  private static AttrValue attribute(Scope scope, NodeDef node, String placeholder) {
    AttrValue value = scope.attributes.get(placeholder);
    if (value == null) {
      throw new IllegalArgumentException(
          "function call "
              + scope.prefix
              + ": node "
              + node.getName()
              + " expects the attribute "
              + placeholder
              + ", which the call does not give");
    }
    return value;
  }

  /** Adds the nodes of a call and returns the tensors of its outputs. */
  private List<String> call(Scope caller, NodeDef node, FunctionDef function) {
    OpDef signature = function.getSignature();
    String name = signature.getName();
    List<String> given =
        node.getInputList().stream().filter(input -> !input.startsWith("^")).toList();
    if (given.size() != signature.getInputArgCount()) {
      throw new IllegalArgumentException(
          "function "
              + name
              + ": expected "
              + signature.getInputArgCount()
              + " arguments, found "
              + given.size()
              + " at node "
              + caller.prefix
              + node.getName());
    }
    if (++calls > MAX_CALLS || ++depth > MAX_DEPTH) {
      throw new IllegalArgumentException(
          "functions: expected at most "
              + MAX_CALLS
              + " calls, "
              + MAX_DEPTH
              + " deep, found more at "
              + caller.prefix
              + node.getName());
    }
    // The arguments first: they may come from another call of the same function.
    Map<String, String> arguments = new HashMap<>();
    for (int i = 0; i < given.size(); i++) {
      arguments.put(signature.getInputArg(i).getName(), caller.tensor(given.get(i)));
    }
    if (!open.add(name)) {
      throw new IllegalArgumentException(
          "function " + name + ": expected a function that does not call itself");
    }
    Scope scope =
        new Scope(
            caller.prefix + node.getName() + "/",
            function.getNodeDefList(),
            arguments,
            node.getAttrMap());
    emit(scope);
    open.remove(name);
    depth--;
    return signature.getOutputArgList().stream()
        .map(output -> scope.tensor(returned(function, output.getName())))
        .toList();
  }

  private static String returned(FunctionDef function, String output) {
    String tensor = function.getRetMap().get(output);
    if (tensor == null) {
      throw new IllegalArgumentException(
          "function "
              + function.getSignature().getName()
              + ": expected it to return "
              + output
              + ", found "
              + function.getRetMap().keySet());
    }
    return tensor;
  }

  /** The function that a node calls, null if it calls none. */
  private @Nullable FunctionDef function(NodeDef node) {
    if (!CALLS.contains(node.getOp())) {
      return library.get(node.getOp());
    }
    AttrValue called = node.getAttrMap().get("f");
    String name = called == null ? "" : called.getFunc().getName();
    FunctionDef function = library.get(name);
    if (function == null) {
      throw new IllegalArgumentException(
          "node " + node.getName() + ": expected a function " + name + " in the graph, found none");
    }
    return function;
  }

  /** The flat index of the first tensor of a named output. */
  private int firstOutput(NodeDef node, String output) {
    FunctionDef function = library.get(node.getOp());
    OpDef op = function != null ? function.getSignature() : OpDefs.of(node.getOp());
    int index = 0;
    for (OpDef.ArgDef argument : op.getOutputArgList()) {
      if (argument.getName().equals(output)) {
        return index;
      }
      index += OpDefs.size(node, op, argument);
    }
    throw new IllegalArgumentException(
        "node " + node.getName() + ": expected an output " + output + " of " + node.getOp());
  }
}
