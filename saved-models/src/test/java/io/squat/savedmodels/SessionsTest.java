package io.squat.savedmodels;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import org.tensorflow.Graph;
import org.tensorflow.Session;

/** A session without a configuration takes all memory of a GPU. */
@AnalyzeClasses(
    packages = "io.squat.savedmodels",
    importOptions = ImportOption.DoNotIncludeTests.class)
class SessionsTest {
  @ArchTest
  static final ArchRule HAVE_A_CONFIGURATION =
      noClasses().should().callConstructor(Session.class, Graph.class);
}
