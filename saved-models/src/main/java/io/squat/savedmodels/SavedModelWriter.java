package io.squat.savedmodels;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import com.google.protobuf.CodedOutputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.LongFunction;
import java.util.stream.Stream;
import org.tensorflow.TensorFlow;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.SavedModel;

/**
 * Writes a SavedModel folder: {@code saved_model.pb}, {@code variables/} if there are any, and
 * other files, such as those of {@code assets/}.
 *
 * <p>The folder is written beside its place and renamed, so that a server that watches the place
 * never sees half of it.
 */
public final class SavedModelWriter {
  private static final String TAG = "serve";
  private static final long SCHEMA_VERSION = 1;

  /** What is written from the model. */
  private static final List<String> OWN = List.of("saved_model.pb", "variables");

  private SavedModelWriter() {}

  /**
   * Writes a model.
   *
   * @param folder where to; folders above it are made if they are missing
   * @param model graph and signatures
   * @param files the other files by their paths in the folder, such as {@code assets/vocab.txt}
   * @throws IllegalArgumentException if something other than an empty folder is there, or a path
   *     does not stay in the folder or is one of the model's own
   * @throws UncheckedIOException if it cannot be written; nothing is left then
   */
  public static void write(Path folder, ServingModel model, Map<String, byte[]> files) {
    write(folder, model, files, bytes -> Map.of());
  }

  /**
   * Writes a model with files that tell how large it is.
   *
   * @param folder as in {@link #write(Path, ServingModel, Map)}
   * @param model as there
   * @param files as there
   * @param last more files, written last; gets the bytes of all others
   * @throws IllegalArgumentException as there
   * @throws UncheckedIOException as there
   */
  public static void write(
      Path folder,
      ServingModel model,
      Map<String, byte[]> files,
      LongFunction<Map<String, byte[]>> last) {
    requireFree(folder);
    files.keySet().forEach(SavedModelWriter::requireOwnPath);
    Path target = folder.toAbsolutePath();
    Path partial =
        target.resolveSibling(target.getFileName() + ".partial-" + ProcessHandle.current().pid());
    try {
      // In containers processes have the same number every time.
      deleteIfThere(partial);
      Files.createDirectories(partial);
      try {
        writeModel(partial, model);
        writeFiles(partial, files);
        Map<String, byte[]> more = last.apply(bytes(partial));
        more.keySet().forEach(SavedModelWriter::requireOwnPath);
        writeFiles(partial, more);
        Files.deleteIfExists(target);
        Files.move(partial, target);
      } finally {
        deleteIfThere(partial);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(
          folder + ": the SavedModel cannot be written: " + e.getMessage(), e);
    }
  }

  private static void deleteIfThere(Path folder) throws IOException {
    if (Files.exists(folder)) {
      MoreFiles.deleteRecursively(folder, RecursiveDeleteOption.ALLOW_INSECURE);
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

  private static void requireOwnPath(String file) {
    Path path = Path.of(file);
    if (file.isEmpty()
        || path.isAbsolute()
        || !path.equals(path.normalize())
        || path.startsWith("..")
        || OWN.contains(path.getName(0).toString())) {
      throw new IllegalArgumentException(
          "file of a SavedModel: expected a path in its folder other than "
              + String.join(" and ", OWN)
              + ", found \""
              + file
              + "\"");
    }
  }

  private static long bytes(Path folder) throws IOException {
    long bytes = 0;
    try (Stream<Path> paths = Files.walk(folder)) {
      for (Path file : paths.filter(Files::isRegularFile).toList()) {
        bytes += Files.size(file);
      }
    }
    return bytes;
  }

  private static void writeFiles(Path folder, Map<String, byte[]> files) throws IOException {
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      Path path = folder.resolve(file.getKey());
      Files.createDirectories(path.resolveSibling("."));
      Files.write(path, file.getValue());
    }
  }

  private static void writeModel(Path folder, ServingModel model) throws IOException {
    try (OutputStream out =
        new BufferedOutputStream(Files.newOutputStream(folder.resolve("saved_model.pb")))) {
      // The same model gives the same bytes: protobuf's maps have no order otherwise.
      CodedOutputStream coded = CodedOutputStream.newInstance(out);
      coded.useDeterministicSerialization();
      savedModel(model).writeTo(coded);
      coded.flush();
    }
    ServingVariables variables = model.variables();
    if (variables != null) {
      Path checkpoint = SavedModelFiles.checkpoint(folder);
      Files.createDirectories(checkpoint.resolveSibling("."));
      variables.write(checkpoint);
    }
  }

  private static SavedModel savedModel(ServingModel model) {
    MetaGraphDef.Builder graph =
        MetaGraphDef.newBuilder()
            .setMetaInfoDef(
                MetaGraphDef.MetaInfoDef.newBuilder()
                    .addTags(TAG)
                    .setTensorflowVersion(TensorFlow.version()))
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
