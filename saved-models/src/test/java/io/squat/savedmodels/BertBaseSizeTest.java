package io.squat.savedmodels;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.squat.ops.BitWidths;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How large BERT-base with a head of two classes is once it is packed, vocabulary included. */
@Tag("large")
class BertBaseSizeTest {
  private static final int CLASSES = 2;

  /** Left for what else an export of a run has: its description, card and warm-up requests. */
  private static final long OTHER_FILES = 150_000;

  @TempDir static Path original;

  @BeforeAll
  static void unpack() throws IOException {
    BertBase.unpack(original);
  }

  @ParameterizedTest
  @CsvSource({"4-8-8,69000000", "4-4-8,57000000", "3-3-8,43000000", "2-2-8,29500000"})
  void packedFoldersAreSmall(String bits, long budget, @TempDir Path temp) throws IOException {
    ModelGraph encoder = SavedModelReader.read(original, SavedModelReader.Choice.DEFAULT);
    ModelGraph model = Rewriting.withHead(encoder, CLASSES);
    ModelValues saved = ModelValues.ofSavedModel(original, encoder);
    List<String> head = List.of(model.requireHead().weight(), model.requireHead().bias());
    Path written = temp.resolve("1");
    SavedModelWriter.write(
        written,
        Export.toPacked(
            model,
            Quantization.of(BitWidths.parse(bits)),
            name -> {
              if (name.endsWith("/step_size")) {
                return new float[] {0.02f};
              }
              return head.contains(name)
                  ? new float[(int) model.variable(name).size()]
                  : saved.values(name);
            },
            Compute.INTEGER),
        Map.of("assets/vocab.txt", Files.readAllBytes(original.resolve("assets/vocab.txt"))));
    long bytes = 0;
    try (Stream<Path> files = Files.walk(written)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        bytes += Files.size(file);
      }
    }
    assertTrue(bytes <= budget - OTHER_FILES, bytes + " bytes");
  }
}
