// npm run mutation: do the tests notice when the driver is changed?
//
//   npm run mutation                                         all of these files
//   npm run mutation -- --mutate src/core/xen/ring.ts        one
//
// The report is out/mutation/report.html.

/** What submits, completes and handles grants. */
const driver = ["queue-rw", "request-fn", "completion", "interrupt"].concat([
  "grants",
  "freelist",
  "foreach-grant",
  "restart",
]);
const xen = ["grant-table", "ring"];

/** @type {import("@stryker-mutator/api/core").PartialStrykerOptions} */
export default {
  mutate: [
    ...driver.map((name) => `src/core/blkfront/patch-v2/${name}.ts`),
    ...xen.map((name) => `src/core/xen/${name}.ts`),
  ],
  thresholds: { high: 95, low: 85, break: 85 },
  // No mutant is left out. The kernel's words are strings, but the recorded cases compare them.

  // All mutants are in one build, and the run picks one by its number in the environment.
  buildCommand: "node scripts/mutation/build.mjs",
  testRunner: "command",
  commandRunner: { command: "node --max-old-space-size=1024 out/mutation/tests.mjs" },
  // The run itself chooses the tests that reach the mutant, and ends those that do not end
  // (scripts/mutation/tests-in-order.mjs). This is for what it may have missed, on a busy machine.
  coverageAnalysis: "off",
  timeoutFactor: 4,
  timeoutMS: 60_000,

  ignorePatterns: ["/.vscode-test", "/bench", "/dist", "/docs", "/media", "/out"],
  tempDirName: "out/mutation/sandbox",
  reporters: ["clear-text", "progress", "html", "json"],
  clearTextReporter: { reportTests: false, logTests: false },
  htmlReporter: { fileName: "out/mutation/report.html" },
  jsonReporter: { fileName: "out/mutation/report.json" },
};
