'use strict';
// Prints the last line of a test run: `N passed, N failed` or `N passed, N failed, N skipped`.
// Jest writes its own summary after every custom reporter, so the line waits for the end of the process.
const { writeSync } = require('node:fs');

/** Jest's results; it goes on filling the object in after onRunComplete. */
let results;
let failedChecks = 0;
let armed = false;

class Reporter {
  constructor() {
    Reporter.arm();
  }

  onRunComplete(_contexts, aggregatedResults) {
    results = aggregatedResults;
  }

  /** Makes sure that the line is printed, even when Jest never comes to start a reporter. */
  static arm(failedChecksBefore = 0) {
    failedChecks += failedChecksBefore;
    if (!armed) process.once('exit', printLine);
    armed = true;
  }
}

function printLine(code) {
  // Nothing was asked to run, as with --listTests.
  if (!results && failedChecks === 0 && code === 0) return;

  const passed = results?.numPassedTests ?? 0;
  const skipped = results ? results.numPendingTests + results.numTodoTests : 0;
  let failed = failedChecks + (results ? results.numFailedTests + results.numRuntimeErrorTestSuites : 0);
  // A run can fail without a failed test: no test found, a coverage threshold, an obsolete snapshot, a bad configuration.
  if (!results || !results.success || code !== 0) failed = Math.max(failed, 1);

  if (failed > 0) process.exitCode ||= 1;
  writeSync(1, `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
}

module.exports = Reporter;
