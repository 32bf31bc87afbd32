package io.squat.cli;

import static io.squat.cli.Invocation.assertRefused;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.squat.glue.OwnTask;
import io.squat.glue.TableColumns;
import io.squat.savedmodels.SavedModelReader;
import io.squat.train.Progress;
import io.squat.train.RunFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A table of the user's own from its file to predictions, with the tiny BERT. */
class OwnTaskTest {
  private static final List<String> MOODS = List.of("down", "flat", "up");
  private static final List<List<String>> SIGNS =
      List.of(List.of("sad", "bad"), List.of("old", "slow"), List.of("happy", "good"));
  private static final List<String> OTHERS = List.of("cat", "dog", "house", "river", "see");

  /** A row: a mood and a text that shows it. */
  private record Row(String mood, String text) {}

  @TempDir Path folder;
  private List<Row> dev = List.of();

  @BeforeEach
  void write() throws IOException {
    Random random = new Random(5);
    write("train", rows(random, 72));
    dev = rows(random, 31);
    write("dev", dev);
  }

  private static List<Row> rows(Random random, int count) {
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int mood = random.nextInt(MOODS.size());
      List<String> signs = SIGNS.get(mood);
      rows.add(
          new Row(
              MOODS.get(mood),
              "the "
                  + OTHERS.get(random.nextInt(OTHERS.size()))
                  + " is "
                  + signs.get(random.nextInt(signs.size()))));
    }
    return rows;
  }

  /** The same rows in the three formats. */
  private void write(String name, List<Row> rows) throws IOException {
    write(name + ".tsv", "id\tmood\ttext\n", rows, "7\t%s\t%s\n");
    write(name + ".csv", "text,mood\n", rows, "\"%2$s\",%1$s\n");
    write(name + ".jsonl", "", rows, "{\"mood\": \"%s\", \"text\": \"%s\"}\n");
  }

  private void write(String file, String header, List<Row> rows, String format) throws IOException {
    String lines =
        rows.stream()
            .map(row -> String.format(Locale.ROOT, format, row.mood(), row.text()))
            .collect(Collectors.joining());
    Files.writeString(folder.resolve(file), header + lines, UTF_8);
  }

  private String at(String name) {
    return folder.resolve(name).toString();
  }

  private JsonNode done(String arguments) throws IOException {
    return Invocation.done(arguments, folder);
  }

  private String train(String suffix) {
    return "train --model "
        + Invocation.tinyBert()
        + " --train-file "
        + at("train" + suffix)
        + " --dev-file "
        + at("dev" + suffix)
        + " --text-columns text --label-column mood --task-name moods --method fp --epochs 4"
        + " --batch 8 --lr 5e-3 --threads 2";
  }

  @Test
  void goesFromTheFileToPredictions() throws IOException {
    JsonNode trained = done(train(".tsv") + " --out " + at("run"));
    assertEquals(
        new OwnTask("moods", new TableColumns(List.of("text"), "mood"), MOODS),
        new RunFolder(folder.resolve("run")).settings().task());
    done("export --run " + at("run") + " --format float --out " + at("models"));
    String model = at("models/1");
    assertEquals(MOODS, Files.readAllLines(Path.of(model, "assets", "labels.txt"), UTF_8));

    Path texts = folder.resolve("texts.txt");
    Files.write(texts, dev.stream().map(Row::text).toList());
    List<String> answers = new ArrayList<>();
    done("predict --model " + model + " --input " + texts)
        .get("answers")
        .forEach(answer -> answers.add(answer.get("label").textValue()));
    double right = 0;
    for (int i = 0; i < dev.size(); i++) {
      right += answers.get(i).equals(dev.get(i).mood()) ? 1 : 0;
    }
    assertTrue(new HashSet<>(answers).size() > 1, "the model has learned nothing: " + answers);
    double accuracy = right / dev.size();
    assertEquals(accuracy, trained.get("last").get("accuracy").doubleValue());
    for (String suffix : List.of(".tsv", ".csv", ".jsonl")) {
      JsonNode scored = done("eval --model " + model + " --dev-file " + at("dev" + suffix));
      assertEquals("moods", scored.get("task").textValue());
      assertEquals(accuracy, scored.get("metrics").get("accuracy").doubleValue(), suffix);
    }
    assertRefused(
        "expected a table with other columns",
        "missing column \"wide\"",
        "eval --model " + model + " --text-columns wide --dev-file " + at("dev.csv"));
    assertRefused(
        "a submission of another task",
        "--submission: expected a model of CoLA for CoLA's file, found one of moods",
        "eval --task CoLA --split dev --model "
            + model
            + " --data "
            + Invocation.tinyBert().getParent()
            + " --submission "
            + at("glue.zip"));
    assertFalse(Files.exists(folder.resolve("glue.zip")));
    assertRefused(
        "a pair for a model of single texts",
        "expected one text a row",
        "predict --model " + model + " --text cold --text-pair cold");
  }

  /** Of a float model, and so without quantized activations, the mean of the squared errors. */
  @Test
  void theLossOfARegressionIsThatOfItsPredictions() throws IOException {
    for (String name : List.of("train", "dev")) {
      StringBuilder scored = new StringBuilder("score\ttext\n");
      for (Row row : name.equals("dev") ? dev : rows(new Random(6), 40)) {
        scored.append(MOODS.indexOf(row.mood()) + 0.5).append('\t').append(row.text()).append('\n');
      }
      Files.writeString(folder.resolve(name + "-scored.tsv"), scored, UTF_8);
    }
    done(
        train("-scored.tsv").replace("--label-column mood", "--label-column score --regression")
            + " --out "
            + at("run"));
    done(
        "sharpness --run "
            + at("run")
            + " --split dev --file "
            + at("dev-scored.tsv")
            + " --rows 31 --ascent-steps 1 --directions 2 --iterations 2 --surface-points 0"
            + " --line-points 3 --out "
            + at("sharpness"));
    List<String> predictions =
        Files.readAllLines(folder.resolve("run/float/dev-predictions-4.txt"));
    double sum = 0;
    for (int i = 0; i < dev.size(); i++) {
      double label = MOODS.indexOf(dev.get(i).mood()) + 0.5;
      sum += Math.pow(Double.parseDouble(predictions.get(i)) - label, 2);
    }
    double loss =
        new ObjectMapper()
            .readTree(folder.resolve("sharpness/sharpness.json").toFile())
            .at("/models/0/sharpness/loss")
            .doubleValue();
    assertEquals(sum / dev.size(), loss, 1e-4 * loss);
    assertTrue(loss > 0.01, "a loss to compare: " + loss);
  }

  @Test
  void trainsTheSameFromEveryFormat() throws IOException {
    JsonNode csv = done(train(".csv") + " --out " + at("csv"));
    JsonNode lines = done(train(".jsonl") + " --out " + at("lines"));
    assertEquals(csv, lines);
  }

  /** A packed model is converted once, and again where one of its files is another. */
  @Test
  void aConvertedModelIsThatOfTheFilesThatAreThere() throws IOException {
    done(
        train(".tsv").replace("--method fp --epochs 4", "--method lsq --epochs 1 --bits 4-8-8")
            + " --out "
            + at("run"));
    done("export --run " + at("run") + " --format packed --out " + at("models"));
    ModelCache cache =
        new ModelCache(
            folder.resolve("cache"),
            (model, work) -> {
              throw new IllegalStateException("nothing is to be fetched");
            },
            Progress.NONE);
    SavedModelReader.Choice choice = SavedModelReader.Choice.DEFAULT;
    Path first = cache.readable(at("models/1"), choice);
    assertEquals(first, cache.readable(at("models/1"), choice));
    assertTrue(SavedModelReader.read(first, choice).variables().size() > 20);
    Path vocabulary = Path.of("assets", "vocab.txt");
    Path changed = folder.resolve("models/1").resolve(vocabulary);
    Files.writeString(changed, Files.readString(changed).replace("river", "brook"));
    Path second = cache.readable(at("models/1"), choice);
    assertEquals(-1, Files.mismatch(changed, second.resolve(vocabulary)));
    assertFalse(Files.readString(first.resolve(vocabulary)).contains("brook"));
  }

  @Test
  void namesWithCommas() throws IOException {
    Files.writeString(folder.resolve("odd.tsv"), "a,b\tmood\ncold\t1,5\nwarm\t3\n");
    assertRefused(
        "a label that is not among them",
        at("odd.tsv") + ", line 3: unknown label \"3\"; expected one of \"1,5\", \"2\"",
        String.format(
            Locale.ROOT,
            "train --model %s --train-file %s --dev-file %2$s --text-columns \"a,b\""
                + " --label-column mood --labels \"1,5\",2 --out o",
            Invocation.tinyBert(),
            at("odd.tsv")));
  }

  @Test
  void optionsThatDoNotGoTogether() {
    String model = "train --out o --model " + Invocation.tinyBert();
    String either =
        "squat: expected either --task, --data or --train-file, --dev-file, --text-columns,"
            + " --label-column";
    assertRefused("nothing", either + ", found neither", model);
    assertRefused("half of GLUE", either + ", found no --data", model + " --task CoLA");
    assertRefused(
        "half of one's own",
        either + ", found no --dev-file, --label-column",
        model + " --train-file t.tsv --text-columns a");
    assertRefused(
        "both",
        either + ", found --task and --train-file",
        model + " --task CoLA --train-file t.tsv");
    assertRefused(
        "both kinds of labels",
        "--labels: expected without --regression",
        train(".tsv") + " --labels a,b --regression --out o");
    assertRefused(
        "a radius of a method without perturbation",
        "--rho: expected with a method that uses it, found --method lsq, of which",
        train(".tsv").replace("--method fp", "--method lsq") + " --rho 0.1 --out o");
    assertRefused(
        "bits of a float run",
        "--bits: expected with a method that uses it, found --method fp, of which epochs, lr may",
        train(".tsv") + " --bits 2-8-8 --out o");
    assertRefused(
        "a split of one's own file",
        "expected either --task, --data or --dev-file, found --split and --dev-file",
        "eval --model m --split dev --dev-file d.tsv");
    assertRefused(
        "a model that does not know its columns",
        "--text-columns: expected with --dev-file for a model that was not trained on a table of"
            + " your own",
        "eval --model " + Invocation.tinyBert() + " --dev-file " + at("dev.tsv"));
  }
}
