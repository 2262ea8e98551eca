import assert from "node:assert/strict";
import { test } from "node:test";
import vm from "node:vm";
import fc from "fast-check";
import { createMachine, runTask } from "../../../src/core/machine.js";
import type { Scenario } from "../../../src/core/scenario.js";
import type { Problem } from "../../../src/inputs/problem.js";
import { parseScenario } from "../../../src/inputs/scenario-file.js";
import { damaged, files, type Json, trees, withOneDamaged } from "./scenario-vocabulary.js";

/** No workload here has more: what needs more goes round in circles. */
const MOST_TASKS = 2000;

const given = new Map([["disk.img", new Uint8Array(700).fill(7)]]);

/** Milliseconds after which a task does not come back: each takes less than one. */
const HANGS = 20_000;

/** Runs a scenario to its end. A task that does not come back is stopped: a hang is a failure with its scenario. */
function run(scenario: Scenario): void {
  const toTheEnd = (): void => {
    const machine = createMachine(scenario);
    let tasks = 0;
    while (runTask(machine)) assert.ok(++tasks <= MOST_TASKS, `more than ${MOST_TASKS} tasks`);
  };
  Object.assign(globalThis, { toTheEnd });
  vm.runInThisContext("toTheEnd()", { timeout: HANGS });
}

/** A message that says something, at a place that is in the text. */
function checkProblem(text: string, { message, range, line, path }: Problem): void {
  assert.ok(message.length > 10, message);
  const lines = text.replace(/^\uFEFF/, "").split("\n");
  for (const { line: at, character } of [range.start, range.end]) {
    const length = lines[at]?.length;
    assert.ok(length !== undefined && character >= 0 && character <= length, `${path}: ${message}`);
  }
  assert.ok(
    range.start.line < range.end.line ||
      (range.start.line === range.end.line && range.start.character <= range.end.character),
  );
  assert.equal(line, range.start.line + 1);
}

/** Either it says what is wrong, or it runs to its end. @returns whether it ran */
function attempt(text: string): boolean {
  const { scenario, problems } = parseScenario(text, { files: given });
  for (const problem of problems) checkProblem(text, problem);
  const refused = problems.some(({ severity }) => severity === "error");
  assert.equal(scenario === null, refused);
  if (scenario !== null) run(scenario);
  return scenario !== null;
}

/** As a person may have laid it out. */
const textOf = (tree: Json, indent: number): string => JSON.stringify(tree, null, indent) ?? "";

function holds<T>(
  arbitrary: fc.Arbitrary<T>,
  numRuns: number,
  check: (value: T) => boolean,
): number {
  let ran = 0;
  fc.assert(
    fc.property(arbitrary, (value) => {
      if (check(value)) ran++;
    }),
    { numRuns },
  );
  return ran;
}

test("a small scenario that is right is accepted and runs to its end", () => {
  const ran = holds(files, 2000, (tree) => {
    const text = textOf(tree, 1);
    const { problems } = parseScenario(text, { files: given });
    const errors = problems.filter(({ severity }) => severity === "error");
    assert.deepEqual(errors, []);
    return attempt(text);
  });
  assert.equal(ran, 2000);
});

test("a tree of the schema's words is refused with a reason, or runs to its end", () => {
  const texts = fc.tuple(trees, fc.nat(2), fc.nat(3)).chain(([tree, indent, cuts]) => {
    const text = textOf(tree, indent);
    return cuts === 0 ? damaged(text) : fc.constant(text);
  });
  const ran = holds(texts, 5000, attempt);
  assert.ok(ran > 200, `only ${ran} of 5000 ran`);
});

test("a scenario with one field damaged is refused with a reason, or runs to its end", () => {
  const texts = files.chain(withOneDamaged).map((tree) => textOf(tree, 2));
  const ran = holds(texts, 5000, attempt);
  assert.ok(ran > 500 && ran < 4500, `${ran} of 5000 ran`);
});

test("a scenario with a piece of its text damaged is refused with a reason, or runs to its end", () => {
  const texts = files.chain((tree) => damaged(textOf(tree, 1)));
  holds(texts, 2000, attempt);
});
