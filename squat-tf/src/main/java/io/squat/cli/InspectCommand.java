package io.squat.cli;

import io.squat.ops.BitWidths;
import io.squat.savedmodels.FrozenModel;
import io.squat.savedmodels.Inspection;
import io.squat.savedmodels.Quantization;
import io.squat.savedmodels.SavedModelFiles;
import io.squat.savedmodels.SavedModelReader;
import io.squat.train.Progress;
import io.squat.train.RecoveredSteps;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code squat inspect}. */
@Command(
    name = "inspect",
    description =
        "Show what a SavedModel holds: its signature, its layers, what would be quantized, and the"
            + " sizes.",
    footerHeading = "%nExample:%n",
    footer = "  squat inspect --model bert-base-uncased --bits 4-8-8")
final class InspectCommand extends SquatCommand {

  @Mixin final ModelOptions model = new ModelOptions();

  @Option(
      names = "--bits",
      paramLabel = "W-E-A",
      description =
          "Bits for which sizes are told (default: those of a packed model, else "
              + TrainingOptions.DEFAULT_BITS
              + ").")
  @Nullable BitWidths bits;

  @Override
  Object run(PrintWriter out) {
    Progress progress = TerminalProgress.ofStandardError();
    Path folder = model.readable(progress);
    FrozenModel.Recovered recovered = RecoveredSteps.of(folder);
    Quantization quantization =
        bits == null && recovered != null
            ? recovered.quantization()
            : Quantization.of(bits == null ? BitWidths.parse(TrainingOptions.DEFAULT_BITS) : bits);
    Inspection inspection =
        Inspection.of(SavedModelReader.read(folder, model.choice()), quantization)
            .ofFile(
                SavedModelFiles.hash(folder),
                SavedModelReader.signatures(model.folder(progress), model.choice()));
    inspection.print(out);
    if (recovered != null) {
      out.printf(
          Locale.ROOT,
          "read from a packed model of %s: its values and step sizes%n",
          recovered.bits());
    }
    return inspection;
  }
}
