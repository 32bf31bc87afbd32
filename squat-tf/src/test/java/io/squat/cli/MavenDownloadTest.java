package io.squat.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.squat.train.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With shell scripts in Maven's place, which print what Maven 3.8.7 prints. */
class MavenDownloadTest {
  private static final PretrainedModel MODEL =
      new PretrainedModel(
          "tiny-model", "org.example:tiny-model:1.2", "tiny", 408_185_950, "0".repeat(64));

  @TempDir Path temporary;
  private final List<Long> steps = new ArrayList<>();

  @Test
  void givesBackTheJarAndFollowsMaven() throws Exception {
    Path jar =
        jar(
            "printf 'Progress (1): 1.3/2.1 kB\\r'",
            "printf 'Progress (1): 5.2/408 MB\\rProgress (1): 5.9/408 MB\\r'",
            "printf 'Progress (2): 4.1 kB | 200/408 MB\\r'",
            "printf 'Progress (1): 407/408 MB\\n'",
            "[ \"$1 $2\" = '-s mine.xml' ] || exit 3",
            "for argument; do case $argument in",
            "  -DoutputDirectory=*) printf jar > \"${argument#*=}/tiny-model-1.2.jar\" ;;",
            "  -Dartifact=*) [ \"$argument\" = -Dartifact=org.example:tiny-model:1.2 ] || exit 3 ;;",
            "esac; done");
    assertEquals("jar", Files.readString(jar));
    assertEquals(List.of(5L, 0L, 195L, 207L), steps);
  }

  @Test
  void saysWhatMavenSaid() {
    IllegalStateException e =
        assertThrows(
            IllegalStateException.class,
            () ->
                jar(
                    "echo '[INFO] Scanning for projects...'",
                    "echo '[ERROR] Cannot access central in offline mode -> [Help 1]'",
                    "echo '[ERROR] To see the full stack trace, use -e'",
                    "exit 1"));
    assertEquals(
        "tiny-model: Maven could not get org.example:tiny-model:1.2: Cannot access central in"
            + " offline mode; check the network, or the mirror and proxy in"
            + " ~/.m2/settings.xml, and SQUAT_MAVEN_ARGS",
        e.getMessage());
  }

  @Test
  void saysThatMavenIsMissing() {
    IllegalStateException e =
        assertThrows(
            IllegalStateException.class,
            () -> new MavenDownload(List.of("no-such-maven"), Progress.NONE).jar(MODEL, temporary));
    assertEquals(
        "tiny-model: expected Maven's command no-such-maven on the PATH, found none that starts;"
            + " install Maven, or give --model the folder of a SavedModel",
        e.getMessage());
  }

  @Test
  void saysThatMavenLeftNoJar() {
    IllegalStateException e = assertThrows(IllegalStateException.class, () -> jar("exit 0"));
    assertTrue(String.valueOf(e.getMessage()).endsWith("found none"), e.getMessage());
  }

  private Path jar(String... script) throws IOException {
    Path maven = temporary.resolve("mvn");
    Files.writeString(maven, "#!/bin/sh\n" + String.join("\n", script) + "\n");
    Files.setPosixFilePermissions(maven, PosixFilePermissions.fromString("rwx------"));
    return new MavenDownload(List.of(maven.toString(), "-s", "mine.xml"), this::record)
        .jar(MODEL, Files.createDirectories(temporary.resolve("jars")));
  }

  private Progress.Work record(String name, String unit, long total) {
    return new Progress.Work() {
      @Override
      public void step(long units) {
        steps.add(units);
      }

      @Override
      public void message(String text) {}

      @Override
      public void close() {}
    };
  }
}
