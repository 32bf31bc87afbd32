package io.squat.train;

import java.lang.management.ManagementFactory;
import javax.management.JMException;
import javax.management.ObjectName;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;

/** The memory that TensorFlow has freed and the C library keeps. */
final class FreedMemory {
  private static final Logger log = LogManager.getLogger();

  private FreedMemory() {}

  /**
   * Gives it back to the system, so that the next session does not come on top of it: gigabytes
   * after a BERT-base was trained, if {@code TF_ONEDNN_USE_SYSTEM_ALLOCATOR=1}; without, TensorFlow
   * itself keeps them. Where Java cannot (without glibc, or before 17.0.7), nothing happens.
   */
  static void giveBack() {
    try {
      ManagementFactory.getPlatformMBeanServer()
          .invoke(
              new ObjectName("com.sun.management:type=DiagnosticCommand"),
              "systemTrimNativeHeap",
              null,
              null);
    } catch (JMException e) {
      log.debug("freed memory is kept: {}", e.getMessage());
    }
  }
}
