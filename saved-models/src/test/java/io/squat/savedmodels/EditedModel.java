package io.squat.savedmodels;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.SavedModel;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;

/** A tiny model's file with other nodes and another signature; its variables are not copied. */
final class EditedModel {
  private final SavedModel.Builder model;
  private final GraphDef.Builder graph;
  private final SignatureDef.Builder signature;

  EditedModel(TinyModel tiny) {
    model = SavedModelFiles.parse(tiny.path()).toBuilder();
    MetaGraphDef.Builder metaGraph = model.getMetaGraphsBuilder(0);
    graph = metaGraph.getGraphDefBuilder();
    String name = metaGraph.getSignatureDefMap().keySet().iterator().next();
    signature = metaGraph.getSignatureDefOrThrow(name).toBuilder();
    metaGraph.clearSignatureDef();
  }

  TensorInfo output(String key) {
    return signature.getOutputsOrThrow(key);
  }

  void add(List<NodeDef> nodes) {
    graph.addAllNode(nodes);
  }

  void input(String key, TensorInfo info) {
    signature.putInputs(key, info);
  }

  /** Lets the signature have this output alone. */
  void onlyOutput(String key, TensorInfo info) {
    signature.clearOutputs().putOutputs(key, info);
  }

  ModelGraph read(Path folder) {
    model.getMetaGraphsBuilder(0).putSignatureDef(ServingModel.DEFAULT, signature.build());
    try {
      Files.write(folder.resolve("saved_model.pb"), model.build().toByteArray());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return SavedModelReader.readGraph(folder, SavedModelReader.Choice.DEFAULT);
  }
}
