package io.squat.savedmodels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.common.collect.Lists;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.SignatureDef;
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

  /** Not by a map's order, which in Java differs from process to process. */
  @Test
  void theSameModelGivesTheSameBytes() throws IOException {
    SignatureDef signature = SignatureDef.newBuilder().setMethodName("predict").build();
    List<String> names = List.of("serving_default", "serving_int64", "serving_float", "a", "b");
    List<byte[]> written = new ArrayList<>();
    for (List<String> order : List.of(names, Lists.reverse(names))) {
      Map<String, SignatureDef> signatures = new LinkedHashMap<>();
      order.forEach(name -> signatures.put(name, signature));
      Path folder = temp.resolve(order.get(0));
      SavedModelWriter.write(folder, ServingModel.ofConstants(MODEL.graph(), signatures), Map.of());
      assertEquals(signatures, SavedModelFiles.parse(folder).getMetaGraphs(0).getSignatureDefMap());
      written.add(Files.readAllBytes(folder.resolve("saved_model.pb")));
    }
    assertArrayEquals(written.get(0), written.get(1));
  }

  @Test
  void graphAndAssetsAreWritten() throws IOException {
    Path folder = temp.resolve("cola").resolve("3");
    byte[] vocabulary = {65, 10, 66, 10};
    SavedModelWriter.write(folder, MODEL, Map.of("assets/vocab.txt", vocabulary));
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

  /** In a container every process has the same number. */
  @Test
  void whatAKilledProcessLeftIsNotInTheModel() throws IOException {
    Path left = temp.resolve("1.partial-" + ProcessHandle.current().pid());
    Files.createDirectories(left.resolve("assets"));
    Files.writeString(left.resolve("assets/labels.txt"), "of another model");
    SavedModelWriter.write(temp.resolve("1"), MODEL, Map.of("assets/vocab.txt", new byte[1]));
    assertEquals(List.of("1"), names());
    assertFalse(Files.exists(temp.resolve("1/assets/labels.txt")));
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
  void aCheckpointThatCannotBeWrittenIsNamed() throws IOException {
    ServingVariables variables =
        ServingVariables.of(
            GraphDef.newBuilder()
                .addNode(Constants.floats("x/read", List.of(2L), new float[] {1, 2}))
                .addNode(Nodes.identity("y", "x/read", DataType.DT_FLOAT))
                .build(),
            ServingVariables.trained(1));
    Path file = Files.writeString(temp.resolve("file"), "mine");
    String message =
        String.valueOf(
            assertThrows(IOException.class, () -> variables.write(file.resolve("variables")))
                .getMessage());
    assertEquals(1, message.lines().count(), message);
    assertTrue(message.contains(file.toString()), message);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "../vocab.txt",
        "assets/../../vocab.txt",
        "/vocab.txt",
        "saved_model.pb",
        "variables/variables.index"
      })
  void filesStayInTheirFolderAndBesideTheModels(String path) throws IOException {
    String expected =
        "file of a SavedModel: expected a path in its folder other than saved_model.pb and"
            + " variables, found \""
            + path
            + "\"";
    Map<String, byte[]> files = Map.of(path, new byte[1]);
    Path folder = temp.resolve("1");
    assertEquals(
        expected,
        assertThrows(
                IllegalArgumentException.class, () -> SavedModelWriter.write(folder, MODEL, files))
            .getMessage());
    assertEquals(
        expected,
        assertThrows(
                IllegalArgumentException.class,
                () -> SavedModelWriter.write(folder, MODEL, Map.of(), bytes -> files))
            .getMessage());
    assertEquals(List.of(), names());
  }

  @Test
  void theLastFilesAreToldTheBytesOfAllOthers() throws IOException {
    Path folder = temp.resolve("1");
    SavedModelWriter.write(
        folder,
        MODEL,
        Map.of("assets.extra/requests", new byte[1013], "notes", new byte[7]),
        bytes -> Map.of("about/size", Long.toString(bytes).getBytes(StandardCharsets.UTF_8)));
    assertEquals(1013, Files.size(folder.resolve("assets.extra/requests")));
    assertEquals(
        Long.toString(1013 + 7 + Files.size(folder.resolve("saved_model.pb"))),
        Files.readString(folder.resolve("about/size")));
  }
}
