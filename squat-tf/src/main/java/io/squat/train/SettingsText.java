package io.squat.train;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * The settings of a run by their names, without those that its method does not use: what makes two
 * runs the same, and how they differ.
 */
public final class SettingsText {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** {@link RunSettings#method}. */
  public static final String METHOD = "method";

  /** {@link RunSettings#rho}. */
  public static final String RHO = "rho";

  /** {@link RunSettings#alternation}. */
  public static final String ALTERNATION = "alternation";

  /** {@link RunSettings#epochs}. */
  public static final String EPOCHS = "epochs";

  /** {@link RunSettings#trainRows}. */
  public static final String TRAIN_ROWS = "trainRows";

  private static final String SEED = "seed";
  private static final String BITS = "bits";
  private static final String FLOAT_RATE = "floatLearningRate";
  private static final String RATE = "optimizer.learningRate";

  private static final String LEVELS = "levels";

  private static final Set<String> OF_QUANTIZERS =
      Set.of(BITS, LEVELS, "granularity", RHO, ALTERNATION, EPOCHS, "optimizer.stepLearningRate");

  private static final String ALL = "all";
  private static final String DEFAULT = "default";

  private static final Map<String, UnaryOperator<String>> WORDS =
      Map.ofEntries(
          Map.entry(RHO, value -> "rho " + value),
          Map.entry(ALTERNATION, value -> value),
          Map.entry(EPOCHS, value -> value + (value.equals("1") ? " epoch" : " epochs")),
          Map.entry(
              "floatEpochs",
              value -> value + (value.equals("1") ? " epoch" : " epochs") + " in float"),
          Map.entry(RATE, value -> "lr " + value),
          Map.entry(FLOAT_RATE, value -> "float-lr " + value),
          Map.entry("optimizer.stepLearningRate", value -> "step-lr " + value),
          Map.entry("optimizer.weightDecay", value -> "weight decay " + value),
          Map.entry("optimizer.warmup", value -> "warm-up " + value),
          Map.entry("optimizer.clip", value -> "gradients clipped at " + value),
          Map.entry("optimizer.dropout", value -> "dropout " + value),
          Map.entry("batch", value -> "batch " + value),
          Map.entry("maxLength", value -> value + " tokens"),
          Map.entry(TRAIN_ROWS, value -> value + " training rows"),
          Map.entry("granularity", value -> "one step size a " + value.toLowerCase(Locale.ROOT)),
          Map.entry(LEVELS, value -> value.toLowerCase(Locale.ROOT) + " levels"),
          Map.entry("model", value -> "model " + shortened(value)),
          Map.entry("trainHash", value -> "training file " + shortened(value)),
          Map.entry("devHash", value -> "dev file " + shortened(value)));

  private static final int HASH_DIGITS = 8;

  private SettingsText() {}

  private static String shortened(String hash) {
    return hash.substring(0, Math.min(HASH_DIGITS, hash.length()));
  }

  /** The settings that a run's method uses, but for the seed. */
  public static Map<String, String> of(RunSettings settings) {
    Map<String, String> all = new LinkedHashMap<>();
    flatten("", JSON.valueToTree(settings), all);
    all.remove(SEED);
    Method method = settings.method();
    if (!method.quantized()) {
      all.keySet().removeAll(OF_QUANTIZERS);
    }
    if (!method.perturbed()) {
      all.remove(RHO);
    }
    if (!method.alternating()) {
      all.remove(ALTERNATION);
    }
    if (settings.levels() == null) {
      all.remove(LEVELS);
    }
    return all;
  }

  private static void flatten(String name, JsonNode node, Map<String, String> into) {
    if (node.isObject()) {
      node.properties()
          .forEach(
              entry ->
                  flatten(
                      name.isEmpty() ? entry.getKey() : name + "." + entry.getKey(),
                      entry.getValue(),
                      into));
    } else if (node.isFloatingPointNumber()) {
      into.put(name, PlainNumber.of(node.doubleValue()));
    } else if (node.isArray()) {
      into.put(name, node.toString());
    } else if (!node.isNull()) {
      into.put(name, node.asText());
    }
  }

  /** What of the settings the float stage of a run depends on. */
  public static Map<String, String> ofFloatStage(Map<String, String> settings) {
    Map<String, String> kept = new LinkedHashMap<>(settings);
    kept.keySet().removeAll(OF_QUANTIZERS);
    kept.remove(METHOD);
    String rate = kept.remove(FLOAT_RATE);
    if (rate != null) {
      kept.put(RATE, rate);
    }
    return kept;
  }

  /**
   * The settings that have other values in another of the groups that use them, also where one says
   * nothing and has the default.
   */
  public static List<String> differing(List<Map<String, String>> groups) {
    List<String> names = new ArrayList<>();
    groups.forEach(
        group -> group.keySet().stream().filter(name -> !names.contains(name)).forEach(names::add));
    return names.stream()
        .filter(name -> !name.equals(METHOD) && !name.equals(BITS))
        .filter(
            name ->
                groups.stream()
                        .map(group -> value(group, name))
                        .flatMap(Optional::stream)
                        .distinct()
                        .count()
                    > 1)
        .toList();
  }

  /** The value of a setting, given or not; empty if the method does not use it. */
  private static Optional<String> value(Map<String, String> settings, String name) {
    String given = settings.get(name);
    if (given != null) {
      return Optional.of(given);
    }
    boolean quantized = Method.of(requireNonNull(settings.get(METHOD))).quantized();
    return switch (name) {
      case TRAIN_ROWS -> Optional.of(ALL);
      case LEVELS -> quantized ? Optional.of(DEFAULT) : Optional.empty();
      case FLOAT_RATE -> quantized ? Optional.ofNullable(settings.get(RATE)) : Optional.empty();
      default -> Optional.empty();
    };
  }

  /** Whether a setting says something to a reader by itself; files and names do not. */
  public static boolean isShown(String name) {
    return WORDS.containsKey(name) && !name.endsWith("Hash");
  }

  /** All settings that say something by themselves, in words. */
  public static String words(Map<String, String> settings) {
    return words(settings, settings.keySet().stream().filter(SettingsText::isShown).toList());
  }

  /** Some of the settings in words. */
  public static String words(Map<String, String> settings, List<String> names) {
    List<String> words = new ArrayList<>();
    for (String name : names) {
      value(settings, name)
          .map(WORDS.getOrDefault(name, text -> name + " " + text))
          .ifPresent(words::add);
    }
    return String.join(", ", words);
  }
}
