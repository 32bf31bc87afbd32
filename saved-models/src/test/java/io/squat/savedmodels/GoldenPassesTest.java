package io.squat.savedmodels;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.squat.ops.BitWidths;
import io.squat.ops.IntegerStorage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.SignatureDef;

/**
 * What every pass does to the tiny models, as text files: the graph as it was read, and the nodes
 * that each pass takes out and puts in. With {@code -Dgolden=write} they are written instead of
 * compared; look at them before they are committed.
 */
class GoldenPassesTest {
  private static final Path GOLDEN = Path.of("src/test/resources/io/squat/savedmodels/golden");
  private static final boolean WRITE = "write".equals(System.getProperty("golden"));

  private static final Quantization QUANTIZATION = Quantization.of(BitWidths.parse("4-8-8"));

  /** One model on its way through the passes. */
  private static final class Trail {
    private final Path folder;
    private ModelGraph model;
    private final Set<String> seen = new HashSet<>();
    private int files;

    Trail(TinyModel tiny, ModelGraph asRead) throws IOException {
      this.folder = GOLDEN.resolve(tiny.name().toLowerCase(Locale.ROOT).replace('_', '-'));
      this.model = asRead;
      compare("read", GraphText.of(asRead.graph()));
    }

    void apply(String stage, List<RewritePass> passes) throws IOException {
      for (RewritePass pass : passes) {
        ModelGraph after = pass.apply(model);
        String name = pass.getClass().getSimpleName();
        String text = GraphText.difference(model.graph(), after.graph());
        if (seen.add(name + text)) { // on the way to another end it may do the same
          compare(stage + "-" + name, text);
        }
        model = after;
      }
    }

    /** Passes of another end, from the model as it is now. */
    void branch(String stage, ModelGraph from, List<RewritePass> passes) throws IOException {
      ModelGraph kept = model;
      model = from;
      apply(stage, passes);
      model = kept;
    }

    private void compare(String name, String text) throws IOException {
      Path file = folder.resolve(String.format(Locale.ROOT, "%02d-%s.txt", files++, name));
      if (WRITE) {
        Files.createDirectories(folder);
        Files.writeString(file, text);
      }
      assertEquals(Files.readString(file), text, file.toString());
    }

    void assertNoOtherFiles() throws IOException {
      try (Stream<Path> found = Files.list(folder)) {
        assertEquals(files, found.count(), folder.toString());
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = TinyModel.class,
      names = {"TF1_BERT", "TF1_BERT_RESOURCE", "HUGGING_FACE", "MODEL_GARDEN"})
  void passesDoWhatTheyDid(TinyModel tiny) throws IOException {
    SavedModelReader.Choice choice = SavedModelReader.Choice.DEFAULT;
    MetaGraphDef graph =
        SavedModelReader.metaGraph(tiny.path(), SavedModelFiles.parse(tiny.path()), choice);
    SignatureDef signature = SavedModelReader.signature(tiny.path(), graph, choice);
    Trail trail =
        new Trail(tiny, SavedModelReader.signatureGraph(graph.getGraphDef(), signature, choice));
    trail.apply("canonical", Rewriting.canonicalPasses(CheckpointKeys.of(graph)));
    trail.apply("head", List.of(new AddTaskHead(3)));

    BertStructure structure = BertStructure.of(trail.model);
    trail.branch("training", trail.model, Rewriting.trainingPasses(structure, QUANTIZATION, true));

    // One step for all: what calibration finds differs in its last bits between machines.
    ModelValues saved = ModelValues.ofSavedModel(tiny.path(), trail.model);
    ModelGraph model = trail.model;
    Constants constants =
        new Constants(
            name ->
                name.endsWith("/step_size")
                    ? new float[] {0.125f}
                    : model.variable(name).stored() == null
                        ? new float[(int) model.variable(name).size()]
                        : saved.values(name),
            IntegerStorage.PACKED);
    trail.apply("answers", List.of(new AddPredictions()));
    ModelGraph served = ServingInputs.of(trail.model).model();
    trail.branch(
        "packed",
        served,
        Export.integerPasses(structure, QUANTIZATION, constants, Compute.INTEGER));
    trail.branch(
        "serving-float",
        served,
        Export.integerPasses(structure, QUANTIZATION, constants, Compute.FLOAT));
    trail.branch("float", served, Export.floatPasses(structure, QUANTIZATION, constants));
    trail.assertNoOtherFiles();
  }
}
