package io.squat.glue;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(packages = "io.squat", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  @ArchTest
  static final ArchRule knowsNoTensorFlow =
      noClasses().should().dependOnClassesThat().resideInAPackage("org.tensorflow..");

  @ArchTest
  static final ArchRule dependsOnNoOtherModule =
      noClasses()
          .should()
          .dependOnClassesThat(
              resideInAnyPackage("io.squat..").and(not(resideInAnyPackage("io.squat.glue.."))));

  @ArchTest
  static final ArchRule hasNoPackageCycles =
      slices().matching("io.squat.(**)").should().beFreeOfCycles();
}
