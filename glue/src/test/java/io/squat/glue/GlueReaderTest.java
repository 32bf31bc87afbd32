package io.squat.glue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class GlueReaderTest {
  private static final float NONE = Float.NaN;

  @TempDir Path folder;

  private static Examples read(GlueTask task, Split split, String... lines) {
    byte[] bytes = (String.join("\n", lines) + "\n").getBytes(StandardCharsets.UTF_8);
    return GlueReader.read(new ByteArrayInputStream(bytes), "rows", task, split);
  }

  private static Example row(@Nullable String id, String a, @Nullable String b, float label) {
    return new Example(id, a, b, label);
  }

  @Test
  void cola() {
    Examples dev =
        read(GlueTask.COLA, Split.DEV, "gj04\t1\t\tThe cat sat.", "ab12\t0\t*\tCat the \"sat.");
    assertEquals(
        List.of(row(null, "The cat sat.", null, 1), row(null, "Cat the \"sat.", null, 0)),
        dev.rows());
    Examples test = read(GlueTask.COLA, Split.TEST, "index\tsentence", "0\tWho left?");
    assertEquals(List.of(row("0", "Who left?", null, NONE)), test.rows());
  }

  @Test
  void sst2() {
    Examples train = read(GlueTask.SST2, Split.TRAIN, "sentence\tlabel", "a gem \t1", "dull \t0");
    assertEquals(List.of(row(null, "a gem ", null, 1), row(null, "dull ", null, 0)), train.rows());
    Examples test = read(GlueTask.SST2, Split.TEST, "index\tsentence", "0\tfine film");
    assertEquals(List.of(row("0", "fine film", null, NONE)), test.rows());
  }

  @Test
  void mrpcWithByteOrderMarkAndLoneQuotes() {
    Examples train =
        read(
            GlueTask.MRPC,
            Split.TRAIN,
            "\uFEFFQuality\t#1 ID\t#2 ID\t#1 String\t#2 String",
            "1\t11\t12\t\" Yes , he said\tHe agreed .",
            "0\t13\t14\tOne .\tTwo . \"");
    assertEquals(
        List.of(row(null, "\" Yes , he said", "He agreed .", 1), row(null, "One .", "Two . \"", 0)),
        train.rows());
    Examples test =
        read(
            GlueTask.MRPC,
            Split.TEST,
            "index\t#1 ID\t#2 ID\t#1 String\t#2 String",
            "0\t11\t12\tleft\tright");
    assertEquals(List.of(row("0", "left", "right", NONE)), test.rows());
  }

  @Test
  void stsb() {
    String header =
        "index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\tsentence1\tsentence2";
    String start = "7\tmain-captions\tMSRvid\t2012test\t0001\tnone\tnone\tA plane.\tAn air plane.";
    Examples dev =
        read(GlueTask.STSB, Split.DEV, header + "\tscore", start + "\t3.250", start + "\t5");
    assertEquals(
        List.of(
            row("7", "A plane.", "An air plane.", 3.25f), row("7", "A plane.", "An air plane.", 5)),
        dev.rows());
    Examples test = read(GlueTask.STSB, Split.TEST, header, start);
    assertEquals(List.of(row("7", "A plane.", "An air plane.", NONE)), test.rows());
  }

  @Test
  void qqpRowsCutByALineBreakAreSkippedAndCounted() {
    Examples train =
        read(
            GlueTask.QQP,
            Split.TRAIN,
            "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate",
            "133273\t213221\t213222\tHow do I?\tHow can I?\t1",
            "5\t6\t7\tWhat is",
            "the time?\tWhy?\t0",
            "201359\t303345\t303346\tWhy?\t\t0");
    assertEquals(
        List.of(row("133273", "How do I?", "How can I?", 1), row("201359", "Why?", "", 0)),
        train.rows());
    assertEquals(2, train.skippedRows());
    Examples test = read(GlueTask.QQP, Split.TEST, "id\tquestion1\tquestion2", "0\tWhere?\tWhen?");
    assertEquals(List.of(row("0", "Where?", "When?", NONE)), test.rows());
  }

  @Test
  void mnliFindsItsGoldLabelByName() {
    String start =
        "index\tpromptID\tpairID\tgenre\tsentence1_binary_parse\tsentence2_binary_parse\t"
            + "sentence1_parse\tsentence2_parse\tsentence1\tsentence2";
    String texts = "\tp\tq\tfiction\t( a )\t( b )\t(ROOT a)\t(ROOT b)\tIt rains.\tIt is wet.";
    Examples train =
        read(
            GlueTask.MNLI,
            Split.TRAIN,
            start + "\tlabel1\tgold_label",
            "0" + texts + "\tneutral\tentailment",
            "1" + texts + "\tneutral\tcontradiction");
    assertEquals(
        List.of(row("0", "It rains.", "It is wet.", 1), row("1", "It rains.", "It is wet.", 0)),
        train.rows());
    Examples dev =
        read(
            GlueTask.MNLI,
            Split.DEV_MISMATCHED,
            start + "\tlabel1\tlabel2\tlabel3\tlabel4\tlabel5\tgold_label",
            "0" + texts + "\tentailment\tneutral\tneutral\tneutral\tneutral\t-",
            "1" + texts + "\tentailment\tneutral\tneutral\tneutral\tneutral\tneutral");
    assertEquals(List.of(row("1", "It rains.", "It is wet.", 2)), dev.rows());
    assertEquals(1, dev.skippedRows());
    Examples test = read(GlueTask.MNLI, Split.TEST, start, "3" + texts);
    assertEquals(List.of(row("3", "It rains.", "It is wet.", NONE)), test.rows());
  }

  @Test
  void qnli() {
    Examples dev =
        read(
            GlueTask.QNLI,
            Split.DEV,
            "index\tquestion\tsentence\tlabel",
            "0\tWho?\tHe did.\tentailment",
            "1\tWhen?\tShe did.\tnot_entailment");
    assertEquals(
        List.of(row("0", "Who?", "He did.", 0), row("1", "When?", "She did.", 1)), dev.rows());
    Examples test = read(GlueTask.QNLI, Split.TEST, "index\tquestion\tsentence", "0\tWho?\tHe.");
    assertEquals(List.of(row("0", "Who?", "He.", NONE)), test.rows());
  }

  @Test
  void rte() {
    Examples train =
        read(
            GlueTask.RTE,
            Split.TRAIN,
            "index\tsentence1\tsentence2\tlabel",
            "0\tNo weapons.\tWeapons.\tnot_entailment",
            "1\tA place.\tPlace.\tentailment");
    assertEquals(
        List.of(row("0", "No weapons.", "Weapons.", 1), row("1", "A place.", "Place.", 0)),
        train.rows());
    Examples test = read(GlueTask.RTE, Split.TEST, "index\tsentence1\tsentence2", "0\ta\tb");
    assertEquals(List.of(row("0", "a", "b", NONE)), test.rows());
  }

  @Test
  void wnli() {
    Examples dev =
        read(
            GlueTask.WNLI,
            Split.DEV,
            "index\tsentence1\tsentence2\tlabel",
            "0\tThe drain is clogged. It must be cleaned.\tThe hair must be cleaned.\t0",
            "1\tJane knocked.\tJane did.\t1");
    assertEquals(0, dev.rows().get(0).label());
    assertEquals(row("1", "Jane knocked.", "Jane did.", 1), dev.rows().get(1));
  }

  @Test
  void axIsInTheFolderOfGluesScript() throws IOException {
    Path file = Files.createDirectory(folder.resolve("diagnostic")).resolve("diagnostic.tsv");
    Files.writeString(file, "index\tsentence1\tsentence2\n0\tThe cat sat.\tThe cat did not sit.\n");
    Examples test = GlueReader.read(folder, GlueTask.AX, Split.TEST);
    assertEquals(List.of(row("0", "The cat sat.", "The cat did not sit.", NONE)), test.rows());
    assertEquals(GlueTask.MNLI.labels(), GlueTask.AX.labels());
  }

  @Test
  void columnsMayStandInAnyOrder() {
    Examples dev =
        read(
            GlueTask.RTE,
            Split.DEV,
            "note\tlabel\tsentence2\tsentence1",
            "x\tentailment\tsecond\tfirst");
    assertEquals(List.of(row(null, "first", "second", 0)), dev.rows());
  }

  @Test
  void windowsLineEndsAndEmptyLinesAndNoLastLineEnd() {
    byte[] bytes = "sentence\tlabel\r\na\t1\r\n\r\nb\u2028c\t0".getBytes(StandardCharsets.UTF_8);
    Examples train =
        GlueReader.read(new ByteArrayInputStream(bytes), "rows", GlueTask.SST2, Split.TRAIN);
    assertEquals(List.of(row(null, "a", null, 1), row(null, "b\u2028c", null, 0)), train.rows());
    assertEquals(0, train.skippedRows());
  }

  @Test
  void foldersAndCompression() throws IOException {
    byte[] bytes = "sentence\tlabel\nabc\t1\n".getBytes(StandardCharsets.UTF_8);
    Path task = Files.createDirectories(folder.resolve("sst-2"));
    Path zipped = task.resolve("train.tsv.gz");
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(zipped))) {
      out.write(bytes);
    }
    Files.write(task.resolve("dev.tsv"), bytes);
    Examples fromRoot = GlueReader.read(folder, GlueTask.SST2, Split.TRAIN);
    Examples fromTask = GlueReader.read(task, GlueTask.SST2, Split.TRAIN);
    Examples plain = GlueReader.read(folder, GlueTask.SST2, Split.DEV);
    assertEquals(List.of(row(null, "abc", null, 1)), fromRoot.rows());
    assertEquals(fromRoot, fromTask);
    // printf 'sentence\tlabel\nabc\t1\n' | sha256sum
    String sha256 = "2fae83a48cfbb2446980c80a38a84005bbccbae43733e7acf3b4962bb4c001cc";
    assertEquals(sha256, fromRoot.sha256());
    assertEquals(sha256, plain.sha256());
  }

  @Test
  void missingFileSaysWhatWasLookedFor() throws IOException {
    Files.createFile(Files.createDirectories(folder.resolve("RTE")).resolve("dev.tsv"));
    assertError(
        folder
            + ": no RTE train data; expected train.tsv or train.tsv.gz there or in its folder RTE,"
            + " found in "
            + folder.resolve("RTE")
            + ": dev.tsv; `squat glue --download DIR` fetches GLUE",
        () -> GlueReader.read(folder, GlueTask.RTE, Split.TRAIN));
    Path nowhere = folder.resolve("nowhere");
    assertError(
        nowhere
            + ": no RTE train data; expected train.tsv or train.tsv.gz there or in its folder RTE,"
            + " found no such file or folder; `squat glue --download DIR` fetches GLUE",
        () -> GlueReader.read(nowhere, GlueTask.RTE, Split.TRAIN));
  }

  @Test
  void missingColumns() {
    assertError(
        "rows, line 1: missing column \"sentence2\", \"label\"; expected the tab-separated header of"
            + " the dev rows, found \"index\", \"sentence1\"",
        () -> read(GlueTask.RTE, Split.DEV, "index\tsentence1", "0\ta"));
  }

  @Test
  void shortRow() {
    assertError(
        "rows, line 3: expected 4 tab-separated columns, found 3",
        () ->
            read(
                GlueTask.RTE,
                Split.DEV,
                "index\tsentence1\tsentence2\tlabel",
                "0\ta\tb\tentailment",
                "1\ta\tentailment"));
  }

  /** Such as CoLA's dev rows in the layout of its test rows. */
  @Test
  void shortRowOfAFileWithoutHeader() {
    assertError(
        "rows, line 1: expected 4 tab-separated columns (\"source\", \"label\", \"mark\","
            + " \"sentence\"), found 2",
        () -> read(GlueTask.COLA, Split.DEV, "index\tsentence", "0\ta"));
  }

  @Test
  void unknownLabel() {
    assertError(
        "rows, line 2: unknown label \"yes\"; expected one of \"entailment\", \"not_entailment\"",
        () -> read(GlueTask.RTE, Split.DEV, "index\tsentence1\tsentence2\tlabel", "0\ta\tb\tyes"));
    assertError(
        "rows, line 1: unknown label \"label\"; expected one of \"0\", \"1\"",
        () -> read(GlueTask.COLA, Split.DEV, "source\tlabel\tmark\tsentence"));
  }

  @Test
  void scoresThatAreNone() {
    for (String score : List.of("NaN", "1f", "0x1p2", "", "high")) {
      assertError(
          "rows, line 2: expected a score, found \"" + score + "\", which is not a number",
          () -> read(GlueTask.STSB, Split.DEV, "sentence1\tsentence2\tscore", "a\tb\t" + score));
    }
    for (String score : List.of("-0.1", "5.001", "1e9")) {
      assertError(
          "rows, line 2: expected a score from 0 to 5, found " + score,
          () -> read(GlueTask.STSB, Split.DEV, "sentence1\tsentence2\tscore", "a\tb\t" + score));
    }
  }

  @Test
  void invalidUtf8NamesItsLine() {
    byte[] start = "sentence\tlabel\nfine\t1\nnot \n".getBytes(StandardCharsets.UTF_8);
    byte[] bytes = Arrays.copyOf(start, start.length);
    bytes[bytes.length - 2] = (byte) 0xE9;
    assertError(
        "rows, line 3: expected UTF-8, found bytes that are not (Input length = 1); save the file as"
            + " UTF-8",
        () -> GlueReader.read(new ByteArrayInputStream(bytes), "rows", GlueTask.SST2, Split.DEV));
  }

  @Test
  void noRows() {
    assertError(
        "rows: expected at least one row of SST-2, found none (0 skipped)",
        () -> read(GlueTask.SST2, Split.DEV, "sentence\tlabel"));
    assertError(
        "rows: expected at least one row of QQP, found none (1 skipped)",
        () -> read(GlueTask.QQP, Split.TEST, "id\tquestion1\tquestion2", "0\ta"));
    assertError(
        "rows: expected a header line with \"sentence\", \"label\", found an empty file",
        () ->
            GlueReader.read(
                new ByteArrayInputStream(new byte[0]), "rows", GlueTask.SST2, Split.DEV));
    assertError(
        "rows: expected at least one row of CoLA, found none (0 skipped)",
        () ->
            GlueReader.read(
                new ByteArrayInputStream(new byte[0]), "rows", GlueTask.COLA, Split.DEV));
  }

  @Test
  void brokenCompression() throws IOException {
    ByteArrayOutputStream zipped = new ByteArrayOutputStream();
    try (OutputStream out = new GZIPOutputStream(zipped)) {
      out.write("sentence\tlabel\nabc\t1\n".getBytes(StandardCharsets.UTF_8));
    }
    Path file = folder.resolve("dev.tsv.gz");
    Files.write(file, Arrays.copyOf(zipped.toByteArray(), zipped.size() / 2));
    assertUnreadable(file);
    Files.writeString(file, "sentence\tlabel\nabc\t1\n");
    assertUnreadable(file);
  }

  private void assertUnreadable(Path file) {
    UncheckedIOException error =
        assertThrows(
            UncheckedIOException.class, () -> GlueReader.read(folder, GlueTask.SST2, Split.DEV));
    String message = String.valueOf(error.getMessage());
    assertTrue(message.startsWith(file.toString()), message);
    assertTrue(message.contains("cannot be read"), message);
  }

  private static void assertError(String message, Executable call) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, call).getMessage());
  }
}
