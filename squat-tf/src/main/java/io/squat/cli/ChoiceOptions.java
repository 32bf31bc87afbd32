package io.squat.cli;

import io.squat.savedmodels.InputRole;
import io.squat.savedmodels.SavedModelReader;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which part of a SavedModel. */
final class ChoiceOptions {
  @Option(
      names = "--tags",
      split = ",",
      paramLabel = "TAG",
      description =
          "Tags of the graph in the SavedModel, \"\" for none (default: the only graph's, else"
              + " serve, else none).")
  private @Nullable List<String> tags;

  @Option(
      names = "--signature",
      paramLabel = "NAME",
      description =
          "Signature of the SavedModel (default: serving_default, else the only one that has ids"
              + " and mask).")
  private @Nullable String signature;

  @Option(
      names = "--signature-input",
      paramLabel = "ROLE=NAME",
      description =
          "Name of the signature's input for ids, mask or segments, where it is not a usual one;"
              + " may be given for each.")
  private Map<InputRole, String> inputs = new EnumMap<>(InputRole.class);

  /** Which graph, signature and inputs. */
  SavedModelReader.Choice choice() {
    Set<String> set = tags == null ? null : new TreeSet<>(tags);
    if (set != null) {
      set.remove("");
    }
    return new SavedModelReader.Choice(set, signature, inputs);
  }
}
