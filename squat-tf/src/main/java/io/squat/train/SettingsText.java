package io.squat.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
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

  private static final String SEED = "seed";
  private static final String BITS = "bits";
  private static final String FLOAT_RATE = "floatLearningRate";
  private static final String RATE = "optimizer.learningRate";

  private static final Set<String> OF_QUANTIZERS =
      Set.of(BITS, "levels", "granularity", RHO, ALTERNATION, EPOCHS, "optimizer.stepLearningRate");

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
          Map.entry("trainRows", value -> value + " training rows"),
          Map.entry("granularity", value -> "one step size a " + value.toLowerCase(Locale.ROOT)),
          Map.entry("levels", value -> value.toLowerCase(Locale.ROOT) + " levels"),
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

  /** The settings that have other values in another of the groups. */
  public static List<String> differing(List<Map<String, String>> groups) {
    List<String> names = new ArrayList<>();
    groups.forEach(
        group -> group.keySet().stream().filter(name -> !names.contains(name)).forEach(names::add));
    return names.stream()
        .filter(name -> !name.equals(METHOD) && !name.equals(BITS))
        .filter(
            name ->
                groups.stream()
                        .filter(group -> group.containsKey(name))
                        .map(group -> group.get(name))
                        .distinct()
                        .count()
                    > 1)
        .toList();
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
      String value = settings.get(name);
      if (value != null) {
        words.add(WORDS.getOrDefault(name, text -> name + " " + text).apply(value));
      }
    }
    return String.join(", ", words);
  }
}
