package io.squat.glue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TableFileTest {
  private static final TableColumns ONE = new TableColumns(List.of("text"), "y");
  private static final TableColumns TWO = new TableColumns(List.of("a", "b"), "y");
  private static final OwnTask BINARY = new OwnTask("mine", ONE, List.of("no", "yes"));

  @TempDir Path folder;

  private TableFile file(String name, String... lines) throws IOException {
    Path file = folder.resolve(name);
    Files.writeString(file, String.join("\n", lines) + (lines.length == 0 ? "" : "\n"));
    return new TableFile(file);
  }

  private String at(String name) {
    return folder.resolve(name).toString();
  }

  private static Example row(String a, @Nullable String b, float label) {
    return new Example(null, a, b, label);
  }

  @Test
  void tsvHasNoQuoting() throws IOException {
    TableFile file = file("t.tsv", "y\ttext\tnote", "yes\t\"so, he said\t", "no\t\tn");
    assertEquals(
        List.of(row("\"so, he said", null, 1), row("", null, 0)),
        file.read(BINARY, Split.TRAIN).rows());
  }

  @Test
  void csvIsThatOfRfc4180() throws IOException {
    TableFile file =
        file(
            "t.csv",
            "\uFEFF\"text\",y",
            "\"He said \"\"no\"\", twice,\nand left\",no",
            "",
            "plain tab\t,yes\r");
    assertEquals(
        List.of(row("He said \"no\", twice,\nand left", null, 0), row("plain tab\t", null, 1)),
        file.read(BINARY, Split.DEV).rows());
  }

  @Test
  void jsonLinesFindTheirFieldsByName() throws IOException {
    TableFile file =
        file(
            "t.jsonl",
            "{\"text\": \"a\\tb\\u00e9\", \"y\": \"yes\", \"meta\": {\"n\": [1]}}",
            "",
            "{\"y\": \"no\", \"text\": 7}");
    assertEquals(
        List.of(row("a\tb\u00e9", null, 1), row("7", null, 0)),
        file.read(BINARY, Split.DEV).rows());
  }

  @Test
  void labelsOfJsonMayBeNumbersAndTruths() throws IOException {
    OwnTask numbers =
        file("n.ndjson", "{\"text\": \"a\", \"y\": 2}", "{\"text\": \"b\", \"y\": 0}")
            .classification("n", ONE);
    assertEquals(List.of("0", "2"), numbers.labels());
    OwnTask truths =
        file("b.ndjson", "{\"text\": \"a\", \"y\": true}", "{\"text\": \"b\", \"y\": false}")
            .classification("b", ONE);
    assertEquals(List.of("false", "true"), truths.labels());
  }

  @Test
  void pairsKeepTheOrderThatWasAskedFor() throws IOException {
    TableFile file = file("t.csv", "b,y,a", "second,yes,first");
    OwnTask pairs = new OwnTask("pairs", TWO, List.of("no", "yes"));
    assertTrue(pairs.pair());
    assertEquals(List.of(row("first", "second", 1)), file.read(pairs, Split.DEV).rows());
  }

  @Test
  void compressionChangesNothing() throws IOException {
    Examples plain = file("t.csv", "text,y", "a,yes").read(BINARY, Split.TRAIN);
    Path zipped = folder.resolve("z.csv.gz");
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(zipped))) {
      out.write(Files.readAllBytes(folder.resolve("t.csv")));
    }
    TableFile file = new TableFile(zipped);
    assertEquals("z", file.stem());
    assertEquals(plain, file.read(BINARY, Split.TRAIN));
    // printf 'text,y\na,yes\n' | sha256sum
    assertEquals(
        "2eefda303cf27cded592c80f85adbb25a198549b52719cc6118e4066633ff8c5", plain.sha256());
  }

  @Test
  void classesAreFoundSorted() throws IOException {
    OwnTask task =
        file("t.tsv", "text\ty", "a\tpos", "b\tneutral", "c\tneg", "d\tpos")
            .classification("moods", ONE);
    assertEquals(new OwnTask("moods", ONE, List.of("neg", "neutral", "pos")), task);
    assertEquals(List.of(Metric.ACCURACY), task.metrics());
    assertEquals(List.of(Metric.ACCURACY, Metric.F1, Metric.MATTHEWS), BINARY.metrics());
  }

  @Test
  void regressionTakesAnyNumber() throws IOException {
    OwnTask task = OwnTask.regression("r", ONE);
    assertTrue(task.isRegression());
    assertEquals(List.of(Metric.SPEARMAN, Metric.PEARSON), task.metrics());
    TableFile file = file("t.csv", "text,y", "a,-17.5", "b,1e3");
    assertEquals(
        List.of(row("a", null, -17.5f), row("b", null, 1000)), file.read(task, Split.DEV).rows());
    assertError(
        at("u.csv") + ", line 2: expected a score, found \"NaN\", which is not a number",
        () -> file("u.csv", "text,y", "a,NaN").read(task, Split.DEV));
    assertError(
        at("u.csv")
            + ", line 2: expected a score from -3.4028234663852886E+38 to 3.4028234663852886E+38,"
            + " found 1e99",
        () -> file("u.csv", "text,y", "a,1e99").read(task, Split.DEV));
  }

  @Test
  void missingColumnListsThoseThatAreThere() {
    assertError(
        at("t.tsv")
            + ", line 1: missing column \"y\"; expected the tab-separated header of the dev rows, found"
            + " \"text\", \"label\"",
        () -> file("t.tsv", "text\tlabel", "a\tyes").read(BINARY, Split.DEV));
    assertError(
        at("t.csv")
            + ", line 1: missing column \"text\", \"y\"; expected the comma-separated header of"
            + " the dev rows, found \"text;y\"",
        () -> file("t.csv", "text;y", "a;yes").read(BINARY, Split.DEV));
    assertError(
        at("t.jsonl")
            + ", line 2: missing column \"y\"; expected the JSON header of the dev rows, found \"text\"",
        () -> file("t.jsonl", "", "{\"text\": \"a\"}").read(BINARY, Split.DEV));
  }

  @Test
  void aColumnThatIsThereTwiceIsRefused() {
    assertError(
        at("t.csv") + ", line 1: expected one column \"y\", found several: \"y\", \"text\", \"y\"",
        () -> file("t.csv", "y,text,y", "yes,a,no").read(BINARY, Split.DEV));
    assertPart(
        "line 1: expected one JSON object a line, found Duplicate field 'y'",
        () -> file("t.jsonl", "{\"text\": \"a\", \"y\": 1, \"y\": 2}").read(BINARY, Split.DEV));
  }

  @Test
  void labelsOutsideTheSetNameTheirPlace() {
    assertError(
        at("t.csv")
            + ", line 4: unknown label \"maybe\"; expected one of \"no\", \"yes\"; mend the row, or give all classes by --labels",
        () -> file("t.csv", "text,y", "\"a\nb\",yes", "c,maybe").read(BINARY, Split.DEV));
    assertError(
        at("t.tsv")
            + ", line 3: expected a label, one of \"no\", \"yes\", found none; give it one, or leave the row out",
        () -> file("t.tsv", "text\ty", "a\tyes", "b\t").read(BINARY, Split.DEV));
    assertError(
        at("t.jsonl") + ", line 2: expected a text or number in column \"y\", found none",
        () ->
            file("t.jsonl", "{\"text\": \"a\", \"y\": \"no\"}", "{\"text\": \"a\", \"y\": null}")
                .read(BINARY, Split.DEV));
    assertError(
        at("t.tsv")
            + ", line 3: expected a label in column \"y\", found an empty one; give it one, or leave"
            + " the row out",
        () -> file("t.tsv", "text\ty", "a\tyes", "b\t").classification("t", ONE));
    assertPart(
        ", line 3: expected a label in column \"y\", found an empty one",
        () -> file("t.tsv", "text\ty", "a\tyes", "b\t ", "c\tno").classification("t", ONE));
  }

  @Test
  void raggedRowsNameTheirPlace() {
    assertError(
        at("t.tsv") + ", line 3: expected 2 tab-separated columns, found 3",
        () -> file("t.tsv", "text\ty", "a\tyes", "b\tc\tno").read(BINARY, Split.DEV));
    assertError(
        at("t.csv") + ", line 2: expected 2 comma-separated columns, found 1",
        () -> file("t.csv", "text,y", "a").classification("t", ONE));
  }

  @Test
  void brokenContentNamesItsPlace() throws IOException {
    assertPart(
        ", line 2: expected one JSON object a line, found ",
        () ->
            file("t.jsonl", "{\"text\": \"a\", \"y\": \"no\"}", "{\"text\": ")
                .read(BINARY, Split.DEV));
    assertError(
        at("t.jsonl") + ", line 1: expected one JSON object a line, found another value",
        () -> file("t.jsonl", "[1]").read(BINARY, Split.DEV));
    assertPart(
        ": expected comma-separated fields as in RFC 4180, found ",
        () -> file("t.csv", "text,y", "a,yes", "\"b\" c,no").read(BINARY, Split.DEV));
    assertPart(
        ": expected comma-separated fields as in RFC 4180, found ",
        () -> file("t.csv", "text,y", "a,yes", "\"b,no").read(BINARY, Split.DEV));
    byte[] latin = "text,y\n\u00e9,yes\n".getBytes(StandardCharsets.ISO_8859_1);
    Files.write(folder.resolve("l.csv"), latin);
    assertPart(
        "expected UTF-8, found bytes that are not",
        () -> new TableFile(folder.resolve("l.csv")).read(BINARY, Split.DEV));
    Files.write(folder.resolve("l.csv.gz"), Arrays.copyOf(new byte[] {31, (byte) 139, 8}, 20));
    assertThrows(
        UncheckedIOException.class,
        () -> new TableFile(folder.resolve("l.csv.gz")).read(BINARY, Split.DEV));
  }

  @ParameterizedTest
  @CsvSource({"t.tsv", "t.csv", "t.jsonl"})
  void emptyFiles(String name) {
    assertError(
        at(name) + ": expected a header line with \"text\", \"y\", found an empty file",
        () -> file(name).read(BINARY, Split.DEV));
  }

  @Test
  void filesWithoutRows() {
    assertError(
        at("t.csv") + ": expected at least one row of mine, found none (0 skipped)",
        () -> file("t.csv", "text,y").read(BINARY, Split.DEV));
    assertError(
        at("t.csv") + ": expected at least one row, found none",
        () -> file("t.csv", "text,y").classification("t", ONE));
  }

  @Test
  void filesThatAreNotThere() {
    assertError(
        at("t.csv") + ": expected a file, found no such file",
        () -> new TableFile(folder.resolve("t.csv")).read(BINARY, Split.DEV));
    assertError(
        at("t.txt")
            + ": expected a file .tsv, .csv, .jsonl or .ndjson, plain or .gz, found another suffix;"
            + " rename it after what it holds",
        () -> file("t.txt"));
  }

  @Test
  void columnsThatHoldNoClasses() {
    assertError(
        at("t.csv")
            + ": column \"y\": expected labels of two classes or more, found \"yes\" in all 2 rows; is"
            + " that the right column?",
        () -> file("t.csv", "text,y", "a,yes", "b,yes").classification("t", ONE));
    String[] lines = new String[31];
    lines[0] = "text,y";
    for (int i = 1; i < lines.length; i++) {
      lines[i] = "a,0." + i;
    }
    assertPart(
        "found 30 different in 30 rows", () -> file("t.csv", lines).classification("t", ONE));
  }

  @Test
  void numbersThatAreClassesAreAsTheyAreWritten() throws IOException {
    assertEquals(
        List.of("1.50", "2"),
        file("t.jsonl", "{\"text\": \"a\", \"y\": 1.50}", "{\"text\": \"b\", \"y\": 2}")
            .classification("t", ONE)
            .labels());
  }

  @Test
  void otherNotationsOfANumberAreOtherClasses() throws IOException {
    assertEquals(
        List.of("-0", "1.0e+2", "100", "1E2", "1e2", "1e400"),
        file(
                "t.jsonl",
                "{\"text\": \"a\", \"y\": 1e2}",
                "{\"text\": \"b\", \"y\": 1E2}",
                "{\"text\": \"c\", \"y\": 100}",
                "{\"text\": \"d\", \"y\": 1.0e+2}",
                "{\"text\": \"e\", \"y\": -0}",
                "{\"text\": \"f\", \"y\": 1e400}")
            .classification("t", ONE)
            .labels());
  }

  @Test
  void aLineOfJsonIsOneObject() {
    for (String line :
        List.of(
            "{\"text\": \"a\", \"y\": \"no\"} {}",
            "{\"text\": \"a\", \"y\": \"no\"} 7",
            "{\"text\": \"a\", \"y\": \"no\"} x",
            "{\"text\": \"a\", \"y\": {\"n\": [1, {\"m\": 2}}",
            "{\"text\": \"a\", \"y\": ",
            "\"text\"",
            "no")) {
      assertPart(
          "line 1: expected one JSON object a line, found ",
          () -> file("t.jsonl", line).read(BINARY, Split.DEV));
    }
  }

  @Test
  void textsAloneAreRead() throws IOException {
    TableFile pairs = file("t.csv", "b,n,a", "1,x,2", "3,,4");
    assertEquals(List.of(List.of("2", "4"), List.of("1", "3")), pairs.texts(List.of("a", "b")));
    assertEquals(List.of(List.of("1", "3")), pairs.texts(null));
    assertEquals(List.of(List.of("x", "")), pairs.texts(List.of("n")));
  }

  @Test
  void textsOfColumnsThatAreNotOneAreRefused() {
    assertError(
        at("t.csv") + ", line 1: expected one column \"a\", found several: \"a\", \"b\", \"a\"",
        () -> file("t.csv", "a,b,a", "1,2,3").texts(List.of("b", "a")));
    assertError(
        at("t.csv") + ", line 2: expected 2 comma-separated columns, found 3",
        () -> file("t.csv", "a,b", "1,2,3").texts(List.of("b")));
    assertError(
        at("t.jsonl") + ", line 2: expected a text or number in column \"a\", found none",
        () -> file("t.jsonl", "{\"a\": \"1\"}", "{\"b\": \"1\"}").texts(List.of("a")));
    assertError(
        at("t.csv") + ": expected text columns of [a, b], one or two, found []",
        () -> file("t.csv", "a,b", "1,2").texts(List.of()));
  }

  /** The constructor reads the first bytes, and nobody has a table to close when it fails. */
  @Test
  void aStreamThatIsNotUtf8AtItsStartIsClosed() {
    AtomicBoolean closed = new AtomicBoolean();
    InputStream in =
        new ByteArrayInputStream(new byte[] {(byte) 0xE9, '\n'}) {
          @Override
          public void close() {
            closed.set(true);
          }
        };
    String message =
        String.valueOf(
            assertThrows(IllegalArgumentException.class, () -> TableFormat.CSV.open(in, "t.csv"))
                .getMessage());
    assertTrue(message.contains("t.csv, after line 0: expected UTF-8"), message);
    assertTrue(closed.get());
  }

  @Test
  void tasksThatAreNone() {
    assertPart("expected at least two classes", () -> new OwnTask("t", ONE, List.of("one")));
    assertPart("names of their own", () -> new OwnTask("t", ONE, List.of("a", "b", "a")));
    assertPart("in a line each", () -> new OwnTask("t", ONE, List.of("a", "b\nc")));
    assertPart("without tabs", () -> new OwnTask("t", ONE, List.of("a", "b\tc")));
    assertPart("names of their own", () -> new OwnTask("t", ONE, List.of("a", "")));
    assertPart("names of their own", () -> new OwnTask("t", ONE, List.of("a", " \u2003")));
    assertPart("expected one or two", () -> new TableColumns(List.of("a", "b", "c"), "y"));
    assertPart("expected different ones", () -> new TableColumns(List.of("a", "y"), "y"));
  }

  private static void assertError(String message, Executable call) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, call).getMessage());
  }

  private static void assertPart(String part, Executable call) {
    String message =
        String.valueOf(assertThrows(IllegalArgumentException.class, call).getMessage());
    assertTrue(message.contains(part), message);
  }
}
