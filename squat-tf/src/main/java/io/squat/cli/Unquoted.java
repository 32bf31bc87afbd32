package io.squat.cli;

import picocli.CommandLine.ITypeConverter;

/**
 * A name of a list that commas separate. One that holds a comma stands in double quotes, which
 * picocli does not split and does not take off.
 */
final class Unquoted implements ITypeConverter<String> {
  @Override
  public String convert(String text) {
    boolean quoted = text.length() > 1 && text.startsWith("\"") && text.endsWith("\"");
    return quoted ? text.substring(1, text.length() - 1) : text;
  }
}
