package io.squat.glue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class GlueTaskTest {
  @ParameterizedTest
  @CsvSource({
    "CoLA, COLA",
    "cola, COLA",
    "SST-2, SST2",
    "sst2, SST2",
    "SST_2, SST2",
    "STS-B, STSB",
    "stsb, STSB",
    "mnli, MNLI",
    "Qqp, QQP"
  })
  void isFoundByName(String name, GlueTask task) {
    assertEquals(task, GlueTask.of(name));
  }

  @ParameterizedTest
  @EnumSource
  void isFoundByItsOwnNames(GlueTask task) {
    assertEquals(task, GlueTask.of(task.displayName()));
    assertEquals(task, GlueTask.of(task.name()));
  }

  @Test
  void namesWhereItsRowsComeFrom() {
    assertEquals("SQuAD 1.1 (Rajpurkar et al., 2016)", GlueTask.QNLI.source().name());
    long sources = Arrays.stream(GlueTask.values()).map(GlueTask::source).distinct().count();
    assertEquals(GlueTask.values().length, sources);
  }

  @Test
  void unknownTaskListsTheChoices() {
    IllegalArgumentException error =
        assertThrows(IllegalArgumentException.class, () -> GlueTask.of("SQuAD"));
    assertEquals(
        "unknown task \"SQuAD\"; expected one of CoLA, SST-2, MRPC, STS-B, QQP, MNLI, QNLI, RTE, WNLI, AX",
        error.getMessage());
  }

  /** As GLUE's web page lists its tasks. */
  @Test
  void formsOfTheTasks() {
    List<GlueTask> pairs = Arrays.stream(GlueTask.values()).filter(GlueTask::pair).toList();
    assertEquals(
        List.of(
            GlueTask.MRPC,
            GlueTask.STSB,
            GlueTask.QQP,
            GlueTask.MNLI,
            GlueTask.QNLI,
            GlueTask.RTE,
            GlueTask.WNLI,
            GlueTask.AX),
        pairs);
    List<GlueTask> regressions =
        Arrays.stream(GlueTask.values()).filter(GlueTask::isRegression).toList();
    assertEquals(List.of(GlueTask.STSB), regressions);
    assertEquals(Metric.MATTHEWS, GlueTask.COLA.metrics().get(0));
    assertEquals(Metric.F1, GlueTask.MRPC.metrics().get(0));
    assertEquals(Metric.F1, GlueTask.QQP.metrics().get(0));
    assertEquals(List.of(Metric.SPEARMAN, Metric.PEARSON), GlueTask.STSB.metrics());
    assertEquals(List.of(Metric.ACCURACY), GlueTask.MNLI.metrics());
  }

  @Test
  void splitsAreFoundByName() {
    for (Split split : Split.values()) {
      assertEquals(split, Split.of(split.toString()));
    }
    assertEquals(Split.DEV, Split.of("dev_matched"));
    assertEquals(Split.TEST_MISMATCHED, Split.of("TEST_MISMATCHED"));
    IllegalArgumentException error =
        assertThrows(IllegalArgumentException.class, () -> Split.of("validation"));
    assertEquals(
        "unknown split \"validation\"; expected one of train, dev, test, dev_mismatched,"
            + " test_mismatched",
        error.getMessage());
  }

  @Test
  void filesOfTheSplits() {
    assertEquals("train.tsv", Split.TRAIN.fileName(GlueTask.MNLI));
    assertEquals("dev_matched.tsv", Split.DEV.fileName(GlueTask.MNLI));
    assertEquals("test_mismatched.tsv", Split.TEST_MISMATCHED.fileName(GlueTask.MNLI));
    assertEquals("dev.tsv", Split.DEV.fileName(GlueTask.COLA));
    assertEquals("diagnostic.tsv", Split.TEST.fileName(GlueTask.AX));
    assertEquals(
        "AX has no split dev; expected test, which a model of MNLI predicts",
        assertThrows(IllegalArgumentException.class, () -> Split.DEV.fileName(GlueTask.AX))
            .getMessage());
    IllegalArgumentException error =
        assertThrows(
            IllegalArgumentException.class, () -> Split.DEV_MISMATCHED.fileName(GlueTask.RTE));
    assertEquals(
        "RTE has no split dev_mismatched; expected train, dev or test (only MNLI has mismatched"
            + " splits)",
        error.getMessage());
  }
}
