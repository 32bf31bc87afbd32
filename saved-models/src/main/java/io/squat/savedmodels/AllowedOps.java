package io.squat.savedmodels;

import com.google.common.collect.ImmutableSet;
import com.google.common.io.Resources;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.CollectionDef;
import org.tensorflow.proto.FunctionDef;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.SignatureDef;

/**
 * Refuses a SavedModel that would do more than compute, before anything of it is run: a SavedModel
 * is a program, and TensorFlow runs whatever operations it names.
 *
 * <p>Looked at is what a signature needs, and what loading runs: the restore op and the init ops,
 * with all functions that they call. Loading may also read the checkpoint and assign variables. The
 * list is the resource {@code allowed-ops.txt}; an operation that is not there, unknown ones
 * included, is refused by name.
 */
public final class AllowedOps {
  private static final String IMPLEMENTS = "api_implements";
  private static final ImmutableSet<String> COMPUTING = list();
  private static final ImmutableSet<String> LOADING =
      ImmutableSet.<String>builder()
          .addAll(COMPUTING)
          .add("RestoreV2", "Assign", "AssignVariableOp", "ShardedFilename", "StringJoin")
          .add("StaticRegexFullMatch")
          .build();
  private static final String INIT_SIGNATURE = "__saved_model_init_op";
  private static final List<String> INIT_COLLECTIONS =
      List.of("saved_model_main_op", "legacy_init_op");

  private final Map<String, NodeDef> nodes = new HashMap<>();
  private final Map<String, FunctionDef> functions = new HashMap<>();

  private AllowedOps(MetaGraphDef graph) {
    graph.getGraphDef().getNodeList().forEach(node -> nodes.put(node.getName(), node));
    graph
        .getGraphDef()
        .getLibrary()
        .getFunctionList()
        .forEach(function -> functions.put(function.getSignature().getName(), function));
  }

  /**
   * Checks what computes a signature.
   *
   * @param graph the graph
   * @param signature the signature that will be run
   * @throws IllegalArgumentException if it needs an operation that is not allowed; the message
   *     names it
   */
  public static void checkSignature(MetaGraphDef graph, SignatureDef signature) {
    List<String> roots = new ArrayList<>();
    signature.getOutputsMap().values().forEach(output -> roots.add(output.getName()));
    new AllowedOps(graph).check(roots, COMPUTING);
  }

  /**
   * Checks what TensorFlow runs when it loads the graph.
   *
   * @param graph the graph
   * @throws IllegalArgumentException as {@link #checkSignature}
   */
  public static void checkLoading(MetaGraphDef graph) {
    List<String> roots = new ArrayList<>();
    roots.add(graph.getSaverDef().getRestoreOpName());
    SignatureDef init = graph.getSignatureDefMap().get(INIT_SIGNATURE);
    if (init != null) {
      init.getOutputsMap().values().forEach(output -> roots.add(output.getName()));
    }
    for (String key : INIT_COLLECTIONS) {
      CollectionDef collection = graph.getCollectionDefMap().get(key);
      if (collection != null) {
        roots.addAll(collection.getNodeList().getValueList());
      }
    }
    new AllowedOps(graph).check(roots, LOADING);
  }

  private void check(Collection<String> roots, Set<String> allowed) {
    Set<String> seen = new HashSet<>();
    Set<String> called = new HashSet<>();
    Deque<String> open = new ArrayDeque<>(roots);
    while (!open.isEmpty()) {
      String name = GraphEditor.producer(open.remove());
      NodeDef node = nodes.get(name);
      if (node != null && seen.add(name)) { // a node that is missing is the reader's to name
        open.addAll(node.getInputList());
        check(node, allowed, called);
      }
    }
  }

  /** A node, and every node of the functions that it calls. */
  private void check(NodeDef root, Set<String> allowed, Set<String> called) {
    Deque<NodeDef> open = new ArrayDeque<>();
    open.add(root);
    while (!open.isEmpty()) {
      NodeDef node = open.remove();
      if (!functions.containsKey(node.getOp()) && !allowed.contains(node.getOp())) {
        throw new IllegalArgumentException(
            "node "
                + node.getName()
                + ": expected an operation that only computes, found "
                + node.getOp()
                + ", which is not run; export the model without it");
      }
      for (String callee : callees(node)) {
        for (FunctionDef function : implementations(callee)) {
          if (called.add(function.getSignature().getName())) {
            open.addAll(function.getNodeDefList());
          }
        }
      }
    }
  }

  /**
   * A function, and those that TensorFlow may run in its place: its optimizer chooses among
   * functions that say that they implement the same.
   */
  private List<FunctionDef> implementations(String name) {
    FunctionDef function = functions.get(name);
    if (function == null) {
      return List.of();
    }
    AttrValue of = function.getAttrMap().get(IMPLEMENTS);
    if (of == null) {
      return List.of(function);
    }
    return functions.values().stream()
        .filter(other -> of.equals(other.getAttrMap().get(IMPLEMENTS)))
        .toList();
  }

  private static List<String> callees(NodeDef node) {
    List<String> callees = new ArrayList<>();
    callees.add(node.getOp());
    for (AttrValue value : node.getAttrMap().values()) {
      callees.add(value.getFunc().getName());
      value.getList().getFuncList().forEach(function -> callees.add(function.getName()));
    }
    return callees;
  }

  private static ImmutableSet<String> list() {
    try {
      return Resources.readLines(
              Resources.getResource(AllowedOps.class, "allowed-ops.txt"), StandardCharsets.UTF_8)
          .stream()
          .filter(line -> !line.isBlank() && !line.startsWith("#"))
          .collect(ImmutableSet.toImmutableSet());
    } catch (IOException e) {
      throw new UncheckedIOException("allowed-ops.txt: cannot be read: " + e.getMessage(), e);
    }
  }
}
