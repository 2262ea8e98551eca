// A reporter for node's test runner that writes one JSON object with the counts at the end: the
// runner's other reporters are for people. It is stricter than they are: a test that never ended,
// because its process left early, has failed, and so has a file without a test.

/**
 * @typedef {object} Counts
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 * @property {string[]} failures
 */

/**
 * @typedef {object} Report what is used here of the runner's events about tests
 * @property {string} name
 * @property {string} [file]
 * @property {number} [line]
 * @property {number} nesting
 * @property {string | boolean} [skip]
 * @property {string | boolean} [todo]
 * @property {{ type?: string, error?: unknown }} [details]
 */

/** @param {AsyncIterable<{ type: string, data: any }>} events */
export default async function* count(events) {
  /** @type {Counts} */
  const counts = { passed: 0, failed: 0, skipped: 0, failures: [] };
  /** @param {string} failure */
  const fail = (failure) => {
    counts.failed++;
    counts.failures.push(failure);
  };
  // How many tests of one place and name have begun and not ended: loops make several.
  /** @type {Map<string, { open: number, report: Report }>} */
  const begun = new Map();

  for await (const { type, data } of events) {
    /** @type {Report} */
    const report = data;
    const key = [report?.file, report?.line, report?.nesting, report?.name].join("\n");
    if (type === "test:enqueue") {
      const entry = begun.get(key) ?? { open: 0, report };
      entry.open++;
      begun.set(key, entry);
    } else if (type === "test:pass" || type === "test:fail") {
      const entry = begun.get(key);
      if (entry) entry.open--;
      const suite = report.details?.type === "suite";
      if (type === "test:fail" && report.todo === undefined) {
        if (!(suite && failedBelow(report))) fail(describe(report));
      } else if (!suite) {
        if (isFile(report)) fail(`${describe(report)} has no tests`);
        else if (report.skip !== undefined || report.todo !== undefined) counts.skipped++;
        else counts.passed++;
      }
    }
  }
  for (const { open, report } of begun.values()) {
    // A file with tests is never reported to have ended.
    for (let i = 0; i < open && !isFile(report); i++) fail(`${describe(report)} has not ended`);
  }
  yield JSON.stringify(counts);
}

/**
 * The runner treats a file as a test that is named after it.
 *
 * @param {Report} report
 */
function isFile({ name, file }) {
  return name === file;
}

/** @param {Report} report */
function describe(report) {
  return isFile(report) || !report.file ? report.name : `${report.name} (${report.file})`;
}

/**
 * Whether a suite has only failed because of a test in it, which is counted by itself.
 *
 * @param {Report} report
 */
function failedBelow({ details }) {
  const error = details?.error;
  return (
    typeof error === "object" &&
    error !== null &&
    "failureType" in error &&
    error.failureType === "subtestsFailed"
  );
}
