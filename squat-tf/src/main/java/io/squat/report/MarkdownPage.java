package io.squat.report;

import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;

/** Blocks as Markdown; the pictures are files beside it. */
final class MarkdownPage {
  private MarkdownPage() {}

  static String text(List<Block> blocks) {
    return blocks.stream().map(MarkdownPage::text).collect(Collectors.joining("\n"));
  }

  private static String text(Block block) {
    if (block instanceof Block.Heading heading) {
      return "#".repeat(heading.level()) + " " + heading.text() + "\n";
    }
    if (block instanceof Block.Table table) {
      return row(table.head())
          + row(Collections.nCopies(table.head().size(), "---"))
          + table.rows().stream().map(MarkdownPage::row).collect(Collectors.joining());
    }
    if (block instanceof Block.Picture picture) {
      return "![" + picture.caption() + "](" + picture.file() + ")\n";
    }
    return ((Block.Text) block).text() + "\n";
  }

  private static String row(List<String> cells) {
    return cells.stream()
        .map(cell -> cell.replace("|", "\\|").replace("\n", " "))
        .collect(Collectors.joining(" | ", "| ", " |\n"));
  }
}
