package io.squat.report;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** The run folders of {@code make_sweep.py}. */
public final class FixedSweep {
  private FixedSweep() {}

  /** Makes the folders. */
  public static Path unpack(Path folder) throws IOException {
    for (Map.Entry<String, JsonNode> file : json("sweep.json").properties()) {
      Path path = folder.resolve(file.getKey());
      Files.createDirectories(path.getParent());
      Files.writeString(path, file.getValue().asText());
    }
    return folder;
  }

  static JsonNode json(String name) throws IOException {
    try (InputStream in = requireNonNull(FixedSweep.class.getResourceAsStream(name), name)) {
      return new ObjectMapper().readTree(in);
    }
  }
}
