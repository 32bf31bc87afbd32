/**
 * The command line.
 *
 * <p>Read {@link io.squat.cli.Squat} first: the root command and the contract of exit statuses.
 * Each {@code *Command} is one subcommand; what options mean is a record of the package that does
 * the work, and every command gives back one record, which {@code --json} writes. {@code
 * ModelCache} gets models that are named instead of given as a folder. No class of TensorFlow is
 * loaded before a command needs it.
 */
@NullMarked
package io.squat.cli;

import org.jspecify.annotations.NullMarked;
