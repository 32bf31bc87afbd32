package io.squat.eval;

import com.google.errorprone.annotations.MustBeClosed;
import io.squat.savedmodels.AllowedOps;
import io.squat.savedmodels.SavedModelFiles;
import io.squat.savedmodels.SavedModelReader;
import io.squat.savedmodels.TensorFlowMessage;
import java.nio.file.Path;
import java.util.List;
import org.tensorflow.SavedModelBundle;
import org.tensorflow.Session;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.SignatureDef;

/**
 * A SavedModel in a session, and the one of its signatures that is called.
 *
 * @param bundle the session; closed with this
 * @param signature its inputs and outputs
 * @param inputs those inputs by their roles
 */
record ServedSignature(SavedModelBundle bundle, SignatureDef signature, List<SignatureInput> inputs)
    implements AutoCloseable {

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
    try {
      return new ServedSignature(
          SavedModelBundle.loader(folder.toString())
              .withTags(graph.getMetaInfoDef().getTagsList().toArray(new String[0]))
              .withConfigProto(options.device().config(options.threads()))
              .load(),
          signature,
          inputs);
    } catch (RuntimeException e) { // TensorFlow's exceptions have no other type in common
      throw new IllegalArgumentException(
          folder + ": TensorFlow cannot load the model: " + TensorFlowMessage.of(e), e);
    }
  }

  Session session() {
    return bundle.session();
  }

  @Override
  public void close() {
    bundle.close();
  }
}
