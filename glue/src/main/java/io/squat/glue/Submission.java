package io.squat.glue;

import com.google.common.primitives.Floats;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.LocalDateTime;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;

/**
 * Predictions as GLUE's leaderboard takes them: a zip of eleven files, of which each has the header
 * {@code index prediction} and a row for each row of its test split.
 *
 * <p>Labels are written by their names in the task's files; scores of STS-B within 0 and 5 and with
 * three decimals. The same predictions give the same bytes.
 */
public enum Submission {
  COLA("CoLA.tsv", GlueTask.COLA, Split.TEST, 1063),
  SST2("SST-2.tsv", GlueTask.SST2, Split.TEST, 1821),
  MRPC("MRPC.tsv", GlueTask.MRPC, Split.TEST, 1725),
  STSB("STS-B.tsv", GlueTask.STSB, Split.TEST, 1379),
  QQP("QQP.tsv", GlueTask.QQP, Split.TEST, 390_965),
  MNLI_MATCHED("MNLI-m.tsv", GlueTask.MNLI, Split.TEST, 9796),
  MNLI_MISMATCHED("MNLI-mm.tsv", GlueTask.MNLI, Split.TEST_MISMATCHED, 9847),
  QNLI("QNLI.tsv", GlueTask.QNLI, Split.TEST, 5463),
  RTE("RTE.tsv", GlueTask.RTE, Split.TEST, 3000),
  WNLI("WNLI.tsv", GlueTask.WNLI, Split.TEST, 146),
  AX("AX.tsv", GlueTask.AX, Split.TEST, 1104);

  private static final float MAX_SCORE = 5;

  /** The earliest that a zip can say. */
  private static final LocalDateTime TIME = LocalDateTime.of(1980, 1, 1, 0, 0);

  private final String fileName;
  private final GlueTask task;
  private final Split split;
  private final int rows;

  Submission(String fileName, GlueTask task, Split split, int rows) {
    this.fileName = fileName;
    this.task = task;
    this.split = split;
    this.rows = rows;
  }

  /**
   * The file of a split.
   *
   * @param examples all rows of the split
   * @throws IllegalArgumentException if there is none, or the rows are not as many as the
   *     leaderboard expects
   */
  public static Submission of(Examples examples) {
    Submission file = of(examples.task(), examples.split());
    if (examples.rows().size() != file.rows) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "submission: %s: expected the %d rows of %s's official %s split, found %d",
              file.fileName,
              file.rows,
              file.task.displayName(),
              file.split,
              examples.rows().size()));
    }
    return file;
  }

  private static Submission of(Task task, Split split) {
    return Arrays.stream(values())
        .filter(file -> file.task.equals(task) && file.split == split)
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "submission: expected the test split of a GLUE task (of MNLI test and"
                        + " test_mismatched), found "
                        + task.displayName()
                        + " "
                        + split));
  }

  /** The name in the zip. */
  public String fileName() {
    return fileName;
  }

  /**
   * Predictions as the text of one of the files: labels by name; scores of STS-B as the leaderboard
   * wants them, from 0 to 5 with three decimals, other scores as they are.
   *
   * @param examples the rows; the index is a row's own id, or its number from 0 where it has none
   * @param predictions class indices or scores, one a row
   */
  public static String table(Examples examples, float[] predictions) {
    StringBuilder table = new StringBuilder("index\tprediction\n");
    for (int row = 0; row < predictions.length; row++) {
      String id = examples.rows().get(row).id();
      table
          .append(id == null ? Integer.toString(row) : id)
          .append('\t')
          .append(prediction(examples.task(), predictions[row]))
          .append('\n');
    }
    return table.toString();
  }

  private static String prediction(Task task, float value) {
    if (!task.isRegression()) {
      return task.labels().get((int) value);
    }
    return task == GlueTask.STSB
        ? String.format(Locale.ROOT, "%.3f", Floats.constrainToRange(value, 0, MAX_SCORE))
        : Float.toString(value);
  }

  /**
   * Puts this file into a zip, and leaves the others in it as they are. The zip is written beside
   * and renamed; of several processes that put files into one zip each waits for the one before.
   *
   * @param zip the zip, which need not be there yet
   * @param examples the rows of the split
   * @param predictions class indices or scores, one a row
   * @return the names that a whole submission has and this zip lacks
   * @throws IllegalArgumentException if the zip holds other files
   * @throws UncheckedIOException if the zip cannot be read or written
   */
  public List<String> put(Path zip, Examples examples, float[] predictions) {
    byte[] content = table(examples, predictions).getBytes(StandardCharsets.UTF_8);
    Map<Submission, byte[]> files =
        alone(
            zip,
            () -> {
              Map<Submission, byte[]> all = read(zip);
              all.put(this, content);
              write(zip, all);
              return all;
            });
    return Arrays.stream(values())
        .filter(file -> !files.containsKey(file))
        .map(Submission::fileName)
        .toList();
  }

  /**
   * Does something while no other process does anything with the zip. The lock's file stays: to
   * delete it would take the lock from one that waits for it.
   */
  static synchronized <T> T alone(Path zip, Supplier<T> work) {
    Path lock = lock(zip);
    try (FileChannel channel =
        FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      channel.lock();
      return work.get();
    } catch (IOException e) {
      throw new UncheckedIOException(zip + ": cannot be locked: " + e.getMessage(), e);
    }
  }

  static Path lock(Path zip) {
    return zip.resolveSibling("." + zip.getFileName() + ".lock");
  }

  private static Map<Submission, byte[]> read(Path zip) {
    Map<Submission, byte[]> files = new EnumMap<>(Submission.class);
    if (!Files.exists(zip)) {
      return files;
    }
    try (InputStream raw = Files.newInputStream(zip);
        ZipInputStream in = new ZipInputStream(raw)) {
      for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
        files.put(named(zip, entry.getName()), in.readAllBytes());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(zip + ": cannot be read: " + e.getMessage(), e);
    }
    if (files.isEmpty()) {
      throw new IllegalArgumentException(
          zip + ": expected the zip of a submission, found a file that is none");
    }
    return files;
  }

  private static Submission named(Path zip, String name) {
    return Arrays.stream(values())
        .filter(file -> file.fileName.equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    zip
                        + ": expected the files of a submission alone, found "
                        + name
                        + "; choose another zip"));
  }

  private static void write(Path zip, Map<Submission, byte[]> files) {
    Path part = zip.resolveSibling(".part-" + zip.getFileName());
    try {
      try {
        try (OutputStream raw = Files.newOutputStream(part);
            ZipOutputStream out = new ZipOutputStream(raw)) {
          for (Map.Entry<Submission, byte[]> file : files.entrySet()) {
            ZipEntry entry = new ZipEntry(file.getKey().fileName);
            entry.setTimeLocal(TIME);
            out.putNextEntry(entry);
            out.write(file.getValue());
          }
        }
        Files.move(part, zip, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } finally {
        Files.deleteIfExists(part);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(zip + ": cannot be written: " + e.getMessage(), e);
    }
  }
}
