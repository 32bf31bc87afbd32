package io.squat.savedmodels;

import com.google.common.collect.ImmutableList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What an input of a BERT signature means, whatever its exporter called it.
 *
 * <p>Every input is an integer tensor [B, T]: B rows, T tokens.
 */
public enum InputRole {
  /** Token ids in the model's vocabulary. */
  IDS("input_ids", "input_word_ids", "ids", "token_ids"),
  /** 1 at real tokens, 0 at padding. */
  MASK("input_mask", "attention_mask", "mask", "padding_mask"),
  /** 0 in the first text, 1 in the second. */
  SEGMENTS("segment_ids", "token_type_ids", "input_type_ids", "segments");

  private final ImmutableList<String> names;

  InputRole(String... names) {
    this.names = ImmutableList.copyOf(names);
  }

  /**
   * The name that this input has in the signatures that we write, for example {@code input_ids}.
   */
  public String signatureName() {
    return names.get(0);
  }

  /** The usual names of this role, most common first. */
  public List<String> names() {
    return names;
  }

  /**
   * The key among {@code keys} that means this role.
   *
   * @param keys the keys of a signature's inputs
   * @param named the key that the user gave this role, null to look for its usual names
   * @return empty if there are no segments
   * @throws IllegalArgumentException if there is no such key, or none for ids or the mask
   */
  public Optional<String> find(Collection<String> keys, @Nullable String named) {
    Optional<String> found = named == null ? find(keys) : Optional.of(named).filter(keys::contains);
    if (found.isEmpty() && (named != null || this != SEGMENTS)) {
      throw new IllegalArgumentException(
          "expected an input named "
              + (named == null ? "one of " + names : named)
              + ", found inputs "
              + keys.stream().sorted().toList()
              + "; name it by --signature-input "
              + optionName()
              + "=NAME");
    }
    return found;
  }

  /** The name of this role on a command line, for example {@code ids}. */
  private String optionName() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * The key among {@code keys} that means this role, by its usual names; empty if there is none.
   */
  Optional<String> find(Collection<String> keys) {
    return names.stream()
        .flatMap(
            name -> keys.stream().filter(key -> key.toLowerCase(Locale.ROOT).equals(name)).sorted())
        .findFirst();
  }
}
