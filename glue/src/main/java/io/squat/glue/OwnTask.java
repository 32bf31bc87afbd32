package io.squat.glue;

import static io.squat.glue.Metric.ACCURACY;
import static io.squat.glue.Metric.F1;
import static io.squat.glue.Metric.MATTHEWS;
import static io.squat.glue.Metric.PEARSON;
import static io.squat.glue.Metric.SPEARMAN;

import com.google.common.collect.ImmutableList;
import java.util.HashSet;
import java.util.List;
import java.util.regex.Pattern;

/**
 * A task of the user's own: a table with a text or two and a label, or a score, in each row.
 *
 * <p>Files are read by {@link TableFile}.
 *
 * @param name what it is called
 * @param columns where texts and label are in its files
 * @param labels the classes in the order of their index; empty for regression
 */
public record OwnTask(String name, TableColumns columns, List<String> labels) implements Task {
  /** What would end a label early in the files of one label a line, or of tabs between. */
  private static final Pattern BREAK = Pattern.compile("[\\r\\n\\t]");

  private static final DataSource SOURCE = new DataSource("a table of your own", "yours");

  /**
   * Checks and copies.
   *
   * @throws IllegalArgumentException if there is one class alone, or one twice, without a name, or
   *     with a tab or line break in its name
   */
  public OwnTask {
    labels = ImmutableList.copyOf(labels);
    if (labels.size() == 1) {
      throw new IllegalArgumentException(
          name
              + ": expected at least two classes, found \""
              + labels.get(0)
              + "\" alone; give all by --labels a,b,...");
    }
    if (new HashSet<>(labels).size() < labels.size()
        || labels.stream().anyMatch(label -> label.isBlank() || BREAK.matcher(label).find())) {
      throw new IllegalArgumentException(
          name
              + ": expected classes with names of their own, in a line each and without tabs, found \""
              + String.join("\", \"", labels)
              + "\"");
    }
  }

  /** A task of scores. */
  public static OwnTask regression(String name, TableColumns columns) {
    return new OwnTask(name, columns, ImmutableList.of());
  }

  @Override
  public String displayName() {
    return name;
  }

  /** Accuracy; of two classes F1, that of the second, and Matthews too. Of scores, GLUE's. */
  @Override
  public List<Metric> metrics() {
    return switch (labels.size()) {
      case 0 -> ImmutableList.of(SPEARMAN, PEARSON);
      case 2 -> ImmutableList.of(ACCURACY, F1, MATTHEWS);
      default -> ImmutableList.of(ACCURACY);
    };
  }

  @Override
  public boolean pair() {
    return columns.texts().size() == 2;
  }

  @Override
  public DataSource source() {
    return SOURCE;
  }

  /** How the rows of its files are read. */
  RowRules rules() {
    return RowRules.of(columns.layout());
  }
}
