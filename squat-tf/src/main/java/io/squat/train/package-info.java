@NullMarked
package io.squat.train;

import org.jspecify.annotations.NullMarked;
