package io.squat.glue;

import static io.squat.glue.Metric.ACCURACY;
import static io.squat.glue.Metric.F1;
import static io.squat.glue.Metric.MATTHEWS;
import static io.squat.glue.Metric.PEARSON;
import static io.squat.glue.Metric.SPEARMAN;

import com.google.common.collect.ImmutableList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * The nine tasks of the GLUE benchmark and its diagnostic set: their labels, metrics and file
 * layouts.
 *
 * <p>Labels stand in the order of the class index: sorted as text. That is also the order in which
 * Google's BERT has those of CoLA, MNLI and MRPC ({@code run_classifier.py} of
 * google-research/bert, which knows no other of these tasks). The first metric is the one the BERT
 * paper quotes (Devlin et al., 2019, table 1: F1 for QQP and MRPC, Spearman for STS-B), except that
 * CoLA's is Matthews, as GLUE defines it.
 *
 * <p>Source: Wang et al., "GLUE: A Multi-Task Benchmark and Analysis Platform for Natural Language
 * Understanding", ICLR 2019.
 */
public enum GlueTask implements Task {
  /** Is the sentence acceptable English? */
  COLA(
      "CoLA",
      Labels.BINARY,
      ImmutableList.of(MATTHEWS, ACCURACY),
      RowRules.of(
          Layout.single("sentence", "label").withoutHeader("source", "label", "mark", "sentence")),
      new DataSource(
          "the Corpus of Linguistic Acceptability (Warstadt et al., 2019)",
          "no licence is stated; sentences from published linguistics "
              + "literature: https://nyu-mll.github.io/CoLA/")),
  /** Is the phrase from a film review positive? */
  SST2(
      "SST-2",
      Labels.BINARY,
      ImmutableList.of(ACCURACY),
      RowRules.of(Layout.single("sentence", "label")),
      new DataSource(
          "the Stanford Sentiment Treebank (Socher et al., 2013)",
          "no licence is stated; phrases from film reviews: "
              + "https://nlp.stanford.edu/sentiment/")),
  /** Do the two sentences mean the same? */
  MRPC(
      "MRPC",
      Labels.BINARY,
      ImmutableList.of(F1, ACCURACY),
      RowRules.of(Layout.pair("#1 String", "#2 String", "Quality")),
      new DataSource(
          "the Microsoft Research Paraphrase Corpus (Dolan and Brockett, 2005)",
          "Microsoft Research's terms, which come with the corpus and are to be " + "accepted")),
  /** How similar are the two sentences, from 0 to 5? */
  STSB(
      "STS-B",
      ImmutableList.of(),
      ImmutableList.of(SPEARMAN, PEARSON),
      RowRules.of(Layout.pair("sentence1", "sentence2", "score")).withScores(0, 5),
      new DataSource(
          "the STS Benchmark (Cer et al., 2017)",
          "the scores CC BY-SA 4.0, the texts their own sources' terms, which "
              + "come with the benchmark")),
  /** Do the two questions ask the same? */
  QQP(
      "QQP",
      Labels.BINARY,
      ImmutableList.of(F1, ACCURACY),
      RowRules.of(Layout.pair("question1", "question2", "is_duplicate").withId("id"))
          .skippingRagged(),
      new DataSource("Quora's question pairs", "those of Quora, which published them")),
  /** Does the first sentence entail the second, contradict it, or neither? */
  MNLI(
      "MNLI",
      Labels.THREE_WAY,
      ImmutableList.of(ACCURACY),
      RowRules.of(Layout.pair("sentence1", "sentence2", "gold_label")).skippingLabel("-"),
      new DataSource(
          "the Multi-Genre NLI corpus (Williams et al., 2018)",
          "most of it the OANC's licence, parts of the fiction CC BY-SA 3.0 or "
              + "CC BY 3.0: https://cims.nyu.edu/~sbowman/multinli/")),
  /** Does the sentence answer the question? */
  QNLI(
      "QNLI",
      Labels.ENTAILMENT,
      ImmutableList.of(ACCURACY),
      RowRules.of(Layout.pair("question", "sentence", "label")),
      new DataSource(
          "SQuAD 1.1 (Rajpurkar et al., 2016)",
          "CC BY-SA 4.0: https://rajpurkar.github.io/SQuAD-explorer/")),
  /** Does the first sentence entail the second? */
  RTE(
      "RTE",
      Labels.ENTAILMENT,
      ImmutableList.of(ACCURACY),
      RowRules.of(Layout.pair("sentence1", "sentence2", "label")),
      new DataSource(
          "the textual entailment challenges RTE1, RTE2, RTE3 and RTE5",
          "no single licence is stated; the challenges were held by PASCAL and " + "NIST")),
  /** Does the second sentence name what the first one's pronoun means? */
  WNLI(
      "WNLI",
      Labels.BINARY,
      ImmutableList.of(ACCURACY),
      RowRules.of(Layout.pair("sentence1", "sentence2", "label")),
      new DataSource(
          "the Winograd Schema Challenge (Levesque et al., 2011)",
          "CC BY 4.0, as published by its makers")),
  /** MNLI's question on sentences that show what a model has learned; no labels are published. */
  AX(
      "AX",
      Labels.THREE_WAY,
      ImmutableList.of(),
      RowRules.of(Layout.pair("sentence1", "sentence2", "label")),
      new DataSource(
          "GLUE's diagnostic set (Wang et al., 2019)",
          "no licence is stated; its makers wrote some of the sentences and took others from news and"
              + " the like: https://gluebenchmark.com/diagnostics"));

  private final String displayName;
  private final ImmutableList<String> labels;
  private final ImmutableList<Metric> metrics;
  private final RowRules rules;
  private final DataSource source;

  GlueTask(
      String displayName,
      ImmutableList<String> labels,
      ImmutableList<Metric> metrics,
      RowRules rules,
      DataSource source) {
    this.displayName = displayName;
    this.labels = labels;
    this.metrics = metrics;
    this.rules = rules;
    this.source = source;
  }

  /**
   * Finds a task by its name; case and punctuation do not matter ({@code SST-2}, {@code sst2}).
   *
   * @throws IllegalArgumentException if there is no such task; the message lists those there are
   */
  public static GlueTask of(String name) {
    return Arrays.stream(values())
        .filter(task -> task.isNamed(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "unknown task \"" + name + "\"; expected one of " + choices()));
  }

  private static String choices() {
    return Arrays.stream(values()).map(GlueTask::displayName).collect(Collectors.joining(", "));
  }

  /** GLUE's own script calls the folder of AX {@code diagnostic}. */
  boolean isNamed(String name) {
    return plain(name).equals(plain(displayName)) || (this == AX && name.equals("diagnostic"));
  }

  private static String plain(String name) {
    return name.toLowerCase(Locale.ROOT).replaceAll("[-_ ]", "");
  }

  /** The name GLUE gives the task and its folder, for example {@code SST-2}. */
  @Override
  public String displayName() {
    return displayName;
  }

  @Override
  public List<String> labels() {
    return labels;
  }

  @Override
  public boolean pair() {
    return rules.layout().textB() != null;
  }

  @Override
  public DataSource source() {
    return source;
  }

  @Override
  public List<Metric> metrics() {
    return metrics;
  }

  /** Whether there are rows to train on: not of AX, which a model of MNLI predicts. */
  public boolean hasTraining() {
    return this != AX;
  }

  /** The split to score where none is chosen: dev, or test of AX, which has no other. */
  public Split defaultSplit() {
    return this == AX ? Split.TEST : Split.DEV;
  }

  /** The splits with labels besides train and dev: MNLI's mismatched dev rows, else none. */
  public List<Split> furtherSplits() {
    return this == MNLI ? List.of(Split.DEV_MISMATCHED) : List.of();
  }

  /** How the rows of a split's file are read. */
  RowRules rules(Split split) {
    return split.isLabelled() ? rules : rules.withoutLabel();
  }

  /**
   * Label lists that several tasks share; a holder, as an enum's constants cannot see its own
   * static fields.
   */
  private static final class Labels {
    static final ImmutableList<String> BINARY = ImmutableList.of("0", "1");
    static final ImmutableList<String> THREE_WAY =
        ImmutableList.of("contradiction", "entailment", "neutral");
    static final ImmutableList<String> ENTAILMENT =
        ImmutableList.of("entailment", "not_entailment");
  }
}
