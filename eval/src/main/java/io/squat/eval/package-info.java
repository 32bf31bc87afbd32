@NullMarked
package io.squat.eval;

import org.jspecify.annotations.NullMarked;
