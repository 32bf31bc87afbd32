package io.squat.eval;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.squat.eval.TinyClassifier.Output;
import io.squat.glue.Batches;
import io.squat.glue.Casing;
import io.squat.glue.WordPiece;
import io.squat.savedmodels.InputRole;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.StringWriter;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.w3c.dom.Element;

/** The samples of README.md and docs/serving.md are programs that work. */
class ReadmeTest {
  private static final Path TOP = Path.of("..");
  private static final double TOLERANCE = 1e-5;

  @TempDir Path folder;

  @Test
  void theJavaSampleCompilesAndGivesTheAnswersOfPlainJava() throws Exception {
    List<String> samples = blocks("README.md", "java");
    assertEquals(1, samples.size());
    Path classes = compile("Classify", samples.get(0));

    TinyClassifier model =
        new TinyClassifier(TinyText.LABELS.size(), 1).output("logits", Output.LOGITS);
    Path written = model.write(folder.resolve("model"));
    TinyText.vocabulary(written);
    TinyText.description(written, TinyText.LABELS, Casing.UNCASED, 128);
    List<String> printed = run(classes, "Classify", written.toString()).lines().toList();

    assertEquals(3, printed.size());
    double[] book = TinyText.probabilities(model, "the book was read by me .", null);
    int best = TinyText.argMax(book);
    String[] first = printed.get(0).split(" ", -1);
    assertEquals(TinyText.LABELS.get(best), first[0]);
    assertEquals(book[best], Float.parseFloat(first[1]), TOLERANCE);
    assertMap(TinyText.probabilities(model, "it rains .", null), printed.get(1));
    assertMap(TinyText.probabilities(model, "rains it today .", null), printed.get(2));
  }

  @Test
  void theEncoderSampleCompilesAndGivesTheVectorsOfPlainJava() throws Exception {
    List<String> samples = blocks("docs/serving.md", "java");
    assertEquals(1, samples.size());
    Path classes = compile("Encode", samples.get(0));

    TinyClassifier model =
        new TinyClassifier(2, 1)
            .input(InputRole.MASK, "attention_mask")
            .input(InputRole.SEGMENTS, "token_type_ids")
            .output("pooler_output", Output.POOLED);
    Path written = model.write(folder.resolve("model"));
    Path vocabulary = TinyText.vocabulary(written);
    List<String> printed = run(classes, "Encode", written.toString()).lines().toList();

    List<String> texts = List.of("The cat sat on the mat.", "It rains.");
    assertEquals(texts.size(), printed.size());
    try (WordPiece words = WordPiece.open(vocabulary, Casing.UNCASED)) {
      for (int i = 0; i < texts.size(); i++) {
        List<double[]> sequence =
            model.expectedSequence(
                Batches.sequential(words.encode(List.of(texts.get(i)), null, 128), 1).get(0));
        String[] found =
            printed.get(i).replace(texts.get(i) + " [", "").replace("]", "").split(", ", -1);
        assertEquals(TinyClassifier.HIDDEN, found.length, printed.get(i));
        for (int h = 0; h < found.length; h++) {
          int column = h;
          double mean = sequence.stream().mapToDouble(v -> v[column]).average().orElseThrow();
          assertEquals(mean, Double.parseDouble(found[h]), TOLERANCE);
        }
      }
    }
  }

  private static void assertMap(double[] expected, String printed) {
    Matcher matcher = Pattern.compile("\\{no=(.+), maybe=(.+), yes=(.+)}").matcher(printed);
    assertTrue(matcher.matches(), printed);
    for (int c = 0; c < expected.length; c++) {
      assertEquals(expected[c], Float.parseFloat(matcher.group(c + 1)), TOLERANCE);
    }
  }

  @Test
  void theMavenDependenciesAreThoseOfThisBuild() throws Exception {
    Document parent = xml(Files.readString(TOP.resolve("pom.xml")));
    Element project = parent.getDocumentElement();
    Document sample = xml("<sample>" + String.join("", blocks("README.md", "xml")) + "</sample>");
    assertEquals(2, sample.getElementsByTagName("dependency").getLength());
    assertEquals("squat-eval", text(sample.getDocumentElement(), "artifactId", 0));
    assertEquals(text(project, "groupId", 0), text(sample.getDocumentElement(), "groupId", 0));
    assertEquals(text(project, "version", 0), text(sample.getDocumentElement(), "version", 0));
    assertEquals("tensorflow-core-native", text(sample.getDocumentElement(), "artifactId", 1));
    assertEquals(
        text(project, "tensorflow.version", 0), text(sample.getDocumentElement(), "version", 1));
  }

  private static Document xml(String text) throws Exception {
    return DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(new ByteArrayInputStream(text.getBytes(UTF_8)));
  }

  private static String text(Element root, String tag, int index) {
    return root.getElementsByTagName(tag).item(index).getTextContent().strip();
  }

  private static List<String> blocks(String page, String language) throws IOException {
    return Pattern.compile("^```" + language + "\\R(.*?)^```$", Pattern.DOTALL | Pattern.MULTILINE)
        .matcher(Files.readString(TOP.resolve(page)))
        .results()
        .map((MatchResult block) -> block.group(1))
        .toList();
  }

  private Path compile(String name, String source) throws IOException {
    Path file = TinyText.write(folder.resolve(name + ".java"), source);
    Path classes = Files.createDirectories(folder.resolve("classes"));
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    StringWriter messages = new StringWriter();
    List<String> options = new ArrayList<>(List.of("-Xlint:all", "-Werror", "-proc:none"));
    options.addAll(List.of("-d", classes.toString()));
    options.addAll(List.of("-classpath", System.getProperty("java.class.path")));
    try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, UTF_8)) {
      boolean compiled =
          compiler
              .getTask(messages, files, null, options, null, files.getJavaFileObjects(file))
              .call();
      assertTrue(compiled, messages::toString);
    }
    return classes;
  }

  /** Runs a program's main method and gives what it prints. */
  private static String run(Path classes, String name, String... arguments) throws Exception {
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    PrintStream out = System.out;
    URL[] urls = {classes.toUri().toURL()};
    try (URLClassLoader loader = new URLClassLoader(urls, ReadmeTest.class.getClassLoader());
        PrintStream captured = new PrintStream(printed, true, UTF_8)) {
      System.setOut(captured);
      loader.loadClass(name).getMethod("main", String[].class).invoke(null, (Object) arguments);
    } finally {
      System.setOut(out);
    }
    return printed.toString(UTF_8);
  }
}
