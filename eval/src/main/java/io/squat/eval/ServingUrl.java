package io.squat.eval;

import java.net.URI;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * The URL of a model on a TensorFlow Serving server.
 *
 * @param model {@code http://HOST:PORT/v1/models/NAME}, maybe with {@code /versions/N} or {@code
 *     /labels/LABEL}, without a slash at the end
 */
record ServingUrl(String model) {
  private static final Pattern PATH =
      Pattern.compile(".*/v1/models/[^/:]+(/versions/\\d+|/labels/[^/:]+)?");

  /**
   * Checks a URL.
   *
   * @throws IllegalArgumentException if it is not one of a model
   */
  static ServingUrl of(URI url) {
    String scheme = url.getScheme() == null ? "" : url.getScheme().toLowerCase(Locale.ROOT);
    if (!scheme.equals("http") && !scheme.equals("https")) {
      throw refused(url, "no http or https");
    }
    if (url.getRawUserInfo() != null) {
      throw new IllegalArgumentException(
          "URL: expected one without a user and a password, found them for host " + url.getHost());
    }
    if (url.getHost() == null) {
      throw refused(url, "no host name of letters, digits, hyphens and dots");
    }
    if (url.getRawQuery() != null || url.getRawFragment() != null) {
      throw refused(url, "a part after ? or #");
    }
    String path = url.getRawPath() == null ? "" : url.getRawPath().replaceFirst("/$", "");
    if (path.endsWith(":predict")) {
      throw refused(url, "one that ends in :predict, which is added here");
    }
    if (!PATH.matcher(path).matches()) {
      throw refused(url, path.isEmpty() ? "no path" : "the path " + path);
    }
    return new ServingUrl(scheme + "://" + url.getRawAuthority() + path);
  }

  private static IllegalArgumentException refused(URI url, String found) {
    return new IllegalArgumentException(
        url
            + ": expected a URL http://HOST:8501/v1/models/NAME, maybe with /versions/N or"
            + " /labels/LABEL, found "
            + found);
  }

  /** Where the signatures are asked for. */
  URI metadata() {
    return URI.create(model + "/metadata");
  }

  /** Where predictions are asked for. */
  URI predict() {
    return URI.create(model + ":predict");
  }
}
