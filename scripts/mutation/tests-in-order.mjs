// Stands in for `node:test` where the tests judge a mutant, in a process that has to be quick:
//
// - Without a mutant (Stryker's first run) all tests run, and it is noted beside the bundle how long
//   each took and which mutants it reached.
// - With a mutant, only those tests run that reach it, the quickest first, up to the first failure.
//
// Only what the core's tests use of `node:test` is here. A test that uses more does not build.
import fs from "node:fs";
import process from "node:process";
import { Worker } from "node:worker_threads";
import fc from "fast-check";
import { known } from "./disk-hash.mjs";

/** @typedef {{ diagnostic: (message: string) => void }} Context what a test has to say is for those who read along */
/** @typedef {(t: Context) => void | Promise<void>} Body */
/** @typedef {{ id: string, ms: number }} Place where a mutant may be reached, and what that takes */
/** @typedef {Place & { parent: Suite | null, before: Body[], begun: boolean }} Suite */
/** @typedef {Place & { suite: Suite, body: Body }} Test */
/**
 * @typedef {object} Notes what the run without a mutant has found
 * @property {number[]} ms how long each test takes with what goes before it, of the processor's time
 * @property {string[]} always the mutants that are reached outside of all tests
 * @property {Record<string, number[]>} reached the tests that reach a mutant, or have it reached before
 * @property {Record<string, string>} hashes those of the disks
 */

// The same mutant shall meet the same data. No failure is made smaller: that it failed is enough. What the first
// runs of a property do not notice, the next ones rarely do, and a mutant that loops is given time for all of them.
fc.configureGlobal({ seed: 1, endOnFailure: true, numRuns: 40 });

const notesFile = new URL("notes.json", import.meta.url);
/** How the instrumented sources know which mutant is active, and tell what they reached. */
const stryker = (globalThis.__stryker__ ??= {});

/** @type {Test[]} */
const tests = [];
let suites = 0;
let suite = newSuite(null);

/** @param {Suite | null} parent @returns {Suite} */
function newSuite(parent) {
  return { id: `suite ${suites++}`, ms: 0, parent, before: [], begun: false };
}

/** @param {string} _name @param {() => void} body */
export function describe(_name, body) {
  const parent = suite;
  suite = newSuite(parent);
  body();
  suite = parent;
}

/** @param {string} _name @param {Body} body */
export function it(_name, body) {
  tests.push({ id: `test ${tests.length}`, ms: 0, suite, body });
}
export { it as test };

/** @param {Body} body */
export function before(body) {
  suite.before.push(body);
}

/** @param {Test} test @returns {Place[]} the test, and the suites that it is in */
function placesOf(test) {
  /** @type {Place[]} */
  const places = [test];
  for (let of = test.suite; of !== null; of = of.parent) places.push(of);
  return places;
}

/** @param {Place} place @param {Body} body */
async function timed(place, body) {
  stryker.currentTestId = place.id;
  const began = processorTime();
  await body({ diagnostic: () => {} });
  place.ms += processorTime() - began;
  stryker.currentTestId = undefined;
}

/** @param {Suite | null} of */
async function begin(of) {
  if (of === null || of.begun) return;
  await begin(of.parent);
  of.begun = true;
  for (const body of of.before) await timed(of, body);
}

/** The processor's time so far in ms: it does not depend on what else the machine does. */
function processorTime() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

async function runAll() {
  for (const test of tests) {
    await begin(test.suite);
    await timed(test, test.body);
  }
  const found = stryker.mutantCoverage ?? { static: {}, perTest: {} };
  /** @type {Record<string, number[]>} */
  const reached = {};
  for (const [n, test] of tests.entries()) {
    const here = placesOf(test).flatMap(({ id }) => Object.keys(found.perTest[id] ?? {}));
    for (const mutant of new Set(here)) (reached[mutant] ??= []).push(n);
  }
  /** @type {Notes} */
  const notes = {
    ms: tests.map((test) => placesOf(test).reduce((sum, { ms }) => sum + ms, 0)),
    always: Object.keys(found.static),
    reached,
    hashes: known,
  };
  fs.writeFileSync(notesFile, JSON.stringify(notes));
}

/** @param {string} mutant */
async function judge(mutant) {
  /** @type {Notes} */
  const { ms, always, reached, hashes } = JSON.parse(fs.readFileSync(notesFile, "utf8"));
  Object.assign(known, hashes);
  const chosen = always.includes(mutant) ? [...tests.keys()] : (reached[mutant] ?? []);
  const watch = new Watch();
  for (const n of chosen.sort((a, b) => ms[a] - ms[b])) {
    watch.allow(2000 + 10 * ms[n]);
    await begin(tests[n].suite);
    await timed(tests[n], tests[n].body);
  }
}

/**
 * Kills the process when a test takes too much of the processor's time. A thread of its own does
 * that, for the test is one long turn.
 */
class Watch {
  constructor() {
    // The number of the test, and its limit in ms.
    this.shared = new Int32Array(new SharedArrayBuffer(8));
    const thread = new Worker(`(${watch})()`, { eval: true, workerData: this.shared });
    thread.unref();
  }

  /** @param {number} limit in ms of the processor's time, for what runs from now on */
  allow(limit) {
    Atomics.store(this.shared, 1, Math.ceil(limit));
    Atomics.add(this.shared, 0, 1);
  }
}

/** The text of this function is the thread: a name from outside of it may be another one in the bundle. */
async function watch() {
  const { writeSync } = await import("node:fs");
  const { cpuUsage, kill, pid } = await import("node:process");
  const { workerData: shared } = await import("node:worker_threads");
  let test = 0;
  let began = 0;
  setInterval(() => {
    const { user, system } = cpuUsage();
    const now = (user + system) / 1000;
    if (Atomics.load(shared, 0) !== test) {
      test = Atomics.load(shared, 0);
      began = now;
    } else if (now - began > Atomics.load(shared, 1)) {
      writeSync(1, "a test takes too long\n");
      kill(pid, "SIGKILL");
    }
  }, 100);
}

export async function runTests() {
  const mutant = process.env.__STRYKER_ACTIVE_MUTANT__;
  try {
    await (mutant === undefined ? runAll() : judge(mutant));
  } catch (error) {
    console.log(error instanceof Error ? error.stack : error);
    process.exit(1);
  }
  process.exit(0);
}
