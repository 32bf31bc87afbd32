@NullMarked
package io.squat.ops;

import org.jspecify.annotations.NullMarked;
