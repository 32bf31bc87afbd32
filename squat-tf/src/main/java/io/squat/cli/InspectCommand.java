package io.squat.cli;

import io.squat.ops.BitWidths;
import io.squat.savedmodels.Inspection;
import io.squat.savedmodels.Quantization;
import io.squat.savedmodels.SavedModelReader;
import java.io.PrintWriter;
import java.nio.file.Path;
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
      defaultValue = "4-8-8",
      paramLabel = "W-E-A",
      description = "Bits for which sizes are told (default: ${DEFAULT-VALUE}).")
  @SuppressWarnings("NullAway.Init") // set by picocli
  BitWidths bits;

  @Override
  Object run(PrintWriter out) {
    Path folder = model.folder(TerminalProgress.ofStandardError());
    Inspection inspection =
        Inspection.of(SavedModelReader.read(folder, model.choice()), new Quantization(bits, null));
    inspection.print(out);
    return inspection;
  }
}
