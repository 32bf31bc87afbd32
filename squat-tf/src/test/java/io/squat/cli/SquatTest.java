package io.squat.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.NullNode;
import io.squat.eval.ModelDescription;
import io.squat.glue.Casing;
import io.squat.glue.GlueTask;
import io.squat.ops.BitWidths;
import io.squat.ops.Granularity;
import io.squat.ops.Levels;
import io.squat.savedmodels.Device;
import io.squat.savedmodels.FrozenModel;
import io.squat.savedmodels.InputRole;
import io.squat.savedmodels.Quantization;
import io.squat.savedmodels.SavedModelReader;
import io.squat.train.Alternation;
import io.squat.train.Method;
import io.squat.train.OptimizerSettings;
import io.squat.train.Progress;
import io.squat.train.ServingFormat;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.ParseResult;

class SquatTest {
  private static final String TRAIN = "train --model m --task CoLA --data d --out o";

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "demo",
        "inspect",
        "train",
        "export",
        "eval",
        "predict",
        "glue",
        "report",
        "sharpness",
        "compare",
        "bench train"
      })
  void helpShowsExamples(String command) {
    Invocation help = Invocation.of(command + " --help");
    assertEquals(0, help.status());
    assertEquals("", help.err());
    assertTrue(help.out().startsWith("Usage: squat " + command), help.out());
    assertTrue(help.out().contains("Example"), help.out());
  }

  @Test
  void versionIsMavens() {
    Invocation version = Invocation.of("--version");
    assertEquals(0, version.status());
    assertTrue(version.out().matches("squat \\d+\\.\\d+\\.\\d+(-SNAPSHOT)?\\R"), version.out());
  }

  @Test
  void whatCannotBePrintedIsAFailure() {
    StringWriter err = new StringWriter();
    Writer full =
        new Writer() {
          @Override
          public void write(char[] text, int start, int count) throws IOException {
            throw new IOException("No space left on device");
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    assertEquals(1, Squat.run(new PrintWriter(full), new PrintWriter(err), "--version"));
    assertTrue(
        err.toString().startsWith("squat: standard output: cannot be written"), err::toString);
  }

  @Test
  void bitsThatLeaveAMethodNothingToDoAreRefusedWhereItIsTimed() {
    for (String arguments :
        List.of("--bits 32-32-8 --method squat", "--bits 32-32-32 --method fp --compare lsq")) {
      Invocation bad =
          Invocation.of("bench train --model " + Invocation.tinyBert() + " " + arguments);
      assertEquals(2, bad.status());
      assertTrue(bad.err().startsWith("squat: --bits: expected"), bad.err());
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          ''                                                   | a command is missing
          bench                                                | what to measure is missing: train
          trian                                                | unknown command "trian"; did you mean train
          inspect --model m x                                  | unknown argument "x"
          train --model m --task CoLA --data d --out o -x       | Unknown option: '-x'
          bench trian                                          | unknown command "trian"
          train                                                | '--out=DIR'
          train --model m --task CoLA --data d --out o --rhoo 1 | Unknown option
          train --model m --task Cola2 --data d --out o        | unknown task "Cola2"; expected one of CoLA
          train --model m --task CoLA --data d --out o --bits 4-9-8 | found 9
          train --model m --task CoLA --data d --out o --bits 4x8 | expected W-E-A
          train --model m --task CoLA --data d --out o --method sam | found "sam"
          train --model m --task CoLA --data d --out o --levels half | found "half"
          train --model m --task CoLA --data d --out o --granularity row | expected tensor or channel, found "row"
          export --out o --format packed --model m --granularity row | found "row"
          train --model m --task CoLA --data d --out o --alternation batches:0 | found "batches:0"
          train --model m --task CoLA --data d --out o --device tpu | squat: --device: expected one of auto, cpu, gpu, found "tpu"
          train --model m --task CoLA --data d --out o --seed x | 'x' is not a long
          train --model m --task CoLA --data d --out o --cased --uncased | mutually exclusive
          eval --model m --task CoLA --data d --split valid    | unknown split "valid"
          export --out o --format packed                       | --run
          export --out o --format packed --run r --model m     | mutually exclusive
          export --out o --format int9 --run r                 | int9
          predict --model m                                    | --text
          glue --model m --data d                              | '--out=DIR'
          glue --model m --data d --out o --methods sam        | found "sam"
          predict --model m --text a --input f                 | --input
          predict --model m --text-pair b                      | --text
          """)
  void badArgumentsAreOneLineAndStatus2(String arguments, String expected) {
    Invocation bad = Invocation.of(arguments);
    assertAll(
        () -> assertEquals(Failures.BAD_INPUT, bad.status()),
        () -> assertEquals("", bad.out()),
        () -> assertEquals(1, bad.err().lines().count(), bad.err()),
        () -> assertTrue(bad.err().startsWith("squat: "), bad.err()),
        () -> assertTrue(bad.err().contains(expected), bad.err()),
        () -> assertTrue(bad.err().contains("--help"), bad.err()));
  }

  @Test
  void trainHasTheDefaultsOfTheContract() {
    TrainCommand train = (TrainCommand) parsed(TRAIN);
    assertAll(
        () -> assertEquals(SavedModelReader.Choice.DEFAULT, train.model.choice()),
        () -> assertEquals(GlueTask.COLA, train.task.task),
        () -> assertEquals(Path.of("d"), train.task.data),
        () -> assertEquals(Path.of("o"), train.out),
        () -> assertEquals(Method.SQUAT, train.training.method()),
        () -> assertEquals(Quantization.of(new BitWidths(4, 8, 8)), train.training.bits(null)),
        () -> assertEquals(Alternation.WITHIN, train.training.alternation()),
        () -> assertEquals(0.01, train.training.rho()),
        () -> assertEquals(3, train.epochs),
        () -> assertNull(train.floatEpochs),
        () -> assertEquals(32, train.training.batch()),
        () -> assertEquals(128, train.text.maxLength(Path.of("m"))),
        () ->
            assertEquals(
                new OptimizerSettings(5e-5, 1e-3, 0.01, 0.1, 1.0, 0.1), train.training.optimizer()),
        () -> assertEquals(1, train.training.seed()),
        () -> assertEquals(Device.AUTO, train.run.device()));
  }

  @Test
  void trainTakesEveryOption() {
    TrainCommand train =
        (TrainCommand)
            parsed(
                "train --model m --task sts-b --data d --out o --method squat --bits 2-3-5"
                    + " --levels SYMMETRIC --granularity channel --alternation batches:7 --rho 0.02 --epochs 4 --float-epochs 5"
                    + " --batch 16 --max-length 64 --lr 2e-5 --step-lr 3e-4 --weight-decay 0.05 --warmup 0.2"
                    + " --clip 0.5 --dropout 0.3 --seed 11 --device cpu --threads 6 --vocab v"
                    + " --cased --tags train,serve --signature s"
                    + " --signature-input ids=tokens --signature-input segments=types");
    assertAll(
        () ->
            assertEquals(
                new SavedModelReader.Choice(
                    Set.of("train", "serve"),
                    "s",
                    Map.of(InputRole.IDS, "tokens", InputRole.SEGMENTS, "types")),
                train.model.choice()),
        () -> assertEquals(GlueTask.STSB, train.task.task),
        () -> train.training.refuseUnused(),
        () -> assertEquals(Method.SQUAT, train.training.method()),
        () ->
            assertEquals(
                new Quantization(new BitWidths(2, 3, 5), Levels.SYMMETRIC, Granularity.CHANNEL),
                train.training.bits(null)),
        () -> assertEquals(new Alternation(7), train.training.alternation()),
        () -> assertEquals(0.02, train.training.rho()),
        () -> assertEquals(4, train.epochs),
        () -> assertEquals(5, train.floatEpochs),
        () -> assertEquals(16, train.training.batch()),
        () -> assertEquals(64, train.text.maxLength(Path.of("m"))),
        () ->
            assertEquals(
                new OptimizerSettings(2e-5, 3e-4, 0.05, 0.2, 0.5, 0.3), train.training.optimizer()),
        () -> assertEquals(11, train.training.seed()),
        () -> assertEquals(Device.CPU, train.run.device()),
        () -> assertEquals(6, train.run.threads()));
  }

  @Test
  void modelIsAFolderThatIsThere(@TempDir Path folder) {
    TrainCommand there = (TrainCommand) parsed(TRAIN.replace(" m ", " " + folder + " "));
    assertEquals(folder, there.model.folder(Progress.NONE));
    TrainCommand missing = (TrainCommand) parsed(TRAIN.replace(" m ", " " + folder + "/no "));
    assertThrows(IllegalArgumentException.class, () -> missing.model.folder(Progress.NONE));
  }

  @Test
  void vocabularyIsTheModelsUnlessGiven(@TempDir Path model) throws IOException {
    Path given = Files.writeString(model.resolve("given.txt"), "Den\n");
    String withOption = TRAIN + " --vocab " + given;
    IllegalArgumentException none =
        assertThrows(IllegalArgumentException.class, () -> text(TRAIN).vocabulary(model));
    assertEquals(
        model.resolve("assets/vocab.txt")
            + ": expected a WordPiece vocabulary, found no such file; give one by --vocab FILE",
        none.getMessage());
    Path own = Files.createDirectories(model.resolve("assets")).resolve("vocab.txt");
    Files.writeString(own, "den\n");

    assertEquals(own, text(TRAIN).vocabulary(model));
    assertEquals(given, text(withOption).vocabulary(model));
  }

  @Test
  void casingIsInferredUnlessGiven(@TempDir Path folder) throws IOException {
    String special = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n";
    Path uncased = Files.writeString(folder.resolve("uncased.txt"), special + "den\n");
    Path cased = Files.writeString(folder.resolve("cased.txt"), special + "den\nDen\n");

    String withUncased = TRAIN + " --vocab " + uncased;
    String withCased = TRAIN + " --vocab " + cased;
    assertEquals(Casing.UNCASED, text(withUncased).casing(folder));
    assertEquals(Casing.CASED, text(withCased).casing(folder));
    assertEquals(Casing.CASED, text(withUncased + " --cased").casing(folder));
    assertEquals(Casing.UNCASED, text(withCased + " --uncased").casing(folder));
  }

  @Test
  void otherCommandsTakeWhatTheContractShows() {
    EvalCommand eval = (EvalCommand) parsed("eval --model m --task MNLI --data d");
    assertEquals(GlueTask.MNLI, eval.task.task);
    BenchTrainCommand bench =
        (BenchTrainCommand) parsed("bench train --model m --batch 8 --length 96");
    assertEquals(8, bench.training.batch());
    assertEquals(96, bench.length);
    ExportCommand export = (ExportCommand) parsed("export --run r --format packed --out o/3");
    assertEquals(Path.of("r"), export.source.run);
    assertEquals(ServingFormat.PACKED, export.format);
    PredictCommand pair = (PredictCommand) parsed("predict --model m --text a --text-pair b");
    PredictCommand.Given given = pair.texts.given;
    assertNotNull(given);
    assertEquals("a", given.first);
    assertEquals("b", given.second);
    PredictCommand file = (PredictCommand) parsed("predict --model m --input f.tsv");
    assertEquals(Path.of("f.tsv"), file.texts.input);
  }

  @Test
  void aModelsOwnLengthAndCasingAreTheDefaults(@TempDir Path model) throws IOException {
    Path assets = Files.createDirectories(model.resolve("assets"));
    Files.writeString(assets.resolve("vocab.txt"), "[PAD]\n[UNK]\n[CLS]\n[SEP]\nlower\n");
    Files.write(
        assets.resolve(ModelDescription.FILE),
        new ModelDescription(
                "CoLA",
                List.of("no", "yes"),
                Casing.CASED,
                48,
                "packed",
                "hash",
                Map.of(),
                Map.of(),
                NullNode.getInstance())
            .toJson());
    String train = "train --task CoLA --data d --out o --model m";
    assertEquals(48, text(train).maxLength(model));
    assertEquals(Casing.CASED, text(train).casing(model));
    assertEquals(64, text(train + " --max-length 64").maxLength(model));
    assertEquals(Casing.UNCASED, text(train + " --uncased").casing(model));
    Files.delete(assets.resolve(ModelDescription.FILE));
    assertEquals(128, text(train).maxLength(model));
    assertEquals(Casing.UNCASED, text(train).casing(model));
  }

  @Test
  void aFormatThatDoesNotExistIsNamed() {
    Invocation export = Invocation.of("export --run r --format onnx --out o");
    assertEquals(2, export.status());
    assertTrue(export.err().contains("expected packed, int8 or float, found onnx"), export.err());
    assertEquals(1, export.err().lines().count());
  }

  /** What a run has of its own is not given to its export, and none of it is ignored. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "--max-length 8",
        "--vocab v",
        "--cased",
        "--signature s",
        "--tags t",
        "--threads 1",
        "--text-columns a"
      })
  void exportOfARunRefusesOptionsOfModels(String option, @TempDir Path folder) {
    Invocation export =
        Invocation.of(
            "export --run r --format packed " + option + " --out " + folder.resolve("out"));
    assertEquals(2, export.status());
    assertTrue(
        export.err().contains(option.split(" ", 2)[0] + ": expected with --model"), export.err());
  }

  @Test
  void exportGoesNotIntoAnotherModel(@TempDir Path folder) throws IOException {
    Path version = Files.createDirectories(folder.resolve("1"));
    Files.createFile(version.resolve("saved_model.pb"));
    Invocation export =
        Invocation.of("export --run r --format packed --out " + version.resolve("2"));
    assertEquals(2, export.status());
    assertTrue(export.err().contains("within that of " + version), export.err());
    Path encoder = Files.createDirectories(folder.resolve("my-encoder"));
    Files.createFile(encoder.resolve("saved_model.pb"));
    Invocation itself = Invocation.of("export --run r --format packed --out " + encoder);
    assertEquals(2, itself.status());
    assertTrue(itself.err().contains("within that of " + encoder), itself.err());
  }

  @Test
  void aSweepFileThatIsMissingIsNamed() {
    Invocation glue = Invocation.of("glue --sweep no-such.json --out o");
    assertEquals(2, glue.status());
    assertEquals(
        "squat: no-such.json: expected a sweep as a JSON file, found no such file",
        glue.err().strip());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          bench train --model m --warmup 0.2                  | --warmup: expected of train, found of bench train
          export --out o --format float --model m --threads 1 | --threads: expected with --calibration-file, which is missing
          glue --download d --methods lsq                     | --methods: expected without --download, found with it
          export --out o --format packed --run r --bits 4-8-8 | --bits: expected with --model, found with --run
          """)
  void optionsThatWouldHaveNoEffectAreRefused(String arguments, String expected) {
    Invocation refused = Invocation.of(arguments);
    assertEquals(2, refused.status());
    assertTrue(refused.err().startsWith("squat: " + expected), refused.err());
  }

  @Test
  void aTaskThatCannotBeFetchedDoesNotKeepTheOthersFromIt(@TempDir Path folder) throws IOException {
    for (String task : List.of("CoLA", "RTE")) {
      Files.createFile(Files.createDirectories(folder.resolve(task)).resolve("dev.tsv"));
    }
    Invocation download = Invocation.of("glue --download " + folder + " --tasks CoLA,RTE");
    assertEquals(1, download.status());
    String why =
        ": expected no such folder or a whole one, found one without train.tsv, test.tsv; move it away";
    assertEquals(
        List.of(
            "CoLA: failed: " + folder.resolve("CoLA") + why,
            "RTE: failed: " + folder.resolve("RTE") + why),
        download.out().lines().toList());
  }

  @Test
  void aDownloadTrainsNothing(@TempDir Path folder) {
    Invocation download =
        Invocation.of("glue --download " + folder.resolve("glue") + " --methods lsq");
    assertEquals(2, download.status());
    assertTrue(download.err().contains("--methods: expected without --download"), download.err());
    assertTrue(Files.notExists(folder.resolve("glue")));
  }

  @Test
  void bitsOfARunAreItsOwn(@TempDir Path folder) {
    Invocation export =
        Invocation.of("export --run r --format packed --bits 4-8-8 --out " + folder.resolve("out"));
    assertEquals(2, export.status());
    assertTrue(export.err().contains("--bits"), export.err());
    assertTrue(export.err().contains("--run, which has its own"), export.err());
  }

  @Test
  void granularityIsOfTheModelThatIsQuantized(@TempDir Path folder) {
    String out = " --format packed --granularity channel --out " + folder.resolve("out");
    Invocation ofRun = Invocation.of("export --run r" + out);
    assertEquals(2, ofRun.status());
    assertTrue(ofRun.err().contains("--run, which has its own"), ofRun.err());
    Invocation withoutBits = Invocation.of("export --model m" + out.replace("packed", "float"));
    assertEquals(2, withoutBits.status());
    assertTrue(
        withoutBits.err().contains("--granularity: expected with --bits"), withoutBits.err());
    ExportCommand given = (ExportCommand) parsed("export --model m --bits 4-8-8" + out);
    assertEquals(Granularity.CHANNEL, given.granularity);
  }

  @Test
  void aPackedModelsGranularityIsTheDefault() {
    FrozenModel.Recovered recovered =
        new FrozenModel.Recovered("3-8-8", null, Granularity.CHANNEL, Map.of());
    assertEquals(recovered.quantization(), ((TrainCommand) parsed(TRAIN)).training.bits(recovered));
    assertEquals(
        Granularity.TENSOR,
        ((TrainCommand) parsed(TRAIN + " --granularity tensor"))
            .training
            .bits(recovered)
            .granularity());
    assertEquals(
        Quantization.of(new BitWidths(4, 8, 8)),
        ((TrainCommand) parsed(TRAIN + " --bits 4-8-8")).training.bits(recovered));
  }

  @ParameterizedTest
  @CsvSource({
    "lsq --bits 32-32-32, expected at least one width of 2 to 8 with --method lsq",
    "lsq --bits 32-32-32 --levels full, expected at least one width of 2 to 8 with --method lsq",
    "saq --bits 32-32-8, 'which --method saq perturbs, found 32-32-8'",
    "squat --bits 32-32-8, 'which --method squat perturbs, found 32-32-8'"
  })
  void methodsNeedWhatTheyMove(String method, String expected, @TempDir Path folder)
      throws Exception {
    Path tiny =
        Path.of(requireNonNull(SquatTest.class.getResource("/io/squat/train/tiny-bert")).toURI());
    Invocation refused =
        Invocation.of(
            "train --model "
                + tiny.resolve("model")
                + " --task CoLA --data "
                + tiny
                + " --out "
                + folder.resolve("run")
                + " --method "
                + method);
    assertEquals(Failures.BAD_INPUT, refused.status());
    assertTrue(refused.err().contains(expected), refused.err());
    assertFalse(Files.exists(folder.resolve("run")));
  }

  @Test
  void helpLoadsNoClassOfTensorFlow(@TempDir Path folder) throws Exception {
    Path classes = folder.resolve("classes.log");
    Process java =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xlog:class+load=info:file=" + classes,
                "-cp",
                System.getProperty("java.class.path"),
                Squat.class.getName(),
                "train",
                "--help")
            .redirectOutput(folder.resolve("out").toFile())
            .redirectErrorStream(true)
            .start();
    assertEquals(0, java.waitFor(), () -> read(folder.resolve("out")));
    String loaded = read(classes);
    assertTrue(loaded.contains("io.squat.cli.TrainCommand"));
    // The protobuf classes are plain Java; everything else of TensorFlow leads to its native
    // library.
    List<String> tensorflow =
        loaded
            .lines()
            .filter(line -> line.matches(".* org\\.(tensorflow\\.(?!proto\\.)|bytedeco\\.).*"))
            .toList();
    assertEquals(List.of(), tensorflow);
  }

  private static TextOptions text(String arguments) {
    return ((TrainCommand) parsed(arguments)).text;
  }

  private static Object parsed(String arguments) {
    ParseResult result = Squat.commandLine().parseArgs(Invocation.split(arguments));
    while (result.hasSubcommand()) {
      result = result.subcommand();
    }
    return result.commandSpec().userObject();
  }

  private static String read(Path file) {
    try {
      return Files.readString(file, UTF_8);
    } catch (IOException e) {
      return e.toString();
    }
  }
}
