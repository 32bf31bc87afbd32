package io.squat.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** MNLI's two dev files, and AX by its model, with the tiny BERT and made rows. */
class MnliTest {
  private static final List<String> LABELS = List.of("contradiction", "entailment", "neutral");
  private static final List<String> SIGNS = List.of("bad", "good", "slow");
  private static final int EPOCHS = 3;

  @TempDir Path folder;

  /** Rows whose second sentence shows the label; of the mismatched ones some do not. */
  private static List<String> rows(int count, boolean matched, long seed) {
    Random random = new Random(seed);
    List<String> rows = new ArrayList<>();
    rows.add("index\tsentence1\tsentence2\tgold_label");
    for (int i = 0; i < count; i++) {
      int label = random.nextInt(LABELS.size());
      int sign = matched || i % 3 > 0 ? label : random.nextInt(LABELS.size());
      rows.add(
          String.format(
              Locale.ROOT,
              "%d\tthe house is old\tthe dog is %s\t%s",
              i,
              SIGNS.get(sign),
              LABELS.get(label)));
    }
    return rows;
  }

  private Path write() throws IOException {
    Path data = folder.resolve("glue");
    Files.createDirectories(data.resolve("MNLI"));
    Files.write(data.resolve("MNLI/train.tsv"), rows(96, true, 1));
    Files.write(data.resolve("MNLI/dev_matched.tsv"), rows(40, true, 2));
    Files.write(data.resolve("MNLI/dev_mismatched.tsv"), rows(50, false, 3));
    Files.createDirectories(data.resolve("AX"));
    Files.write(
        data.resolve("AX/diagnostic.tsv"),
        List.of(
            "index\tsentence1\tsentence2",
            "0\tthe house is old\tthe dog is good",
            "1\tthe house is old\tthe dog is bad"));
    return data;
  }

  private JsonNode done(String arguments) throws IOException {
    return Invocation.done(arguments, folder);
  }

  @Test
  void bothDevFilesAreScoredAndAxIsPredicted() throws IOException {
    Path data = write();
    Path run = folder.resolve("run");
    JsonNode trained =
        done(
            "train --task MNLI --method fp --batch 8 --lr 5e-3 --threads 2 --epochs "
                + EPOCHS
                + " --model "
                + Invocation.tinyBert()
                + " --data "
                + data
                + " --out "
                + run);
    double matched = trained.get("last").get("accuracy").doubleValue();
    double mismatched = trained.get("further").get("dev_mismatched").get("accuracy").doubleValue();
    assertNotEquals(matched, mismatched);

    done("export --run " + run + " --format float --out " + folder.resolve("models"));
    String card = Files.readString(folder.resolve("models/1/README.md"), UTF_8);
    String expected =
        String.format(Locale.ROOT, "%nOn `dev_mismatched`: accuracy %.1f.%n", 100 * mismatched);
    assertTrue(card.contains(expected), card);
    String eval = "eval --model " + folder.resolve("models/1") + " --data " + data + " --task ";
    assertEquals(matched, done(eval + "MNLI").get("metrics").get("accuracy").doubleValue());
    assertEquals(
        mismatched,
        done(eval + "MNLI --split dev_mismatched").get("metrics").get("accuracy").doubleValue());

    Path report = folder.resolve("report");
    JsonNode rows = done("report " + run + " --out " + report).get("groups");
    assertEquals(
        mismatched,
        rows.get(0).get("further").get("dev_mismatched accuracy").get("mean").doubleValue());
    List<String> page = Files.readAllLines(report.resolve("report.md"), UTF_8);
    String row = page.stream().filter(line -> line.contains("| fp |")).findFirst().orElseThrow();
    assertTrue(row.endsWith(String.format(Locale.ROOT, " %.2f |", 100 * mismatched)), row);
    assertTrue(
        page.stream().anyMatch(line -> line.endsWith("| dev_mismatched accuracy |")),
        () -> String.join("\n", page));

    Path predictions = folder.resolve("AX.tsv");
    done(eval + "AX --predictions " + predictions);
    assertEquals(
        List.of("index\tprediction", "0\tentailment", "1\tcontradiction"),
        Files.readAllLines(predictions, UTF_8));
  }
}
