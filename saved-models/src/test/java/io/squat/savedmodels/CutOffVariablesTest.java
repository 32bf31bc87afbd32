package io.squat.savedmodels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A checkpoint that is cut off is found before TensorFlow reads it. */
class CutOffVariablesTest {
  private static final String DATA = "variables.data-00000-of-00001";

  @Test
  void aDataFileThatIsCutOffIsNamed(@TempDir Path folder) throws IOException {
    Path original = TinyModel.TF1_BERT.path();
    Files.createDirectories(folder.resolve("variables"));
    for (String file :
        new String[] {"saved_model.pb", "variables/variables.index", "variables/" + DATA}) {
      Files.copy(original.resolve(file), folder.resolve(file));
    }
    long whole =
        SavedModelReader.read(folder, SavedModelReader.Choice.DEFAULT).variables().stream()
                .mapToLong(ModelVariable::size)
                .sum()
            * Float.BYTES;
    Path data = folder.resolve("variables").resolve(DATA);
    try (FileChannel channel = FileChannel.open(data, StandardOpenOption.WRITE)) {
      channel.truncate(1000);
    }
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class,
            () -> SavedModelReader.read(folder, SavedModelReader.Choice.DEFAULT));
    assertEquals(
        folder.resolve("variables").resolve("variables")
            + ".data-*: expected at least "
            + whole
            + " bytes, the size of the model's variables, found 1000; the file is cut off: copy the"
            + " model again",
        refused.getMessage());
  }
}
