/**
 * Files as the other packages keep them: {@link io.squat.files.WholeFiles} are there as a whole or
 * not at all, {@link io.squat.files.RecordFiles} hold records as JSON, and {@link
 * io.squat.files.FolderLock} lets one process at a time write into a folder.
 */
@NullMarked
package io.squat.files;

import org.jspecify.annotations.NullMarked;
