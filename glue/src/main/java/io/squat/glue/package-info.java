@NullMarked
package io.squat.glue;

import org.jspecify.annotations.NullMarked;
