package io.squat.cli;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.MustBeClosed;
import io.squat.eval.Classifier;
import io.squat.eval.ModelDescription;
import io.squat.eval.RestClassifier;
import io.squat.eval.TextClassifier;
import io.squat.eval.TextFormat;
import io.squat.savedmodels.SavedModelReader;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** Which model predicts: one in this process, or one on a server. */
final class PredictModelOptions {
  /** What only a model in this process has. */
  private static final List<String> OF_THIS_PROCESS = List.of("--tags", "--device", "--threads");

  @Option(
      names = "--model",
      paramLabel = "DIR|NAME",
      description =
          "Folder or .tar.gz of a SavedModel, or bert-base-uncased. Beside --url: where the vocabulary"
              + " and the labels are; its graph is not read.")
  private @Nullable String model;

  @ArgGroup(exclusive = false)
  private @Nullable Server server;

  @Mixin private final ChoiceOptions choice = new ChoiceOptions();

  /** A model on a server. */
  static final class Server {
    @Option(
        names = "--url",
        required = true,
        paramLabel = "URL",
        description =
            "A model on a TensorFlow Serving server, asked through its REST API:"
                + " http://HOST:8501/v1/models/NAME, maybe with /versions/N or /labels/LABEL.")
    @SuppressWarnings("NullAway.Init") // set by picocli
    private URI url;

    @Option(
        names = "--timeout",
        defaultValue = "60",
        paramLabel = "SECONDS",
        description =
            "With --url: the longest time that an answer may take (default: ${DEFAULT-VALUE}).")
    private int timeout;
  }

  /**
   * Opens the model; the caller closes it.
   *
   * @param text how text becomes tokens, where it is not as the model says
   * @param run where a model in this process runs
   * @param batch texts a run of the model
   * @param parsed what was on the command line
   * @throws ParameterException if there is neither a model nor a URL, or something that has no
   *     effect
   * @throws IllegalArgumentException as {@link TextClassifier#open} and {@link
   *     TextClassifier#remote}
   */
  @MustBeClosed
  TextClassifier open(TextFormat.Choice text, RunOptions run, int batch, ParseResult parsed) {
    SavedModelReader.Choice chosen = choice.choice();
    if (server != null) {
      check(parsed);
      RestClassifier.Options asked =
          new RestClassifier.Options(
              chosen.signature(), chosen.inputs(), Duration.ofSeconds(server.timeout));
      return TextClassifier.remote(
          server.url,
          new TextClassifier.RemoteOptions(
              model == null ? null : folder(model), text, asked, batch));
    }
    requireGiven(parsed.commandSpec().commandLine());
    Path local = folder(requireNonNull(model));
    Classifier.Options loaded = new Classifier.Options(chosen, run.device(), run.threads());
    return TextClassifier.open(local, new TextClassifier.Options(text, loaded, batch));
  }

  /**
   * Checks that there is a model.
   *
   * @throws ParameterException if there is neither a folder nor a URL
   */
  void requireGiven(CommandLine command) {
    if (model == null && server == null) {
      throw new ParameterException(
          command, "Missing required option: '--model=DIR|NAME' or '--url=URL'");
    }
  }

  /** The columns of the texts in the table that the model was trained on, if it says so. */
  Optional<List<String>> textColumns() {
    return Optional.ofNullable(model)
        .map(PredictModelOptions::folder)
        .flatMap(ModelDescription::read)
        .flatMap(ModelDescription::ownTask)
        .map(task -> task.columns().texts());
  }

  private static void check(ParseResult parsed) {
    for (String option : OF_THIS_PROCESS) {
      if (parsed.hasMatchedOption(option)) {
        throw new ParameterException(
            parsed.commandSpec().commandLine(),
            option + " has no effect on a model on a server; leave it out with --url");
      }
    }
  }

  private static Path folder(String model) {
    return ModelCache.ofUser(System.getenv(), TerminalProgress.ofStandardError()).folder(model);
  }
}
