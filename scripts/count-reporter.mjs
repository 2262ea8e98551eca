// A reporter for node's test runner that writes one JSON object with the counts at the end: the
// runner's other reporters are for people.

/**
 * @typedef {object} Counts
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 * @property {string[]} failures
 */

/** @param {AsyncIterable<import("node:test/reporters").TestEvent>} events */
export default async function* count(events) {
  /** @type {Counts} */
  const counts = { passed: 0, failed: 0, skipped: 0, failures: [] };
  for await (const { type, data } of events) {
    if (type !== "test:pass" && type !== "test:fail") continue;
    const suite = data.details?.type === "suite";
    if (type === "test:pass") {
      // A suite is no test; it only holds some.
      if (suite) continue;
      if (data.skip !== undefined || data.todo !== undefined) counts.skipped++;
      else counts.passed++;
    } else if (data.todo !== undefined) {
      counts.skipped++;
    } else if (!(suite && failedBelow(data))) {
      counts.failed++;
      counts.failures.push(`${data.name}${data.file ? ` (${data.file})` : ""}`);
    }
  }
  yield JSON.stringify(counts);
}

/**
 * Whether a suite has only failed because of a test in it, which is counted by itself.
 *
 * @param {{ details: { error?: unknown } }} data
 */
function failedBelow(data) {
  const { error } = data.details;
  return (
    typeof error === "object" &&
    error !== null &&
    "failureType" in error &&
    error.failureType === "subtestsFailed"
  );
}
