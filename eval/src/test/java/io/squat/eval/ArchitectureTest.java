package io.squat.eval;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(
    packages = "io.squat.eval",
    importOptions = {ImportOption.DoNotIncludeTests.class})
class ArchitectureTest {
  @ArchTest
  static final ArchRule neverSeesTheTrainer =
      noClasses()
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.squat.train..", "io.squat.sharpness..", "io.squat.cli..");

  @ArchTest
  static final ArchRule hasNoPackageCycles =
      slices().matching("io.squat.(**)").should().beFreeOfCycles();
}
