// npm test: everything that checks Grantwalk, in the order in which a fault is cheapest to find.
//
//   npm test                    all suites
//   npm test -- unit adapter    these
//
// The last line is "N passed, N failed", over all suites.
import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { buildTests, testSources } from "./build-tests.mjs";
import { reportCoverage } from "./coverage.mjs";
import { checkout } from "./vscode/places.mjs";

/** @typedef {import("./count-reporter.mjs").Counts} Counts */
/** @typedef {{ name: string, run: () => Promise<Counts>, needs?: string[] }} Suite */

// A suite that hangs must not hang the whole.
const limit = 8 * 60_000;

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "grantwalk-test-"));
process.on("exit", () => fs.rmSync(scratch, { recursive: true, force: true }));

// Where the processes of the core's own tests leave which lines they ran.
const coverageFolder = path.join(scratch, "coverage");

/** @type {Counts} */
const nothing = { passed: 0, failed: 0, skipped: 0, failures: [] };
/** @param {string} what @returns {Counts} */
const failure = (what) => ({ ...nothing, failed: 1, failures: [what] });

/**
 * Runs a program and lets it speak.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<number | null>} its exit code
 */
function run(command, args, env = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: checkout,
      env: { ...process.env, ...env },
      stdio: ["ignore", "inherit", "inherit"],
      shell: process.platform === "win32",
      timeout: limit,
    });
    child.on("error", (error) => {
      console.error(String(error));
      resolve(1);
    });
    child.on("close", resolve);
  });
}

/**
 * A script of package.json: passed or failed as a whole.
 *
 * @param {string} script
 * @returns {Promise<Counts>}
 */
async function npmScript(script) {
  const code = await run("npm", ["run", "--silent", script]);
  return code === 0 ? { ...nothing, passed: 1 } : failure(`npm run ${script} (exit code ${code})`);
}

/** @param {string} file @returns {Counts | undefined} */
function readCounts(file) {
  try {
    return { ...nothing, ...JSON.parse(fs.readFileSync(file, "utf8")) };
  } catch {
    return undefined;
  }
}

/**
 * Tests for node's own runner.
 *
 * @param {string} kind
 * @param {{ concurrency?: number, timeout?: number, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<Counts>}
 */
async function nodeTests(kind, { concurrency = os.availableParallelism(), timeout, env } = {}) {
  const sources = testSources(kind);
  if (sources.length === 0) return nothing;
  await buildTests([kind]);
  const files = sources.map((source) => {
    const below = path.relative(path.join(checkout, "test", kind), source);
    return path.join(checkout, "out", "test", kind, below.replace(/\.ts$/, ".mjs"));
  });
  const report = path.join(scratch, `${kind}.json`);
  const code = await run(
    process.execPath,
    [
      ...["--enable-source-maps", "--test", `--test-concurrency=${concurrency}`],
      ...(timeout ? [`--test-timeout=${timeout}`] : []),
      ...["--test-reporter=spec", "--test-reporter-destination=stdout"],
      `--test-reporter=${new URL("count-reporter.mjs", import.meta.url).href}`,
      `--test-reporter-destination=${report}`,
      ...files,
    ],
    env,
  );
  const counts = readCounts(report);
  if (!counts) return failure(`the ${kind} tests left no counts (exit code ${code})`);
  if (code !== 0 && counts.failed === 0) return failure(`the ${kind} tests exited with ${code}`);
  if (counts.passed + counts.failed === 0) return failure(`no ${kind} test has run`);
  return counts;
}

/** @returns {Promise<Counts>} */
async function extensionHostTests() {
  await buildTests(["vscode"]);
  const report = path.join(scratch, "vscode.json");
  const runner = path.join(checkout, "test", "vscode", "run.mjs");
  const code = await run(process.execPath, [runner], { GRANTWALK_TEST_RESULTS: report });
  const results = readCounts(report);
  if (!results) return failure(`the extension host left no results (exit code ${code})`);
  if (code !== 0 && results.failed === 0)
    return failure(`the extension host run exited with ${code}`);
  const { pending, failures } = /** @type {any} */ (results);
  return {
    ...results,
    skipped: pending,
    failures: failures.map((/** @type {{ title: string }} */ { title }) => title),
  };
}

/** @returns {Promise<Counts>} */
async function browserTests() {
  // What is published, built for production.
  const vsix = path.join(scratch, "grantwalk.vsix");
  const code = await run("npm", ["run", "--silent", "package", "--", vsix]);
  if (code !== 0) return failure(`npm run package (exit code ${code})`);
  // One window at a time: they share two cores with the extension, and tests measure times.
  return nodeTests("browser", { concurrency: 1, timeout: 180_000, env: { GRANTWALK_VSIX: vsix } });
}

/** @returns {Promise<Counts>} */
async function startWorks() {
  const script = path.join(checkout, "scripts", "start.mjs");
  const code = await run(process.execPath, [script, "--check"]);
  return code === 0 ? { ...nothing, passed: 1 } : failure("npm start does not open a VS Code");
}

/** @returns {Promise<Counts>} */
async function coverage() {
  const wrong = await reportCoverage(coverageFolder);
  return wrong === undefined ? { ...nothing, passed: 1 } : failure(wrong);
}

const covered = { env: { NODE_V8_COVERAGE: coverageFolder } };

/** @type {Suite[]} */
const suites = [
  { name: "lint", run: () => npmScript("lint") },
  { name: "typecheck", run: () => npmScript("typecheck") },
  { name: "build", run: () => npmScript("build") },
  { name: "unit", run: () => nodeTests("unit", covered) },
  { name: "golden", run: () => nodeTests("golden", covered) },
  { name: "coverage", run: coverage, needs: ["unit", "golden"] },
  { name: "adapter", run: () => nodeTests("adapter") },
  { name: "cli", run: () => nodeTests("cli"), needs: ["build"] },
  { name: "vscode", run: extensionHostTests, needs: ["build"] },
  { name: "browser", run: browserTests, needs: ["build"] },
  { name: "start", run: startWorks, needs: ["build"] },
];

const names = suites.map(({ name }) => name);
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  console.error(`No such suite: ${unknown.join(", ")}. There are ${names.join(", ")}.`);
  process.exit(1);
}
const wanted = new Set(asked.length > 0 ? asked : names);
for (const { name, needs = [] } of suites) {
  if (wanted.has(name)) for (const needed of needs) wanted.add(needed);
}

/** @type {{ name: string, counts: Counts, seconds: number }[]} */
const outcomes = [];
for (const { name, run: runSuite, needs = [] } of suites) {
  if (!wanted.has(name)) continue;
  console.log(`\n── ${name} ${"─".repeat(Math.max(0, 72 - name.length))}`);
  const started = Date.now();
  const built = outcomes.find((outcome) => outcome.name === "build");
  /** @type {Counts} */
  let counts;
  if (needs.includes("build") && built && built.counts.failed > 0) {
    console.log("Not run: the build has failed.");
    counts = failure(`${name}: not run, the build has failed`);
  } else {
    try {
      counts = await runSuite();
    } catch (error) {
      console.error(error instanceof Error ? (error.stack ?? error.message) : error);
      counts = failure(`${name}: ${error instanceof Error ? error.message.split("\n")[0] : error}`);
    }
  }
  outcomes.push({ name, counts, seconds: (Date.now() - started) / 1000 });
}

console.log(`\n${"suite".padEnd(12)}passed  failed  skipped  seconds`);
for (const { name, counts, seconds } of outcomes) {
  const numbers = [counts.passed, counts.failed, counts.skipped].map((n) => String(n).padStart(6));
  console.log(`${name.padEnd(12)}${numbers.join("  ")}  ${seconds.toFixed(1).padStart(8)}`);
}
for (const { name, counts } of outcomes) {
  for (const text of counts.failures) {
    console.log(`failed in ${name}: ${text.replaceAll(checkout + path.sep, "")}`);
  }
}
const passed = outcomes.reduce((sum, { counts }) => sum + counts.passed, 0);
const failed = outcomes.reduce((sum, { counts }) => sum + counts.failed, 0);
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);
