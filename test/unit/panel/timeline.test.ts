import assert from "node:assert/strict";
import { test } from "node:test";
import type { RecordingView } from "../../../src/panel/recording.js";
import type { RequestIndex } from "../../../src/panel/request-index.js";
import type { RequestTrack } from "../../../src/panel/request-track.js";
import { LanePhase, unpackInt32s } from "../../../src/panel/messages.js";
import { timelineOf } from "../../../src/panel/timeline.js";
import { busy64 } from "../../fixtures/panel-scenarios.js";
import { modelOf, stepOf } from "./model.js";

function quadruples(packed: Uint8Array): number[][] {
  const numbers = unpackInt32s(packed);
  return Array.from({ length: numbers.length / 4 }, (_, n) => [
    ...numbers.subarray(n * 4, n * 4 + 4),
  ]);
}

test("a lane for each slot that is used, and the phases of its requests in order", () => {
  const { recording, model } = modelOf(busy64);
  const timeline = model.timeline();
  assert.equal(timeline.length, recording.length);
  assert.equal(timeline.grain, 1);
  assert.deepEqual([...unpackInt32s(timeline.lanes)], [0, 1, 2, 3, 4, 5, 6, 7, 8]);
  const first = quadruples(timeline.segments).filter(([lane]) => lane === 0);
  assert.deepEqual(
    first.map(([, phase]) => phase),
    [
      LanePhase.queued,
      LanePhase.grants,
      LanePhase.pushed,
      LanePhase.backend,
      LanePhase.answered,
      LanePhase.copyBack,
    ],
  );
  first.forEach(([, , from, to], at) => {
    assert.ok((from ?? 0) < (to ?? 0));
    if (at > 0) assert.equal(from, first[at - 1]?.[3]);
  });
  assert.equal(timeline.first, stepOf(busy64, "request_start"));
});

test("interrupts are ticks, and what the kernel says is marked", () => {
  const timeline = modelOf(busy64).model.timeline();
  assert.equal(unpackInt32s(timeline.interrupts).length, 5);
  assert.deepEqual(
    timeline.marks.filter(({ kind }) => kind === "warning").map(({ text }) => text),
    ["blkfront: xvda: discard op failed"],
  );
});

test("a request that nobody answers leaves its lane to the next one in the slot", () => {
  const none = { firstGrant: -1, backend: -1, response: -1, taken: -1, left: -1, end: -1 };
  const tracks = [
    { ...none, slot: 0, start: 5, idTaken: 10, queued: 20 },
    { ...none, slot: 0, start: 90, idTaken: 100, queued: 110 },
  ] as unknown as RequestTrack[];
  const recording = { length: 200, tracepoints: { length: 0 } } as unknown as RecordingView;
  const { segments } = timelineOf(recording, { tracks } as unknown as RequestIndex);
  assert.deepEqual(quadruples(segments), [
    [0, LanePhase.queued, 5, 20],
    [0, LanePhase.pushed, 20, 100],
    [0, LanePhase.queued, 90, 110],
    [0, LanePhase.pushed, 110, 200],
  ]);
});

test("a long recording is sent in bounded size", () => {
  const tracks = Array.from({ length: 200_000 }, (_, n) => ({
    slot: n % 32,
    start: n * 50,
    idTaken: n * 50 + 5,
    firstGrant: n * 50 + 10,
    queued: n * 50 + 400,
    backend: n * 50 + 500,
    response: n * 50 + 900,
    taken: n * 50 + 1000,
    end: n * 50 + 1200,
    left: -1,
  })) as unknown as RequestTrack[];
  const length = 200_000 * 50 + 2000;
  const recording = { length, tracepoints: { length: 0 } } as unknown as RecordingView;
  const timeline = timelineOf(recording, { tracks } as unknown as RequestIndex);
  assert.ok(timeline.grain > 1);
  assert.ok(timeline.segments.length < 1_000_000, `${timeline.segments.length} bytes`);
  assert.equal(unpackInt32s(timeline.lanes).length, 32);
  for (const [, , from, to] of quadruples(timeline.segments)) {
    assert.ok((from ?? 0) < (to ?? 0) && (to ?? 0) <= length);
  }
});
