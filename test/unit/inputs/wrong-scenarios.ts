/** Scenario files with one mistake each, and what is to be said about it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Problem } from "../../../src/inputs/problem.js";
import { parseScenario } from "../../../src/inputs/scenario-file.js";

export interface Wrong {
  text: string;
  code: string;
  path: string;
  /** The text that the problem points at. */
  at: string;
  says: RegExp;
  /** A warning does not forbid the scenario. */
  severity?: Problem["severity"];
}

/** The text that a problem points at. */
export function pointed(text: string, { range: { start, end } }: Problem): string {
  const lines = text.split("\n");
  if (start.line === end.line) return lines[start.line]!.slice(start.character, end.character);
  return lines.slice(start.line, end.line + 1).join("\n");
}

/** A test for each: the mistake is found, at its place, and the message says what is right. */
export function testWrong(wrong: Readonly<Record<string, Wrong>>): void {
  for (const [name, { text, code, path, at, says, severity = "error" }] of Object.entries(wrong)) {
    const article = severity === "error" ? "an error" : "a warning";
    test(`${name} is ${article} at its place`, () => {
      const { scenario, problems } = parseScenario(text);
      assert.equal(scenario === null, severity === "error");
      const problem = problems.find((one) => one.code === code);
      assert.ok(problem, `found: ${JSON.stringify(problems)}`);
      assert.equal(problem.severity, severity);
      assert.equal(problem.path, path);
      assert.match(problem.message, says);
      assert.equal(pointed(text, problem), at);
      assert.equal(problem.line, problem.range.start.line + 1);
    });
  }
}
