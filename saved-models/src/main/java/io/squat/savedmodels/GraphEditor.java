package io.squat.savedmodels;

import com.google.common.primitives.Ints;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;

/**
 * A graph under rewriting: nodes by name, and who uses which tensor.
 *
 * <p>A tensor is written {@code node} for the first output and {@code node:2} for the third, as in
 * a NodeDef. It knows nothing of BERT or of quantization. A pass makes one, edits it, and returns
 * {@link #build}; the GraphDef that it came from stays as it was.
 */
final class GraphEditor {

  /** The place where a tensor is used: input {@code index} of node {@code node}. */
  record Use(String node, int index) {}

  /** Ops whose result depends on the shape of their input, not on its values. */
  static final Set<String> SHAPES = Set.of("Shape", "ShapeN", "Size", "Rank");

  private final GraphDef original;
  private final Map<String, NodeDef> nodes = new LinkedHashMap<>();
  private final Map<String, Set<Use>> uses = new HashMap<>();

  GraphEditor(GraphDef graph) {
    this.original = graph;
    graph.getNodeList().forEach(this::put);
  }

  /** The tensor in the form that this class uses: without {@code :0}. */
  static String tensor(String name) {
    return name.endsWith(":0") ? name.substring(0, name.length() - 2) : name;
  }

  /** The node that makes a tensor, or that a control input waits for. */
  static String producer(String tensor) {
    int start = tensor.startsWith("^") ? 1 : 0;
    int colon = tensor.indexOf(':');
    return tensor.substring(start, colon < 0 ? tensor.length() : colon);
  }

  /** Which output of its node a tensor is. */
  static int index(String tensor) {
    int colon = tensor.indexOf(':');
    if (colon < 0) {
      return 0;
    }
    Integer index = Ints.tryParse(tensor.substring(colon + 1));
    if (index == null || index < 0) {
      throw new IllegalArgumentException(
          "tensor " + tensor + ": expected the number of an output after the colon");
    }
    return index;
  }

  Collection<NodeDef> nodes() {
    return List.copyOf(nodes.values());
  }

  boolean contains(String name) {
    return nodes.containsKey(name);
  }

  /** The node of a name, null if there is none. */
  @Nullable NodeDef find(String name) {
    return nodes.get(name);
  }

  /**
   * The node that makes a tensor.
   *
   * @throws IllegalArgumentException if there is none
   */
  NodeDef node(String tensor) {
    NodeDef node = nodes.get(producer(tensor));
    if (node == null) {
      throw new IllegalArgumentException(
          "the graph has no node " + producer(tensor) + ", which something in it uses");
    }
    return node;
  }

  /** The tensor at a data input of a node, {@code :0} left out. */
  static String input(NodeDef node, int index) {
    return tensor(node.getInput(index));
  }

  /** Where a tensor is used, in the order in which the nodes came. */
  List<Use> uses(String tensor) {
    return List.copyOf(uses.getOrDefault(tensor(tensor), Set.of()));
  }

  /** The nodes that use a tensor. */
  List<NodeDef> consumers(String tensor) {
    return uses(tensor).stream().map(use -> node(use.node())).distinct().toList();
  }

  /** The one node that uses a tensor, empty if there are several or none. */
  Optional<NodeDef> onlyConsumer(String tensor) {
    List<Use> found = uses(tensor);
    return found.size() == 1 ? Optional.of(node(found.get(0).node())) : Optional.empty();
  }

  /** Adds a node, or takes the place of the one with its name. */
  void put(NodeDef node) {
    NodeDef old = nodes.put(node.getName(), node);
    if (old != null) {
      forget(old);
    }
    for (int i = 0; i < node.getInputCount(); i++) {
      uses.computeIfAbsent(input(node, i), key -> new LinkedHashSet<>())
          .add(new Use(node.getName(), i));
    }
  }

  void remove(String name) {
    NodeDef old = nodes.remove(name);
    if (old != null) {
      forget(old);
    }
  }

  private void forget(NodeDef node) {
    for (int i = 0; i < node.getInputCount(); i++) {
      Set<Use> found = uses.get(input(node, i));
      if (found != null) {
        found.remove(new Use(node.getName(), i));
      }
    }
  }

  /** Lets one input of a node come from another tensor. */
  void setInput(Use use, String tensor) {
    put(node(use.node()).toBuilder().setInput(use.index(), tensor).build());
  }

  /** Lets everything that used {@code from} use {@code to}, where {@code where} agrees. */
  void redirect(String from, String to, Predicate<NodeDef> where) {
    for (Use use : uses(from)) {
      if (where.test(node(use.node()))) {
        setInput(use, to);
      }
    }
  }

  /**
   * A name that no node has, nor is the scope of one: {@code base}, or {@code base_1} and so on.
   */
  String freshName(String base) {
    String candidate = base;
    for (int i = 1; taken(candidate); i++) {
      candidate = base + "_" + i;
    }
    return candidate;
  }

  private boolean taken(String candidate) {
    return nodes.containsKey(candidate)
        || nodes.keySet().stream().anyMatch(name -> name.startsWith(candidate + "/"));
  }

  /** Whether a tensor comes, through data inputs, from one of some nodes. */
  boolean dependsOn(String tensor, Set<String> ancestors) {
    return dependsOn(tensor, ancestors, Set.of());
  }

  /** Whether a tensor comes from a node by more than that node's shape. */
  boolean valuesDependOn(String tensor, String ancestor) {
    return dependsOn(tensor, Set.of(ancestor), SHAPES);
  }

  private boolean dependsOn(String tensor, Set<String> ancestors, Set<String> barriers) {
    Set<String> seen = new HashSet<>();
    Deque<String> open = new ArrayDeque<>(List.of(producer(tensor)));
    while (!open.isEmpty()) {
      String name = open.pop();
      if (ancestors.contains(name)) {
        return true;
      }
      if (seen.add(name) && !barriers.contains(node(name).getOp())) {
        node(name).getInputList().forEach(input -> open.push(producer(input)));
      }
    }
    return false;
  }

  /**
   * The ops of the nodes that a tensor's values come from, back to some nodes, those not among
   * them.
   */
  Set<String> opsBetween(String tensor, Set<String> ends) {
    Set<String> ops = new TreeSet<>();
    Set<String> seen = new HashSet<>();
    Deque<String> open = new ArrayDeque<>(List.of(producer(tensor)));
    while (!open.isEmpty()) {
      String name = open.pop();
      if (!ends.contains(name) && !SHAPES.contains(node(name).getOp()) && seen.add(name)) {
        ops.add(node(name).getOp());
        node(name).getInputList().forEach(input -> open.push(producer(input)));
      }
    }
    return ops;
  }

  /**
   * The graph of the nodes that {@code roots} need, each after its inputs.
   *
   * @throws IllegalArgumentException if a node is missing, or if the graph has a cycle
   */
  GraphDef build(Collection<String> roots) {
    GraphDef.Builder graph = GraphDef.newBuilder().setVersions(original.getVersions());
    for (String name : inOrder(roots)) {
      graph.addNode(node(name));
    }
    return graph.build();
  }

  private Set<String> inOrder(Collection<String> roots) {
    Set<String> done = new LinkedHashSet<>();
    Set<String> begun = new HashSet<>();
    Deque<String> open = new ArrayDeque<>();
    List<String> ordered = new ArrayList<>(roots);
    for (int i = ordered.size() - 1; i >= 0; i--) {
      open.push(producer(ordered.get(i)));
    }
    while (!open.isEmpty()) {
      String name = open.peek();
      if (done.contains(name)) {
        open.pop();
      } else if (begun.add(name)) {
        List<String> inputs = node(name).getInputList();
        for (int i = inputs.size() - 1; i >= 0; i--) {
          String input = producer(inputs.get(i));
          if (!done.contains(input)) {
            if (begun.contains(input)) {
              throw new IllegalArgumentException(
                  "the graph has a cycle through node " + input + ": expected none");
            }
            open.push(input);
          }
        }
      } else {
        open.pop();
        done.add(name);
      }
    }
    return done;
  }
}
