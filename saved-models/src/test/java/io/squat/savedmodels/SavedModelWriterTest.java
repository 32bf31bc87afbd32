package io.squat.savedmodels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.VersionDef;

class SavedModelWriterTest {
  private static final ServingModel MODEL =
      ServingModel.ofConstants(
          GraphDef.newBuilder()
              .setVersions(VersionDef.newBuilder().setProducer(1994))
              .addNode(Nodes.placeholder("x", DataType.DT_FLOAT, 3, -1))
              .build(),
          Map.of());

  @TempDir Path temp;

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(temp)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void graphAndAssetsAreWritten() throws IOException {
    Path folder = temp.resolve("cola").resolve("3");
    byte[] vocabulary = {65, 10, 66, 10};
    SavedModelWriter.write(folder, MODEL, Map.of("vocab.txt", vocabulary));
    MetaGraphDef graph = SavedModelFiles.parse(folder).getMetaGraphs(0);
    assertEquals(MODEL.graph(), graph.getGraphDef());
    assertEquals(List.of("serve"), List.copyOf(graph.getMetaInfoDef().getTagsList()));
    assertEquals("2.18.0", graph.getMetaInfoDef().getTensorflowVersion());
    assertArrayEquals(vocabulary, Files.readAllBytes(folder.resolve("assets/vocab.txt")));
    try (Stream<Path> versions = Files.list(temp.resolve("cola"))) {
      assertEquals(List.of(folder), versions.toList());
    }
  }

  @Test
  void anEmptyFolderIsFilled() throws IOException {
    Path folder = Files.createDirectory(temp.resolve("1"));
    SavedModelWriter.write(folder, MODEL, Map.of());
    assertTrue(Files.exists(folder.resolve("saved_model.pb")));
    assertFalse(Files.exists(folder.resolve("assets")));
  }

  @Test
  void whatIsThereIsKept() throws IOException {
    Path folder = Files.createDirectory(temp.resolve("1"));
    Files.writeString(folder.resolve("notes"), "mine");
    assertEquals(
        folder
            + ": expected a new or empty folder for the SavedModel, found a folder that holds"
            + " notes; choose another or remove it",
        assertThrows(
                IllegalArgumentException.class,
                () -> SavedModelWriter.write(folder, MODEL, Map.of()))
            .getMessage());
    Path file = folder.resolve("notes");
    assertEquals(
        file
            + ": expected a new or empty folder for the SavedModel, found a file; choose another or"
            + " remove it",
        assertThrows(
                IllegalArgumentException.class, () -> SavedModelWriter.write(file, MODEL, Map.of()))
            .getMessage());
    assertEquals("mine", Files.readString(file));
    assertEquals(List.of("1"), names());
  }

  @Test
  void nothingIsLeftWhenWritingFails() throws IOException {
    Path folder = temp.resolve("1");
    String tooLong = "n".repeat(5000);
    assertThrows(
        UncheckedIOException.class,
        () -> SavedModelWriter.write(folder, MODEL, Map.of(tooLong, new byte[1])));
    assertEquals(List.of(), names());
  }

  @Test
  void assetsStayInTheirFolder() {
    assertEquals(
        "asset: expected the name of a file, found \"../vocab.txt\"",
        assertThrows(
                IllegalArgumentException.class,
                () ->
                    SavedModelWriter.write(
                        temp.resolve("1"), MODEL, Map.of("../vocab.txt", new byte[1])))
            .getMessage());
  }
}
