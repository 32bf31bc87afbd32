package io.squat.train;

import static java.util.Objects.requireNonNull;

import io.squat.glue.RandomRows;
import io.squat.savedmodels.ServingModel;
import io.squat.savedmodels.WarmUpRequests;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/** The requests that warm up a run's model: batches of several sizes, as long as its rows were. */
final class WarmUp {
  private static final List<Integer> BATCHES = List.of(1, 8, 32);

  /** {@code [CLS]}, one token and {@code [SEP]}. */
  private static final int LEAST_TOKENS = 3;

  private WarmUp() {}

  /**
   * The lengths of the requests.
   *
   * @param data of the run; of one that has none, a quarter, a half and the whole of what its rows
   *     were cut to
   * @param longest how long a row of the model may be
   * @return one to three lengths, the shortest first
   */
  static List<Integer> lengths(Optional<RunData> data, int longest) {
    return data.map(rows -> Stream.of(rows.medianTokens(), rows.longTokens(), rows.mostTokens()))
        .orElseGet(() -> Stream.of(longest / 4, longest / 2, longest))
        .map(length -> Math.min(longest, Math.max(LEAST_TOKENS, length)))
        .distinct()
        .toList();
  }

  /**
   * The file of requests.
   *
   * @param settings of the run
   * @param lengths of the rows
   * @param model what is served
   * @param vocabulary the run's vocabulary
   */
  static byte[] file(
      RunSettings settings, List<Integer> lengths, ServingModel model, Path vocabulary) {
    RandomRows rows = RandomRows.of(vocabulary, settings.seed());
    List<WarmUpRequests.Batch> batches = new ArrayList<>();
    for (int batch : BATCHES) {
      for (int length : lengths) {
        batches.add(new WarmUpRequests.Batch(batch, length, rows.next(batch, length)));
      }
    }
    return WarmUpRequests.file(
        settings.task().displayName().toLowerCase(Locale.ROOT),
        requireNonNull(model.signatures().get(ServingModel.DEFAULT)).getInputsMap().keySet(),
        batches);
  }
}
