package io.squat.savedmodels;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.SavedModel;

/**
 * Writes a SavedModel folder: {@code saved_model.pb}, {@code assets/}, and {@code variables/} if
 * there are any.
 *
 * <p>The folder is written beside its place and renamed, so that a server that watches the place
 * never sees half of it.
 */
public final class SavedModelWriter {
  private static final String TAG = "serve";
  private static final String TENSORFLOW_VERSION = "2.18.0";
  private static final long SCHEMA_VERSION = 1;

  private SavedModelWriter() {}

  /**
   * Writes a model.
   *
   * @param folder where to; folders above it are made if they are missing
   * @param model graph and signatures
   * @param assets the files of {@code assets/} by their names
   * @throws IllegalArgumentException if something other than an empty folder is there, or a name is
   *     not that of a file
   * @throws UncheckedIOException if it cannot be written; nothing is left then
   */
  public static void write(Path folder, ServingModel model, Map<String, byte[]> assets) {
    requireFree(folder);
    assets.keySet().forEach(SavedModelWriter::requireFileName);
    Path target = folder.toAbsolutePath();
    Path partial =
        target.resolveSibling(target.getFileName() + ".partial-" + ProcessHandle.current().pid());
    try {
      Files.createDirectories(partial);
      try {
        writeFiles(partial, model, assets);
        Files.deleteIfExists(target);
        Files.move(partial, target);
      } finally {
        if (Files.exists(partial)) {
          MoreFiles.deleteRecursively(partial, RecursiveDeleteOption.ALLOW_INSECURE);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(
          folder + ": the SavedModel cannot be written: " + e.getMessage(), e);
    }
  }

  /**
   * Checks that a folder can be written to.
   *
   * @throws IllegalArgumentException if something other than an empty folder is there
   */
  public static void requireFree(Path folder) {
    String found = null;
    if (Files.isDirectory(folder)) {
      try (Stream<Path> files = Files.list(folder)) {
        found =
            files.findAny().map(file -> "a folder that holds " + file.getFileName()).orElse(null);
      } catch (IOException e) {
        throw new UncheckedIOException(folder + ": cannot be read: " + e.getMessage(), e);
      }
    } else if (Files.exists(folder)) {
      found = "a file";
    } else {
      Path parent = folder.toAbsolutePath().getParent();
      while (parent != null && !Files.exists(parent)) {
        parent = parent.getParent();
      }
      if (parent != null && !Files.isDirectory(parent)) {
        found = "the file " + parent + " in its place";
      }
    }
    if (found != null) {
      throw new IllegalArgumentException(
          folder
              + ": expected a new or empty folder for the SavedModel, found "
              + found
              + "; choose another or remove it");
    }
  }

  private static void requireFileName(String asset) {
    Path name = Path.of(asset);
    if (name.isAbsolute() || name.getNameCount() != 1 || asset.isEmpty() || asset.equals("..")) {
      throw new IllegalArgumentException(
          "asset: expected the name of a file, found \"" + asset + "\"");
    }
  }

  private static void writeFiles(Path folder, ServingModel model, Map<String, byte[]> assets)
      throws IOException {
    try (OutputStream out =
        new BufferedOutputStream(Files.newOutputStream(folder.resolve("saved_model.pb")))) {
      savedModel(model).writeTo(out);
    }
    ServingVariables variables = model.variables();
    if (variables != null) {
      Path checkpoint = SavedModelFiles.checkpoint(folder);
      Files.createDirectories(checkpoint.resolveSibling("."));
      variables.write(checkpoint);
    }
    if (!assets.isEmpty()) {
      Path files = Files.createDirectory(folder.resolve("assets"));
      for (Map.Entry<String, byte[]> asset : assets.entrySet()) {
        Files.write(files.resolve(asset.getKey()), asset.getValue());
      }
    }
  }

  private static SavedModel savedModel(ServingModel model) {
    MetaGraphDef.Builder graph =
        MetaGraphDef.newBuilder()
            .setMetaInfoDef(
                MetaGraphDef.MetaInfoDef.newBuilder()
                    .addTags(TAG)
                    .setTensorflowVersion(TENSORFLOW_VERSION))
            .setGraphDef(model.graph())
            .putAllSignatureDef(model.signatures());
    ServingVariables variables = model.variables();
    if (variables != null) {
      graph.setSaverDef(variables.saver());
    }
    return SavedModel.newBuilder()
        .setSavedModelSchemaVersion(SCHEMA_VERSION)
        .addMetaGraphs(graph)
        .build();
  }
}
