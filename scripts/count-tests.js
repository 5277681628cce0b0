/**
 * Prints "<passed> <failed>" of a JSON report of vitest. A run that failed without a failed test (a
 * file that did not load, an error outside of the tests, a timeout) counts as one failure.
 *
 * Usage: node .ci/count-tests.js REPORT EXIT_STATUS
 */
import { existsSync, readFileSync } from "node:fs";

const [report = "", status] = process.argv.slice(2);
const counts = existsSync(report)
  ? JSON.parse(readFileSync(report, "utf8"))
  : { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0 };
const failed = counts.numFailedTests || (status === "0" ? 0 : 1);
if (counts.numPendingTests > 0) console.error(`\n*** ${counts.numPendingTests} tests were skipped`);
console.log(`${counts.numPassedTests} ${failed}`);
