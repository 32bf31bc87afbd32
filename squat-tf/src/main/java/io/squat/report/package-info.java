/**
 * What a number of runs says: tables and pictures on a page, and the small files that the page can
 * be made of again.
 *
 * <pre>
 * folders -&gt; RunFinder -&gt; ReportedRun -&gt; RunGroup (runs that differ in the seed alone)
 *         -&gt; Comparison (paired bootstrap) -&gt; Report: blocks -&gt; Markdown, HTML, CSV
 * </pre>
 *
 * <p>Read {@link io.squat.report.Report} first. Every number on the page comes from files of the
 * run folders; the same files give the same text to the last byte.
 */
@NullMarked
package io.squat.report;

import org.jspecify.annotations.NullMarked;
