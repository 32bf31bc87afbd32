package io.squat.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.squat.files.FolderLock;
import io.squat.files.WholeFiles;
import io.squat.glue.GlueTask;
import io.squat.glue.Split;
import io.squat.train.Progress;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * Fetches GLUE's official files into the layout of GLUE's own script.
 *
 * <pre>
 * DIR
 *   CoLA             train.tsv, dev.tsv, test.tsv
 *   ...
 *   diagnostic       diagnostic.tsv: AX
 *   .download        what is on its way, and the lock of the process that fetches
 * </pre>
 *
 * <p>Sizes and checksums are those that TensorFlow Datasets publishes for GLUE; QQP's, whose
 * archive was cleaned since, is the one of Julia's Transformers package. A folder of a task is
 * there as a whole or not at all. MRPC's terms do not let GLUE host it: its rows are split as
 * GLUE's script does.
 */
final class GlueDownload {
  /** Where GLUE's script fetches from. */
  static final URI OFFICIAL = URI.create("https://dl.fbaipublicfiles.com/");

  /**
   * A file of GLUE's.
   *
   * @param path from the root of the server
   * @param bytes its size
   * @param sha256 its checksum
   */
  record Source(String path, long bytes, String sha256) {
    private String name() {
      return path.substring(path.lastIndexOf('/') + 1);
    }
  }

  private static final String GLUE = "glue/data/";
  private static final String SENTEVAL = "senteval/senteval_data/";

  private final URI root;
  private final Path folder;
  private final Progress progress;

  /**
   * Makes a download.
   *
   * @param root of the server
   * @param folder where GLUE will be
   * @param progress who is told how far it is
   */
  GlueDownload(URI root, Path folder, Progress progress) {
    this.root = root;
    this.folder = folder;
    this.progress = progress;
  }

  /** What a task is made from. */
  static List<Source> sources(GlueTask task) {
    return switch (task) {
      case COLA ->
          zip("CoLA", 376_971, "f212fcd832b8f7b435fb991f101abf89f96b933ab400603bf198960dfc32cbff");
      case SST2 ->
          zip(
              "SST-2",
              7_439_277,
              "d67e16fb55739c1b32cdce9877596db1c127dc322d93c082281f64057c16deaa");
      case STSB ->
          zip("STS-B", 802_872, "e60a6393de5a8b5b9bac5020a1554b54e3691f9d600b775bd131e613ac179c85");
      case QQP ->
          zip(
              "QQP-clean",
              41_696_084,
              "40e7c862c04eb26ee04b67fd900e76c45c6ba8e6d8fab4f8f1f8072a1a3fbae0");
      case MNLI ->
          zip(
              "MNLI",
              312_783_507,
              "e7c1d896d26ed6caf700110645df426cc2d8ebf02a5ab743d5a5c68ac1c83633");
      case QNLI ->
          zip(
              "QNLIv2",
              10_627_589,
              "e634e78627a29adaecd4f955359b22bf5e70f2cbd93b493f2d624138a0c0e5f5");
      case RTE ->
          zip("RTE", 697_150, "6bf86de103ecd335f3441bd43574d23fef87ecc695977a63b82d5efb206556ee");
      case WNLI ->
          zip("WNLI", 28_999, "ae0e8e4d16f4d46d4a0a566ec7ecceccfd3fbfaa4a7a4b4e02848c0f2561ac46");
      case AX ->
          List.of(
              new Source(
                  GLUE + "AX.tsv",
                  222_257,
                  "0e13510b1bb14436ff7e2ee82338f0efb0133ecf2e73507a697dc210db3f05fd"));
      case MRPC ->
          List.of(
              new Source(
                  SENTEVAL + "msr_paraphrase_train.txt",
                  1_047_044,
                  "60a9b09084528f0673eedee2b69cb941920f0b8cd0eeccefc464a98768457f89"),
              new Source(
                  SENTEVAL + "msr_paraphrase_test.txt",
                  441_275,
                  "a04e271090879aaba6423d65b94950c089298587d9c084bf9cd7439bd785f784"),
              new Source(
                  GLUE + "mrpc_dev_ids.tsv",
                  6222,
                  "971d7767d81b997fd9060ade0ec23c4fc31cbb226a55d1bd4a1bac474eb81dc7"));
    };
  }

  private static List<Source> zip(String name, long bytes, String sha256) {
    return List.of(new Source(GLUE + name + ".zip", bytes, sha256));
  }

  /** How a task came to be in the folder. */
  enum Outcome {
    /** It was fetched. */
    FETCHED,
    /** It was there as a whole. */
    PRESENT
  }

  /**
   * Fetches a task, unless it is there.
   *
   * @throws IllegalArgumentException if its folder is there, but not all of its files
   * @throws IllegalStateException if a file cannot be got, or is not what it should be
   * @throws UncheckedIOException if a file cannot be written
   */
  Outcome fetch(GlueTask task) {
    return fetch(task, sources(task));
  }

  /** The same from other files, made up for tests. */
  Outcome fetch(GlueTask task, List<Source> sources) {
    Path target = folder.resolve(folderName(task));
    Path download = folder.resolve(".download");
    List<String> missing = missing(task, target);
    if (missing.isEmpty()) {
      deleteArchives(sources, download);
      return Outcome.PRESENT;
    }
    if (Files.exists(target)) {
      throw new IllegalArgumentException(
          target
              + ": expected no such folder or a whole one, found one without "
              + String.join(", ", missing)
              + "; move it away");
    }
    FolderLock.holding(
        download,
        () -> {
          fetch(task, sources, download, target);
          return target;
        });
    return Outcome.FETCHED;
  }

  /** Of a process that was killed when the task was complete. */
  private static void deleteArchives(List<Source> sources, Path download) {
    List<Path> left =
        sources.stream()
            .map(source -> download.resolve(source.name()))
            .filter(Files::exists)
            .toList();
    if (left.isEmpty()) {
      return;
    }
    try {
      FolderLock.holding(
          download,
          () -> {
            left.forEach(GlueDownload::deleteFile);
            return download;
          });
    } catch (IllegalArgumentException | UncheckedIOException ignored) {
      // They stay: another process is at work in the folder, or they are not ours to remove.
    }
  }

  private static void deleteFile(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be removed: " + e, e);
    }
  }

  private void fetch(GlueTask task, List<Source> sources, Path download, Path target) {
    Path work = download.resolve(task.displayName());
    try {
      List<Path> files = new ArrayList<>();
      for (Source source : sources) {
        Path file = download.resolve(source.name());
        if (!Files.exists(file)) {
          new HttpFile(root.resolve(source.path()), source.bytes(), source.sha256())
              .fetch(file, progress);
        }
        files.add(file);
      }
      WholeFiles.delete(work); // of a process that was killed
      make(task, files, Files.createDirectories(work));
      Files.move(work, target, StandardCopyOption.ATOMIC_MOVE);
      for (Path file : files) {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(target + ": cannot be written: " + e, e);
    }
  }

  /** Whatever the archive is called: GLUE's script names the folder of AX so. */
  private static String folderName(GlueTask task) {
    return task == GlueTask.AX ? "diagnostic" : task.displayName();
  }

  private static List<Split> splits(GlueTask task) {
    return switch (task) {
      case MNLI -> List.of(Split.values());
      case AX -> List.of(Split.TEST);
      default -> List.of(Split.TRAIN, Split.DEV, Split.TEST);
    };
  }

  private static List<String> missing(GlueTask task, Path target) {
    return splits(task).stream()
        .map(split -> split.fileName(task))
        .filter(
            name ->
                !Files.isRegularFile(target.resolve(name))
                    && !Files.isRegularFile(target.resolve(name + ".gz")))
        .toList();
  }

  private static void make(GlueTask task, List<Path> files, Path work) throws IOException {
    switch (task) {
      case MRPC -> makeMrpc(files.get(0), files.get(1), files.get(2), work);
      case AX -> Files.copy(files.get(0), work.resolve(Split.TEST.fileName(task)));
      default -> unpack(task, files.get(0), work);
    }
  }

  /** Takes the files of the splits and nothing else, so that no name leads out of the folder. */
  private static void unpack(GlueTask task, Path archive, Path work) throws IOException {
    try (ZipFile zip = new ZipFile(archive.toFile())) {
      for (Split split : splits(task)) {
        String name = task.displayName() + "/" + split.fileName(task);
        ZipEntry entry = zip.getEntry(name);
        if (entry == null) {
          throw new IllegalStateException(
              archive + ": expected an entry " + name + " in the archive, found none");
        }
        try (InputStream in = zip.getInputStream(entry)) {
          Files.copy(in, work.resolve(split.fileName(task)));
        }
      }
    }
  }

  /** As {@code format_mrpc} of GLUE's script: dev are the rows whose two ids are listed. */
  private static void makeMrpc(Path train, Path test, Path devIds, Path work) throws IOException {
    Set<String> dev = new HashSet<>();
    for (String ids : lines(devIds)) {
      dev.add(ids.strip());
    }
    List<String> rows = lines(train);
    List<String> inTrain = new ArrayList<>(rows.subList(0, 1));
    List<String> inDev = new ArrayList<>(rows.subList(0, 1));
    for (String row : rows.subList(1, rows.size())) {
      String[] fields = row.strip().split("\t", -1);
      (dev.contains(fields[1] + "\t" + fields[2]) ? inDev : inTrain).add(row.strip());
    }
    List<String> tested = lines(test);
    List<String> inTest = new ArrayList<>(List.of("index\t#1 ID\t#2 ID\t#1 String\t#2 String"));
    for (int i = 1; i < tested.size(); i++) {
      String row = tested.get(i).strip();
      inTest.add((i - 1) + row.substring(row.indexOf('\t')));
    }
    write(work.resolve("train.tsv"), inTrain);
    write(work.resolve("dev.tsv"), inDev);
    write(work.resolve("test.tsv"), inTest);
  }

  private static List<String> lines(Path file) throws IOException {
    return List.of(Files.readString(file, UTF_8).split("\r?\n"));
  }

  private static void write(Path file, List<String> lines) throws IOException {
    Files.writeString(
        file, lines.stream().map(line -> line + "\n").collect(Collectors.joining()), UTF_8);
  }
}
