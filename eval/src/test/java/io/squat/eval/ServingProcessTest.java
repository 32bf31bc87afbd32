package io.squat.eval;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ServingProcessTest {

  @Test
  void answersInUtf8WhateverTheSystemsEncodingIs() throws IOException {
    InputStream in = System.in;
    PrintStream out = System.out;
    ByteArrayOutputStream answers = new ByteArrayOutputStream();
    String start =
        ServingProcess.JSON.writeValueAsString(
            new ServingProcess.Start("m\u00f6del\u5317", Classifier.Options.DEFAULT));
    try {
      System.setIn(new ByteArrayInputStream(start.getBytes(UTF_8)));
      System.setOut(new PrintStream(answers, true, US_ASCII));
      ServingProcess.main(new String[0]);
    } finally {
      System.setIn(in);
      System.setOut(out);
    }
    ServingProcess.Answer answer =
        ServingProcess.JSON.readValue(answers.toString(UTF_8), ServingProcess.Answer.class);
    String error = String.valueOf(answer.error());
    assertTrue(error.contains("m\u00f6del\u5317"), error);
    assertTrue(answer.badInput());
  }

  @Test
  void passesOnWhatIsNotOfOneProcess() {
    List<String> passed =
        List.of(
            "--enable-native-access=ALL-UNNAMED",
            "--add-opens=java.base/java.lang=ALL-UNNAMED",
            "-ea",
            "-Xmx1g",
            "-XX:+UseSerialGC",
            "-Dorg.bytedeco.javacpp.maxphysicalbytes=0");
    List<String> left =
        List.of(
            "-Xrunjdwp:transport=dt_socket,server=y,address=5005",
            "-Xdebug",
            "-agentlib:jdwp=transport=dt_socket,server=y,address=5005",
            "-agentpath:/opt/profiler.so=start",
            "-javaagent:jacoco.jar=destfile=x",
            "-Dcom.sun.management.jmxremote.port=9010",
            "vfprintf");
    List<String> all = new ArrayList<>(left);
    all.addAll(3, passed);
    assertEquals(passed, JavaProcess.passedOn(all));
  }
}
