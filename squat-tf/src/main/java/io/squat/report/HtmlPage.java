package io.squat.report;

import com.google.common.html.HtmlEscapers;
import java.util.Base64;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Blocks as one HTML file that needs no other. */
final class HtmlPage {
  private static final String BEFORE =
      """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>%s</title>
      <style>
      body { margin: 0 auto; max-width: 76rem; padding: 1rem; color: #111; background: #fff;
        font: 1rem/1.5 system-ui, "DejaVu Sans", sans-serif; }
      h1 { font-size: 1.6rem; } h2 { font-size: 1.3rem; margin-top: 2.5rem; border-bottom: 1px solid #999; }
      h3 { font-size: 1.1rem; margin-top: 2rem; }
      p { max-width: 46rem; }
      .wide { overflow-x: auto; margin: 1rem 0; }
      table { border-collapse: collapse; font-size: 0.875rem; font-variant-numeric: tabular-nums; }
      th, td { padding: 0.3rem 0.7rem; text-align: left; vertical-align: top; }
      th { border-bottom: 2px solid #555; } td { border-bottom: 1px solid #ccc; white-space: nowrap; }
      figure { margin: 1.5rem 0; } img { display: block; max-width: 100%; height: auto; }
      figcaption { max-width: 46rem; font-size: 0.875rem; color: #444; margin-top: 0.3rem; }
      @media print { body { max-width: none; padding: 0; font-size: 10pt; }
        figure, tr { break-inside: avoid; } h2, h3 { break-after: avoid; }
        .wide { overflow: visible; } img { min-width: 0 !important; } table { font-size: 7.5pt; } td { white-space: normal; } }
      </style>
      </head>
      <body>
      """;
  private static final String AFTER =
      """
      </body>
      </html>
      """;

  private static final int LEAST_WIDTH = 300;

  private HtmlPage() {}

  /**
   * The page.
   *
   * @param title of the window
   * @param blocks the parts
   * @param pngs the pictures' bytes by their files
   */
  static String text(String title, List<Block> blocks, Function<String, byte[]> pngs) {
    return BEFORE.replace("%s", escaped(title))
        + blocks.stream().map(block -> text(block, pngs)).collect(Collectors.joining())
        + AFTER;
  }

  private static String text(Block block, Function<String, byte[]> pngs) {
    if (block instanceof Block.Heading heading) {
      return element("h" + heading.level(), escaped(heading.text())) + "\n";
    }
    if (block instanceof Block.Table table) {
      return "<div class=\"wide\"><table>\n<thead>"
          + row("th", table.head())
          + "</thead>\n<tbody>\n"
          + table.rows().stream()
              .map(cells -> row("td", cells) + "\n")
              .collect(Collectors.joining())
          + "</tbody></table></div>\n";
    }
    if (block instanceof Block.Picture picture) {
      // A narrow screen scrolls over many plots, as it does over tables.
      return "<figure><div class=\"wide\"><img alt=\""
          + escaped(picture.caption())
          + "\" src=\"data:image/png;base64,"
          + Base64.getEncoder().encodeToString(pngs.apply(picture.file()))
          + "\" style=\"width: "
          + picture.figure().width()
          + "px; min-width: "
          + LEAST_WIDTH * picture.figure().columns()
          + "px\"></div>"
          + element("figcaption", escaped(picture.caption()))
          + "</figure>\n";
    }
    return element("p", escaped(((Block.Text) block).text())) + "\n";
  }

  private static String row(String cell, List<String> cells) {
    return element(
        "tr",
        cells.stream().map(text -> element(cell, escaped(text))).collect(Collectors.joining()));
  }

  private static String element(String name, String content) {
    return "<" + name + ">" + content + "</" + name + ">";
  }

  private static String escaped(String text) {
    return HtmlEscapers.htmlEscaper().escape(text);
  }
}
