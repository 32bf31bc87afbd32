package io.squat.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.squat.glue.Example;
import io.squat.glue.Examples;
import io.squat.glue.GlueReader;
import io.squat.glue.GlueTask;
import io.squat.glue.Split;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The counts are those of {@code cut -f4 train.tsv | sort | uniq -c}. */
class DemoDataTest {
  private static final int ENTAILMENT = 0;

  @Test
  void hasTheRowsThatItsAttributionNames() throws IOException {
    Examples train = read(Split.TRAIN);
    Examples dev = read(Split.DEV);

    assertEquals(560, train.rows().size());
    assertEquals(290, train.rows().stream().filter(row -> row.label() == ENTAILMENT).count());
    assertEquals(600, dev.rows().size());
    assertEquals(309, dev.rows().stream().filter(row -> row.label() == ENTAILMENT).count());
    assertEquals(0, train.skippedRows() + dev.skippedRows());
  }

  @Test
  void scoresOnRowsThatItDoesNotTrainOn() throws IOException {
    Set<List<Object>> shared = new HashSet<>(texts(read(Split.TRAIN)));
    shared.retainAll(texts(read(Split.DEV)));
    assertEquals(Set.of(), shared);
  }

  @Test
  void saysWhereItIsFrom() throws IOException {
    try (InputStream file = open("ATTRIBUTION")) {
      String text = new String(file.readAllBytes(), StandardCharsets.UTF_8);
      assertTrue(text.contains("CC BY-SA 4.0") && text.contains("SQuAD 1.1"), text);
    }
  }

  private static Set<List<Object>> texts(Examples examples) {
    return examples.rows().stream().map(DemoDataTest::texts).collect(Collectors.toSet());
  }

  private static List<Object> texts(Example row) {
    return List.of(row.textA(), Objects.requireNonNull(row.textB()));
  }

  private static Examples read(Split split) throws IOException {
    String name = split.fileName(GlueTask.QNLI);
    try (InputStream file = open(name)) {
      return GlueReader.read(file, name, GlueTask.QNLI, split);
    }
  }

  private static InputStream open(String name) {
    return Objects.requireNonNull(DemoDataTest.class.getResourceAsStream("/demo/QNLI/" + name));
  }
}
