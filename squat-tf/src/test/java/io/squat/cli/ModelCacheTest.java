package io.squat.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.squat.train.Progress;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelCacheTest {
  private static final String ENTRY = "org/example/tiny-model";
  private static final Map<String, String> MODEL =
      new TreeMap<>(
          Map.of(
              "saved_model.pb", "graph",
              "variables/variables.index", "names",
              "assets/vocab.txt", "[PAD]\n"));

  @TempDir Path root;
  private int downloads;

  @Test
  void unpacksOnceAndKeeps() throws Exception {
    byte[] jar = jar(MODEL);
    ModelCache cache = cache(jar);
    PretrainedModel model = model(sha256(jar));

    Path folder = cache.folder(model);

    assertEquals(root.resolve("models/tiny-model"), folder);
    assertEquals(MODEL, contents(folder));
    assertEquals(folder, cache.folder(model));
    assertEquals(1, downloads);
    assertEquals(List.of(".tiny-model.lock", "tiny-model"), names(root.resolve("models")));
  }

  @Test
  void refusesAJarOfAnotherHash() throws Exception {
    byte[] jar = jar(MODEL);
    String expected = sha256(jar(Map.of("saved_model.pb", "another graph")));

    IllegalStateException e =
        assertThrows(IllegalStateException.class, () -> cache(jar).folder(model(expected)));

    assertEquals(
        "org.example:tiny-model:1.2: expected a jar of SHA-256 "
            + expected
            + ", found "
            + sha256(jar)
            + "; delete org/example/tiny-model/1.2 in Maven's local repository"
            + " (~/.m2/repository) and try again",
        e.getMessage());
    assertNothingIsLeft();
  }

  @ParameterizedTest
  @ValueSource(strings = {"../evil.txt", "assets/../../evil.txt", "ROOT/evil.txt"})
  void refusesAZipThatNamesAFileOutside(String place) throws Exception {
    String name = place.replace("ROOT", root.toAbsolutePath().toString());
    byte[] jar = jar(Map.of(name, "evil"));

    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> cache(jar).folder(model(sha256(jar))));

    assertTrue(
        String.valueOf(e.getMessage())
            .contains(": entry \"" + name + "\": expected a file below the archive's folder"),
        e.getMessage());
    assertNothingIsLeft();
    try (Stream<Path> files = Files.walk(root)) {
      assertFalse(files.anyMatch(file -> file.endsWith("evil.txt")));
    }
  }

  @Test
  void refusesAZipWithoutASavedModel() throws Exception {
    byte[] jar = jar(Map.of("README", "nothing here"));

    IllegalStateException e =
        assertThrows(IllegalStateException.class, () -> cache(jar).folder(model(sha256(jar))));

    assertEquals(
        "org.example:tiny-model:1.2: expected saved_model.pb in " + ENTRY + ", found none",
        e.getMessage());
    assertNothingIsLeft();
  }

  @Test
  void refusesAJarWithoutTheZip() throws Exception {
    byte[] jar = zip(Map.of("another", new byte[] {1}));

    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> cache(jar).folder(model(sha256(jar))));

    assertTrue(
        String.valueOf(e.getMessage()).endsWith("expected an entry " + ENTRY + ", found none"));
    assertNothingIsLeft();
  }

  @Test
  void clearsWhatAKilledProcessLeft() throws Exception {
    Path leftover = root.resolve("models/.tiny-model.part/model/assets/old.txt");
    Files.createDirectories(leftover.getParent());
    Files.writeString(leftover, "half a mod");
    byte[] jar = jar(MODEL);

    assertEquals(MODEL, contents(cache(jar).folder(model(sha256(jar)))));
  }

  @Test
  void takesAFolderAsItIs() throws Exception {
    assertEquals(root, cache(new byte[0]).folder(root.toString()));
    assertEquals(0, downloads);
  }

  @Test
  void namesTheLatestVersionOfAFolderOfVersions() throws Exception {
    for (String version : List.of("1", "2", "10", "notes")) {
      Files.createDirectories(root.resolve("model").resolve(version));
    }
    Path model = root.resolve("model");
    assertEquals(
        model
            + ": expected a SavedModel folder with a file saved_model.pb, found versions of one;"
            + " choose one, such as "
            + model.resolve("10"),
        assertThrows(
                IllegalArgumentException.class, () -> cache(new byte[0]).folder(model.toString()))
            .getMessage());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "./", "bert_v3/"})
  void unpacksATarGzOnce(String prefix) throws Exception {
    Map<String, String> files = new TreeMap<>();
    MODEL.forEach((name, text) -> files.put(prefix + name, text));
    files.put(prefix + "tfhub_module.pb", "module");
    Path archive = Files.write(root.resolve("model.tar.gz"), tarGz(files, null));

    Path folder = cache(new byte[0]).folder(archive.toString());

    Map<String, String> expected = new TreeMap<>(MODEL);
    expected.put("tfhub_module.pb", "module");
    assertEquals(root.resolve("models").resolve(sha256(Files.readAllBytes(archive))), folder);
    assertEquals(expected, contents(folder));
    Path marker = Files.createFile(folder.resolve("marker"));
    assertEquals(folder, cache(new byte[0]).folder(archive.toString()));
    assertTrue(Files.exists(marker), "unpacked again");
  }

  @ParameterizedTest
  @ValueSource(strings = {"../evil.txt", "assets/../../evil.txt"})
  void refusesATarGzThatNamesAFileOutside(String name) throws Exception {
    String message = refusal(tarGz(Map.of("saved_model.pb", "graph", name, "evil"), null));
    assertTrue(message.contains(": entry \"" + name + "\": expected a file below"), message);
    try (Stream<Path> files = Files.walk(root)) {
      assertFalse(files.anyMatch(file -> file.endsWith("evil.txt")));
    }
  }

  @Test
  void refusesATarGzWithALink() throws Exception {
    String message = refusal(tarGz(MODEL, "assets/link"));
    assertTrue(message.contains("entry \"assets/link\": expected a file or a folder"), message);
  }

  @Test
  void refusesATarGzWithoutASavedModel() throws Exception {
    String message = refusal(tarGz(Map.of("README", "nothing here"), null));
    assertTrue(message.endsWith("expected one saved_model.pb in the archive, found none"), message);
  }

  @Test
  void refusesATarGzWithSeveralModels() throws Exception {
    Map<String, String> files = new TreeMap<>();
    MODEL.forEach((name, text) -> files.put("2/" + name, text));
    MODEL.forEach((name, text) -> files.put("1/" + name, text));
    String message = refusal(tarGz(files, null));
    assertTrue(
        message.contains("expected one saved_model.pb in the archive, found those of [1, 2]"),
        message);
  }

  /** Such as on a full disk, the archive being whole. */
  @Test
  void aFileThatCannotBeWrittenIsNoFaultOfTheArchive() throws Exception {
    Map<String, String> files = new TreeMap<>(MODEL);
    files.put("assets/" + "n".repeat(300), "more than a file system's name");
    Path file = Files.write(root.resolve("model.tar.gz"), tarGz(files, null));
    UncheckedIOException e =
        assertThrows(UncheckedIOException.class, () -> cache(new byte[0]).folder(file.toString()));
    assertTrue(String.valueOf(e.getMessage()).contains("cannot be kept in"), e.getMessage());
  }

  @Test
  void refusesAFileThatIsNoArchiveAndOneThatIsCutOff() throws Exception {
    byte[] whole = tarGz(MODEL, null);
    for (byte[] bytes :
        List.of("text".getBytes(StandardCharsets.UTF_8), Arrays.copyOf(whole, whole.length / 2))) {
      String message = refusal(bytes);
      assertTrue(message.contains("found a file that cannot be unpacked"), message);
    }
  }

  /** The message for an archive; nothing of it is kept. */
  private String refusal(byte[] archive) throws Exception {
    Path file = Files.write(root.resolve("model.tar.gz"), archive);
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class, () -> cache(new byte[0]).folder(file.toString()));
    assertTrue(names(root.resolve("models")).stream().allMatch(name -> name.endsWith(".lock")));
    String message = String.valueOf(e.getMessage());
    assertTrue(message.startsWith(file.toString()), message);
    return message;
  }

  private static byte[] tarGz(Map<String, String> files, @Nullable String link) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (TarArchiveOutputStream tar =
        new TarArchiveOutputStream(new GZIPOutputStream(bytes), StandardCharsets.UTF_8.name())) {
      tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
      for (Map.Entry<String, String> file : files.entrySet()) {
        byte[] content = file.getValue().getBytes(StandardCharsets.UTF_8);
        TarArchiveEntry entry = new TarArchiveEntry(file.getKey());
        entry.setSize(content.length);
        tar.putArchiveEntry(entry);
        tar.write(content);
        tar.closeArchiveEntry();
      }
      if (link != null) {
        TarArchiveEntry entry = new TarArchiveEntry(link, TarConstants.LF_SYMLINK);
        entry.setLinkName("/etc/passwd");
        tar.putArchiveEntry(entry);
        tar.closeArchiveEntry();
      }
    }
    return bytes.toByteArray();
  }

  @Test
  void refusesWhatIsNeitherFolderNorName() {
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class, () -> cache(new byte[0]).folder("bert-large-uncased"));
    assertEquals(
        "--model: expected the folder or .tar.gz of a SavedModel or a name (bert-base-uncased), found neither"
            + " a folder nor a name in \"bert-large-uncased\"",
        e.getMessage());
  }

  @Test
  void takesTheRootFromTheEnvironment() throws Exception {
    Path kept = root.resolve("models/bert-base-uncased");
    Files.createDirectories(kept);
    assertEquals(
        kept,
        ModelCache.ofUser(Map.of("SQUAT_CACHE", root.toString()), Progress.NONE)
            .folder(PretrainedModel.BERT_BASE_UNCASED));
  }

  @Test
  void givesMavenTheArgumentsOfTheEnvironment() {
    assertEquals(List.of("mvn"), ModelCache.maven(Map.of()));
    assertEquals(
        List.of("mvn", "-s", "/home/me/settings.xml", "--offline"),
        ModelCache.maven(Map.of("SQUAT_MAVEN_ARGS", " -s /home/me/settings.xml  --offline ")));
  }

  @Test
  void leavesNothingWhenTheDownloadFails() throws Exception {
    ModelCache cache =
        new ModelCache(
            root,
            (model, folder) -> {
              throw new IllegalStateException("no network");
            },
            Progress.NONE);
    assertThrows(IllegalStateException.class, () -> cache.folder(model("0".repeat(64))));
    assertNothingIsLeft();
  }

  private void assertNothingIsLeft() throws IOException {
    assertEquals(List.of(".tiny-model.lock"), names(root.resolve("models")));
  }

  private ModelCache cache(byte[] jar) {
    return new ModelCache(
        root,
        (model, folder) -> {
          downloads++;
          return write(folder.resolve("tiny-model-1.2.jar"), jar);
        },
        Progress.NONE);
  }

  private static PretrainedModel model(String sha256) {
    return new PretrainedModel("tiny-model", "org.example:tiny-model:1.2", ENTRY, 1, sha256);
  }

  private static Path write(Path file, byte[] bytes) {
    try {
      return Files.write(file, bytes);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static byte[] jar(Map<String, String> files) throws IOException {
    Map<String, byte[]> bytes = new TreeMap<>();
    files.forEach((name, text) -> bytes.put(name, text.getBytes(StandardCharsets.UTF_8)));
    return zip(Map.of(ENTRY, zip(bytes)));
  }

  private static byte[] zip(Map<String, byte[]> files) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes, StandardCharsets.UTF_8)) {
      for (Map.Entry<String, byte[]> file : files.entrySet()) {
        ZipEntry entry = new ZipEntry(file.getKey());
        entry.setTime(0);
        zip.putNextEntry(entry);
        zip.write(file.getValue());
        zip.closeEntry();
      }
    }
    return bytes.toByteArray();
  }

  private static String sha256(byte[] bytes) throws NoSuchAlgorithmException {
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  private static Map<String, String> contents(Path folder) throws IOException {
    Map<String, String> contents = new TreeMap<>();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        contents.put(folder.relativize(file).toString(), Files.readString(file));
      }
    }
    return contents;
  }
}
