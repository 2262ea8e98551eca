import assert from "node:assert/strict";
import { it } from "node:test";
import { Cursor, type CursorMove } from "../../../src/replay/cursor.js";
import { stepBack } from "../../../src/replay/moves/step-back.js";
import { record } from "../../../src/replay/record.js";
import { small } from "./workloads.js";

const recording = record(small);

it("a cursor begins at the entry of its recording", () => {
  const cursor = new Cursor(recording);
  assert.equal(cursor.step, recording.entry);
  assert.equal(cursor.moment.step, recording.entry);
});

it("every listener is told of every move once, after it", () => {
  const cursor = new Cursor(recording);
  const seen: [string, CursorMove, number][] = [];
  cursor.onDidMove((move) => seen.push(["first", move, cursor.step]));
  const stop = cursor.onDidMove((move) => seen.push(["second", move, cursor.step]));
  cursor.moveTo(10, "goto");
  cursor.moveTo(10, "goto");
  stop();
  cursor.follow(stepBack(recording, 10));
  const from = recording.entry;
  assert.deepEqual(seen, [
    ["first", { from, step: 10, cause: "goto" }, 10],
    ["second", { from, step: 10, cause: "goto" }, 10],
    ["first", { from: 10, step: 10, cause: "goto" }, 10],
    ["second", { from: 10, step: 10, cause: "goto" }, 10],
    ["first", { from: 10, step: 9, cause: "step" }, 9],
  ]);
});

it("a move that a listener asks for waits until all know of the one before", () => {
  const cursor = new Cursor(recording);
  const seen: string[] = [];
  cursor.onDidMove(({ step }) => {
    seen.push(`a${step}`);
    if (step === 5) cursor.moveTo(6, "step");
  });
  cursor.onDidMove(({ from, step }) => seen.push(`b${from}-${step}`));
  cursor.moveTo(5, "goto");
  assert.deepEqual(seen, ["a5", `b${recording.entry}-5`, "a6", "b5-6"]);
});

it("a cursor stays inside its recording, and a listener that fails does not stop it", () => {
  const cursor = new Cursor(recording);
  cursor.moveTo(-5, "goto");
  assert.equal(cursor.step, 0);
  cursor.moveTo(1e9, "goto");
  assert.equal(cursor.step, recording.length - 1);
  const stop = cursor.onDidMove(() => {
    throw new Error("broken");
  });
  assert.throws(() => cursor.moveTo(1, "goto"), /broken/);
  stop();
  cursor.moveTo(2, "goto");
  assert.equal(cursor.step, 2);
});
