package io.squat.glue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The entries of a {@code vocab.txt}: line number minus one is the token id.
 *
 * @param name what errors call it
 * @param entries the entries, all different, the special tokens among them
 */
record Vocabulary(String name, List<String> entries) {
  static final String CLS = "[CLS]";
  static final String SEP = "[SEP]";
  static final String PAD = "[PAD]";
  static final String UNKNOWN = "[UNK]";
  private static final Pattern BRACKETED = Pattern.compile("\\[[^\\[\\]]+]");
  private static final List<String> SPECIAL = List.of(CLS, SEP, PAD, UNKNOWN);

  /** Checks and copies. */
  Vocabulary {
    entries = List.copyOf(entries);
    if (entries.isEmpty()) {
      throw new IllegalArgumentException(
          name + ": expected a vocabulary with one entry a line, found an empty file");
    }
    Map<String, Integer> lines = new HashMap<>();
    for (int line = 1; line <= entries.size(); line++) {
      String entry = entries.get(line - 1);
      if (entry.isEmpty()) {
        throw new IllegalArgumentException(
            name + ", line " + line + ": expected a vocabulary entry, found an empty line");
      }
      Integer first = lines.putIfAbsent(entry, line);
      if (first != null) {
        throw new IllegalArgumentException(
            name
                + ", line "
                + line
                + ": entry \""
                + entry
                + "\" is already in line "
                + first
                + "; expected every entry once");
      }
    }
    List<String> missing = SPECIAL.stream().filter(s -> !lines.containsKey(s)).toList();
    if (!missing.isEmpty()) {
      throw new IllegalArgumentException(
          name
              + ": expected BERT's special tokens, missing "
              + String.join(", ", missing)
              + "; is this the vocab.txt of a BERT?");
    }
  }

  /** Reads a {@code vocab.txt}; empty lines at its end do not count. */
  static Vocabulary read(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new IllegalArgumentException(
          file
              + ": expected the model's vocabulary (vocab.txt), found no such file; put it there, or name"
              + " it by --vocab where there is that option");
    }
    List<String> entries = new ArrayList<>();
    try (Utf8Lines lines = new Utf8Lines(Files.newInputStream(file), file.toString())) {
      for (String line = lines.next(); line != null; line = lines.next()) {
        entries.add(line);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be read (" + e.getMessage() + ")", e);
    }
    while (!entries.isEmpty() && entries.get(entries.size() - 1).isEmpty()) {
      entries.remove(entries.size() - 1);
    }
    return new Vocabulary(file.toString(), entries);
  }

  /**
   * Whether an entry is written as special tokens and BERT's unused ones are: a name in brackets,
   * without brackets in it, such as {@code [CLS]} or {@code [unused1]}, but not {@code []}.
   */
  static boolean isBracketed(String entry) {
    return BRACKETED.matcher(entry).matches();
  }

  int id(String entry) {
    return entries.indexOf(entry);
  }
}
