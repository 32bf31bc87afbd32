package io.squat.report;

import io.squat.glue.Task;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What tasks are called on a page: tables of one's own may be different ones of one name, and get
 * numbers then.
 */
final class TaskNames {
  private final Map<Task, String> names = new LinkedHashMap<>();

  private TaskNames() {}

  /** The names of the runs' tasks, numbered in the order of the runs. */
  static TaskNames of(List<ReportedRun> runs) {
    TaskNames names = new TaskNames();
    for (ReportedRun run : runs) {
      Task task = run.settings().task();
      if (!names.names.containsKey(task)) {
        names.names.put(task, names.free(task.displayName()));
      }
    }
    return names;
  }

  private String free(String name) {
    String free = name;
    for (int number = 2; names.containsValue(free); number++) {
      free = name + " (" + number + ")";
    }
    return free;
  }

  /** The name of a run's task. */
  String of(ReportedRun run) {
    return names.getOrDefault(run.settings().task(), run.settings().task().displayName());
  }
}
