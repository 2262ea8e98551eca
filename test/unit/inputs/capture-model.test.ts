import assert from "node:assert/strict";
import { test } from "node:test";
import { createMachine, runTask } from "../../../src/core/machine.js";
import type { Scenario } from "../../../src/core/scenario.js";
import type { TraceEvent } from "../../../src/core/tracepoints.js";
import { importCapture } from "../../../src/inputs/capture/import-capture.js";
import { layOnPages } from "../../../src/inputs/page-layout.js";
import { allCaptures } from "./captures.js";

function run(scenario: Scenario): TraceEvent[] {
  const machine = createMachine(scenario);
  const events: TraceEvent[] = [];
  while (runTask(machine, (event) => events.push(event)));
  return events;
}

/** The lines of the capture with an event of that name. */
function lines(text: string, event: string): string[] {
  return text.split("\n").filter((line) => line.includes(` ${event}: (`));
}

function field(line: string, name: string): number {
  return Number(new RegExp(` ${name}=(\\S+)`).exec(line)?.[1]);
}

for (const { name, text } of allCaptures()) {
  test(`${name}: the model's ids and references are the live guest's, grant by grant`, () => {
    const { scenario, facts } = importCapture(text);
    const taken: { shadowId: number; grefs: number[]; frames: number[] }[] = [];
    for (const event of run(scenario!)) {
      const current = taken.at(-1);
      if (event.kind === "request_id") taken.push({ shadowId: event.id, grefs: [], frames: [] });
      if (event.kind === "indirect_frame") current?.frames.push(event.gref);
      if (event.kind === "grant_taken") current?.grefs.push(event.gref);
    }
    assert.deepEqual(
      taken,
      facts?.requests.map(({ shadowId, grefs, frames }) => ({ shadowId, grefs, frames })),
    );
  });

  test(`${name}: the model's pieces of every buffer are the live guest's`, () => {
    const pieces = run(importCapture(text).scenario!)
      .filter((event) => event.kind === "grant_taken")
      .map(({ gfn, offset, len, id, grant_idx }) => [gfn, offset, len, id, grant_idx]);
    const live = lines(text, "grant").map((line) =>
      ["gfn", "off", "len", "id", "idx"].map((key) => field(line, key)),
    );
    assert.deepEqual(pieces, live);
  });

  test(`${name}: grants come back in the live guest's order, and end or stay as there`, () => {
    const released = run(importCapture(text).scenario!)
      .filter((event) => event.kind === "grant_released")
      .map(({ gref, to }) => [gref, to === "tail" ? 1 : 0]);
    const ends = lines(text, "end_gref");
    const live = lines(text, "end_gref_ret")
      .map((line, i) => ({ line, gref: field(ends[i] ?? "", "gref") }))
      .filter(({ line }) => line.includes("(blkif_interrupt"))
      .map(({ line, gref }) => [gref, field(line, "ended")]);
    if (live.length === released.length) assert.deepEqual(released, live);
    // In a capture with a gap the model knows more than the capture: what is there has its place.
    let at = 0;
    for (const [gref, ended] of released) {
      if (live[at]?.[0] === gref && live[at]?.[1] === ended) at++;
    }
    assert.equal(at, live.length);
  });

  test(`${name}: reads copy the live guest's pieces back`, () => {
    const { scenario, facts } = importCapture(text);
    if (!scenario?.backend.persistent) return;
    const copies = run(scenario).filter(
      (event) => event.kind === "bytes_copied" && event.way === "back",
    );
    assert.deepEqual(
      copies.map((event) => event.kind === "bytes_copied" && [event.grant_idx, event.len]),
      lines(text, "copy_back").map((line) => [field(line, "idx"), field(line, "len")]),
    );
    assert.ok(facts);
  });

  test(`${name}: on larger pages the same buffers run to the end`, () => {
    const { scenario } = importCapture(text);
    for (const pageSize of [16384, 65536] as const) {
      const events = run(layOnPages(scenario!, pageSize));
      assert.ok(!events.some(({ kind }) => kind === "bug"));
      const starts = events.filter(({ kind }) => kind === "request_start").length;
      assert.equal(events.filter(({ kind }) => kind === "request_end").length, starts);
      const bytes = events.reduce((sum, e) => sum + (e.kind === "grant_taken" ? e.len : 0), 0);
      const live = lines(text, "grant").reduce((sum, line) => sum + field(line, "len"), 0);
      assert.equal(bytes, live);
    }
  });
}
