package io.squat;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackages;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** Sees the classes of all modules. */
@AnalyzeClasses(packages = "io.squat", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  private static final String TRAIN = "io.squat.train..";
  private static final String SHARPNESS = "io.squat.sharpness..";
  private static final String SWEEP = "io.squat.sweep..";
  private static final String REPORT = "io.squat.report..";
  private static final String PLOTS = "io.squat.plots..";
  private static final String CLI = "io.squat.cli..";

  @ArchTest
  static final ArchRule NOTHING_DEPENDS_ON_THIS_MODULE =
      noClasses()
          .that(resideOutsideOfPackages(TRAIN, SWEEP, SHARPNESS, REPORT, PLOTS, CLI))
          .should()
          .dependOnClassesThat(resideInAnyPackage(TRAIN, SWEEP, SHARPNESS, REPORT, PLOTS, CLI));

  @ArchTest
  static final ArchRule TRAINING_KNOWS_NO_COMMAND_LINE =
      noClasses()
          .that()
          .resideInAPackage(TRAIN)
          .should()
          .dependOnClassesThat(resideInAnyPackage(CLI, SWEEP, SHARPNESS, REPORT, PLOTS));

  @ArchTest
  static final ArchRule ONLY_THE_COMMAND_LINE_TALKS_TO_THE_USER =
      noClasses()
          .that()
          .resideOutsideOfPackage(CLI)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("picocli..", "me.tongfei..");

  @ArchTest
  static final ArchRule PICTURES_KNOW_NUMBERS_ALONE =
      noClasses()
          .that()
          .resideInAPackage(PLOTS)
          .should()
          .dependOnClassesThat(resideInAPackage("io.squat..").and(resideOutsideOfPackage(PLOTS)));

  @ArchTest
  static final ArchRule HAS_NO_CYCLES =
      slices().matching("io.squat.(*)..").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule PACKAGES_SAY_WHAT_THEY_ARE_FOR =
      classes().should().resideOutsideOfPackages("..util..", "..common..", "..core..", "..impl..");
}
