package io.squat.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.common.hash.Hashing;
import io.squat.glue.GlueReader;
import io.squat.glue.GlueTask;
import io.squat.glue.Split;
import io.squat.train.Progress;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GlueDownloadTest {
  @TempDir Path folder;
  private final FileServer server = new FileServer();

  @AfterEach
  void stop() {
    server.close();
  }

  private GlueDownload download() {
    return new GlueDownload(server.root(), folder, Progress.NONE);
  }

  private GlueDownload.Source serve(String path, byte[] content) {
    server.put(path, content);
    return new GlueDownload.Source(
        path, content.length, Hashing.sha256().hashBytes(content).toString());
  }

  private GlueDownload.Source serve(String path, String... lines) {
    return serve(path, (String.join("\n", lines) + "\n").getBytes(UTF_8));
  }

  /** Names and contents by turns. */
  private static byte[] zip(String... entries) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      for (int i = 0; i < entries.length; i += 2) {
        zip.putNextEntry(new ZipEntry(entries[i]));
        zip.write(entries[i + 1].getBytes(UTF_8));
      }
    }
    return bytes.toByteArray();
  }

  private List<String> files() throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files
          .filter(Files::isRegularFile)
          .map(file -> folder.relativize(file).toString())
          .filter(name -> !name.equals(".download/lock"))
          .sorted()
          .toList();
    }
  }

  private GlueDownload.Source rte() throws IOException {
    String header = "index\tsentence1\tsentence2\tlabel\n";
    return serve(
        "glue/data/RTE.zip",
        zip(
            "RTE/train.tsv", header + "0\ta\tb\tentailment\n",
            "../outside.tsv", "never",
            "RTE/../../outside.tsv", "never",
            "RTE/original/raw.tsv", "not needed",
            "RTE/dev.tsv", header + "0\tc\td\tnot_entailment\n",
            "RTE/test.tsv", "index\tsentence1\tsentence2\n0\te\tf\n"));
  }

  @Test
  void archivesGiveTheFilesOfTheSplits() throws IOException {
    List<GlueDownload.Source> sources = List.of(rte());
    assertEquals(GlueDownload.Outcome.FETCHED, download().fetch(GlueTask.RTE, sources));
    assertEquals(List.of("RTE/dev.tsv", "RTE/test.tsv", "RTE/train.tsv"), files());
    assertEquals("a", GlueReader.read(folder, GlueTask.RTE, Split.TRAIN).rows().get(0).textA());
    assertEquals(GlueDownload.Outcome.PRESENT, download().fetch(GlueTask.RTE, sources));
    assertEquals(1, server.requests().size());
  }

  @Test
  void whatAKilledProcessLeftDoesNotMatter() throws IOException {
    Path work = Files.createDirectories(folder.resolve(".download").resolve("RTE"));
    Files.writeString(work.resolve("train.tsv"), "cut o");
    GlueDownload.Source source = rte();
    Files.write(folder.resolve(".download").resolve("RTE.zip.part"), new byte[0]);
    download().fetch(GlueTask.RTE, List.of(source));
    assertEquals(List.of("RTE/dev.tsv", "RTE/test.tsv", "RTE/train.tsv"), files());
  }

  @Test
  void archivesOfATaskThatIsThereGo() throws IOException {
    List<GlueDownload.Source> sources = List.of(rte());
    download().fetch(GlueTask.RTE, sources);
    Files.writeString(folder.resolve(".download").resolve("RTE.zip"), "of a killed process");
    assertEquals(GlueDownload.Outcome.PRESENT, download().fetch(GlueTask.RTE, sources));
    assertEquals(List.of("RTE/dev.tsv", "RTE/test.tsv", "RTE/train.tsv"), files());
  }

  /** The rows that {@code format_mrpc} of GLUE's download_glue_data.py makes of these. */
  @Test
  void mrpcIsSplitByItsIds() throws IOException {
    String header = "\uFEFFQuality\t#1 ID\t#2 ID\t#1 String\t#2 String";
    List<GlueDownload.Source> sources =
        List.of(
            serve(
                "train.txt",
                header + "\r",
                "1\t11\t12\tOne \" .\tTwo .\r",
                "0\t13\t14\tThree .\tFour .\r",
                "1\t15\t16\tFive .\tSix . \r"),
            serve("test.txt", header + "\r", "1\t21\t22\tA .\tB .\r", "0\t23\t24\tC .\tD .\r"),
            serve("ids.tsv", "13\t14", "12\t11"));
    download().fetch(GlueTask.MRPC, sources);
    assertEquals(
        header + "\n1\t11\t12\tOne \" .\tTwo .\n1\t15\t16\tFive .\tSix .\n",
        text("MRPC/train.tsv"));
    assertEquals(header + "\n0\t13\t14\tThree .\tFour .\n", text("MRPC/dev.tsv"));
    assertEquals(
        "index\t#1 ID\t#2 ID\t#1 String\t#2 String\n0\t21\t22\tA .\tB .\n1\t23\t24\tC .\tD .\n",
        text("MRPC/test.tsv"));
    assertEquals(3, files().size());
  }

  private String text(String name) throws IOException {
    return Files.readString(folder.resolve(name), UTF_8);
  }

  @Test
  void axGoesWhereGluesScriptPutsIt() throws IOException {
    download()
        .fetch(
            GlueTask.AX,
            List.of(serve("glue/data/AX.tsv", "index\tsentence1\tsentence2", "0\ta\tb")));
    assertEquals(List.of("diagnostic/diagnostic.tsv"), files());
    assertEquals(1, GlueReader.read(folder, GlueTask.AX, Split.TEST).rows().size());
  }

  @Test
  void partOfATaskIsRefused() throws IOException {
    Files.createFile(Files.createDirectory(folder.resolve("RTE")).resolve("dev.tsv.gz"));
    GlueDownload.Source source = rte();
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class, () -> download().fetch(GlueTask.RTE, List.of(source)));
    assertEquals(
        folder.resolve("RTE")
            + ": expected no such folder or a whole one, found one without train.tsv, test.tsv; move"
            + " it away",
        refused.getMessage());
  }

  @Test
  void anArchiveWithoutTheFiles() throws IOException {
    GlueDownload.Source source = serve("glue/data/RTE.zip", zip("RTE/train.tsv", "x"));
    IllegalStateException failed =
        assertThrows(
            IllegalStateException.class, () -> download().fetch(GlueTask.RTE, List.of(source)));
    assertTrue(
        String.valueOf(failed.getMessage()).contains("expected an entry RTE/dev.tsv"),
        failed.getMessage());
    assertTrue(Files.notExists(folder.resolve("RTE")));
  }

  @Test
  void everyTaskHasSources() {
    List<GlueDownload.Source> all = new ArrayList<>();
    Arrays.stream(GlueTask.values()).map(GlueDownload::sources).forEach(all::addAll);
    assertEquals(12, all.size());
    assertEquals(12, all.stream().map(GlueDownload.Source::sha256).distinct().count());
    for (GlueDownload.Source source : all) {
      new HttpFile(GlueDownload.OFFICIAL.resolve(source.path()), source.bytes(), source.sha256());
    }
  }
}
