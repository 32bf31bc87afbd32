@NullMarked
package io.squat.savedmodels;

import org.jspecify.annotations.NullMarked;
