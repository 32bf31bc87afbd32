package io.squat.eval;

import com.google.errorprone.annotations.MustBeClosed;
import io.squat.glue.Batch;
import io.squat.savedmodels.AllowedOps;
import io.squat.savedmodels.SavedModelFiles;
import io.squat.savedmodels.SavedModelReader;
import io.squat.savedmodels.TensorFlowMessage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.tensorflow.Graph;
import org.tensorflow.Result;
import org.tensorflow.SavedModelBundle;
import org.tensorflow.Session;
import org.tensorflow.Tensor;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.types.family.TIntegral;

/**
 * A SavedModel in a session, and the one of its signatures that is called.
 *
 * <p>The bundle that TensorFlow Java makes holds the whole graph once more, as Java objects: tens
 * of megabytes that a server does not need. It is not kept.
 *
 * @param folder the model's folder
 * @param session the session; closed with this
 * @param graph its graph; closed with this
 * @param signature its inputs and outputs
 * @param inputs those inputs by their roles
 */
record ServedSignature(
    Path folder, Session session, Graph graph, SignatureDef signature, List<SignatureInput> inputs)
    implements AutoCloseable {
  private static final Pattern MISSING_ROW =
      Pattern.compile("indices\\[[^]]*\\] = \\d+ is not in \\[0, (\\d+)\\)");

  /** Copies the list. */
  ServedSignature {
    inputs = List.copyOf(inputs);
  }

  /** What a caller wants to know of a signature before the model is loaded. */
  interface Check {
    /**
     * Looks at the signature.
     *
     * @throws IllegalArgumentException if it does not fit
     */
    void accept(SignatureDef signature);
  }

  /**
   * Loads a model; the caller closes it.
   *
   * @param folder the folder of {@code saved_model.pb}
   * @param options what to load and where to run it
   * @param check of the signature, before anything is loaded
   * @throws IllegalArgumentException as {@link Classifier#open}
   */
  @MustBeClosed
  static ServedSignature open(Path folder, Classifier.Options options, Check check) {
    MetaGraphDef graph =
        SavedModelReader.metaGraph(folder, SavedModelFiles.parse(folder), options.choice());
    SignatureDef signature = SavedModelReader.signature(folder, graph, options.choice());
    List<SignatureInput> inputs;
    try {
      AllowedOps.checkSignature(graph, signature);
      AllowedOps.checkLoading(graph);
      inputs = SignatureInput.of(signature, options.choice().inputs());
      check.accept(signature);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(folder + ": " + e.getMessage(), e);
    }
    if (SavedModelFiles.hasVariables(graph.getGraphDef())) {
      SavedModelFiles.checkVariables(folder);
    }
    ConfigProto config = options.device().config(options.threads());
    try {
      SavedModelBundle bundle =
          SavedModelBundle.loader(folder.toString())
              .withTags(graph.getMetaInfoDef().getTagsList().toArray(new String[0]))
              .withConfigProto(config)
              .load();
      return new ServedSignature(folder, bundle.session(), bundle.graph(), signature, inputs);
    } catch (RuntimeException e) { // TensorFlow's exceptions have no other type in common
      throw new IllegalArgumentException(
          folder + ": TensorFlow cannot load the model: " + TensorFlowMessage.of(e), e);
    }
  }

  /**
   * Runs the signature on rows of a batch, padded as {@link SignatureInput#tensor} does; the caller
   * closes the result.
   *
   * @param outputs what is fetched, names of tensors
   * @param start the first row
   * @param rows R, the rows the model is given
   * @param length L, the tokens a row that it is given
   * @throws IllegalStateException if the model fails
   */
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker") // the list holds the tensors, and all of it is closed
  Result run(List<String> outputs, Batch batch, int start, int rows, int length) {
    List<TIntegral> fed = new ArrayList<>();
    try {
      Session.Runner runner = session.runner();
      outputs.forEach(runner::fetch);
      for (SignatureInput input : inputs) {
        TIntegral tensor = input.tensor(batch, start, rows, length);
        fed.add(tensor);
        runner.feed(input.tensor(), tensor);
      }
      return run(runner, rows, length);
    } finally {
      fed.forEach(Tensor::close);
    }
  }

  @MustBeClosed
  private Result run(Session.Runner runner, int rows, int length) {
    try {
      return runner.run();
    } catch (RuntimeException e) { // TensorFlow's exceptions have no other type in common
      throw new IllegalStateException(
          String.format(
              Locale.ROOT,
              "%s: the model fails on %d rows of %d tokens: %s%s",
              folder,
              rows,
              length,
              TensorFlowMessage.of(e),
              remedy(TensorFlowMessage.of(e), length)),
          e);
    }
  }

  /** What may help where a row of a table is missing, the positions' or the vocabulary's. */
  private static String remedy(String message, int length) {
    Matcher missing = MISSING_ROW.matcher(message);
    if (!missing.find()) {
      return "";
    }
    return Integer.parseInt(missing.group(1)) < length
        ? "; the model has " + missing.group(1) + " positions: cut texts by --max-length"
        : "; the model's vocabulary has " + missing.group(1) + " entries: give its own by --vocab";
  }

  @Override
  public void close() {
    session.close();
    graph.close();
  }
}
