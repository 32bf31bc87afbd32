package io.squat.savedmodels;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.SavedModel;

/** Checks the files of a SavedModel folder in Java, before TensorFlow sees them. */
public final class SavedModelFiles {
  private static final String GRAPH = "saved_model.pb";

  /** The last eight bytes of a whole LevelDB table, the format of a checkpoint's index. */
  private static final byte[] INDEX_END = HexFormat.of().parseHex("57fb808b247547db");

  private static final Pattern SHARD_NAME = Pattern.compile(".*\\.data-\\d{5}-of-(\\d{5})");

  private SavedModelFiles() {}

  /**
   * Reads {@code saved_model.pb}.
   *
   * @param folder the SavedModel folder
   * @throws IllegalArgumentException if the folder is no SavedModel, or its graph is not complete
   */
  public static SavedModel parse(Path folder) {
    Path file = folder.resolve(GRAPH);
    if (!Files.isRegularFile(file)) {
      throw new IllegalArgumentException(
          folder
              + ": expected a SavedModel folder with a file "
              + GRAPH
              + ", found "
              + (Files.isDirectory(folder)
                  ? "a folder without one" + versions(folder)
                  : Files.exists(folder) ? "a file" : "no such folder"));
    }
    try {
      SavedModel model = SavedModel.parseFrom(Files.readAllBytes(file));
      if (model.getMetaGraphsCount() == 0) {
        throw new IllegalArgumentException(
            file + ": expected at least one graph, found none; the file may be cut off");
      }
      return model;
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalArgumentException(
          file
              + ": expected a complete SavedModel protobuf, found a file that is cut off or damaged"
              + " ("
              + e.getMessage()
              + "); copy the model again",
          e);
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be read: " + e.getMessage(), e);
    }
  }

  /** Whether a graph has variables, so that the folder must hold their values. */
  public static boolean hasVariables(GraphDef graph) {
    return graph.getNodeList().stream()
        .anyMatch(node -> CanonicalVariables.KINDS.contains(node.getOp()));
  }

  /**
   * A hash of a model: SHA-256 of its graph and of the index of its variables, which holds a
   * checksum of every value.
   *
   * @param folder the SavedModel folder
   */
  public static String hash(Path folder) {
    parse(folder);
    Path index = Path.of(checkpoint(folder) + ".index");
    try {
      Hasher hasher = Hashing.sha256().newHasher();
      hasher.putBytes(Files.readAllBytes(folder.resolve(GRAPH)));
      if (Files.isRegularFile(index)) {
        hasher.putBytes(Files.readAllBytes(index));
      }
      return hasher.hash().toString();
    } catch (IOException e) {
      throw new UncheckedIOException(folder + ": cannot be read: " + e.getMessage(), e);
    }
  }

  /** The prefix of a SavedModel's checkpoint, as RestoreV2 takes it. */
  public static Path checkpoint(Path folder) {
    return folder.resolve("variables").resolve("variables");
  }

  /**
   * Checks that the files of a SavedModel's checkpoint are all there.
   *
   * @param folder the SavedModel folder
   * @throws IllegalArgumentException if the index is missing or cut off, or a data file is missing
   *     or empty; whether a data file is cut off shows when its values are read
   */
  public static void checkVariables(Path folder) {
    Path prefix = checkpoint(folder);
    checkIndex(Path.of(prefix + ".index"));
    List<Path> shards = shards(prefix);
    if (shards.isEmpty()) {
      throw new IllegalArgumentException(
          prefix + ".data-*: expected the values of the variables, found no such file");
    }
    int expected = shardCount(shards.get(0));
    for (int i = 0; i < expected; i++) {
      requireContent(
          Path.of(String.format(Locale.ROOT, "%s.data-%05d-of-%05d", prefix, i, expected)));
    }
  }

  /**
   * Checks that a SavedModel's checkpoint is as large as the values that it has to hold.
   *
   * @param folder the SavedModel folder
   * @param bytes of the values that will be read from it
   * @throws IllegalArgumentException if its data files are smaller
   */
  static void checkDataSize(Path folder, long bytes) {
    Path prefix = checkpoint(folder);
    long found = 0;
    for (Path shard : shards(prefix)) {
      found += size(shard);
    }
    if (found < bytes) {
      throw new IllegalArgumentException(
          prefix
              + ".data-*: expected at least "
              + bytes
              + " bytes, the size of the model's variables, found "
              + found
              + "; the file is cut off: copy the model again");
    }
  }

  /** The remedy for a folder whose versions are SavedModels. */
  private static String versions(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> Files.isRegularFile(file.resolve(GRAPH)))
          .sorted()
          .findFirst()
          .map(file -> "; give the folder in it, such as " + file)
          .orElse("");
    } catch (IOException e) {
      throw new UncheckedIOException(folder + ": cannot be read: " + e.getMessage(), e);
    }
  }

  private static long size(Path file) {
    try {
      return Files.size(file);
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be read: " + e.getMessage(), e);
    }
  }

  private static List<Path> shards(Path prefix) {
    try (Stream<Path> files = Files.list(prefix.resolveSibling("."))) {
      String start = prefix.getFileName() + ".data-";
      return files
          .filter(file -> SHARD_NAME.matcher(file.getFileName().toString()).matches())
          .filter(file -> file.getFileName().toString().startsWith(start))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(prefix + ": cannot be read: " + e.getMessage(), e);
    }
  }

  private static int shardCount(Path shard) {
    Matcher name = SHARD_NAME.matcher(shard.getFileName().toString());
    return name.matches() ? Integer.parseInt(name.group(1)) : 0;
  }

  private static void checkIndex(Path file) {
    requireContent(file);
    try {
      byte[] bytes = Files.readAllBytes(file);
      byte[] end =
          Arrays.copyOfRange(bytes, Math.max(0, bytes.length - INDEX_END.length), bytes.length);
      if (!Arrays.equals(end, INDEX_END)) {
        throw new IllegalArgumentException(
            file
                + ": expected the whole index of the model's variables, found a file that is cut off"
                + " or damaged; copy the model again");
      }
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be read: " + e.getMessage(), e);
    }
  }

  private static void requireContent(Path file) {
    try {
      if (!Files.isRegularFile(file) || Files.size(file) == 0) {
        throw new IllegalArgumentException(
            file
                + ": expected a part of the model's variables, found "
                + (Files.exists(file) ? "an empty file" : "no such file")
                + "; copy the model again");
      }
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be read: " + e.getMessage(), e);
    }
  }
}
