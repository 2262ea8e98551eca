// The panel on devices that resume, go, and have a back end that is wrong.
import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import { FIRST_WINDOWS, PanelModel } from "../../../src/panel/panel-model.js";
import type { RecordingView } from "../../../src/panel/recording.js";
import { requestKey } from "../../../src/panel/request-track.js";
import { trackOf } from "../../../src/panel/request-index.js";
import { SlotState, unpackInt32s } from "../../../src/panel/messages.js";
import {
  closed,
  closedIdle,
  faults,
  flushes,
  full,
  hangs,
  removedBusy,
  removedOpen,
  resumed,
  resumedFull,
} from "../../fixtures/lives.js";
import { modelOf, sceneAt, stateAt, stepAt, stepOf } from "./model.js";

const label = (scenario: typeof resumed, key: string): string | undefined => {
  const { options } = stateAt(scenario, modelOf(scenario).recording.length - 1);
  return options.find((option) => option.key === key)?.label;
};

describe("after a resume", () => {
  const { model, recording } = modelOf(resumed);
  const end = recording.length - 1;

  it("each request says what it is made of, also those whose bios went on", () => {
    const names = stateAt(resumed, end).options.map((option) => option.label);
    assert.deepEqual(names, [
      "1 · write · sector 0 · 240 KiB",
      "2 + 3 · read · sector 4,096 · 8 KiB",
      "4 · flush",
      "5 · discard · sector 8,192 · 32 KiB",
      "1 (part 1 of 2), anew · write · sector 0 · 128 KiB",
      "1 (part 2 of 2), anew · write · sector 256 · 112 KiB",
      "2, anew · read · sector 4,096 · 4 KiB",
      "3 · read · sector 4,104 · 4 KiB",
      "6 · read · sector 0 · 8 KiB",
    ]);
    assert.equal(stateAt(resumed, end).requests, 9);
  });

  it("a request that was set aside has not ended well, and the one made of its bios has", () => {
    const old = stateAt(resumed, end, { choices: { request: "1.0" } });
    assert.equal(old.progress?.phase, "set aside");
    assert.equal(old.progress.error, null);
    const made = stateAt(resumed, end, { choices: { request: "1.2" } });
    assert.equal(made.progress?.phase, "ended");
    assert.equal(made.progress.error, 0);
    assert.deepEqual([made.request?.part, made.request?.parts, made.request?.anew], [1, 2, true]);
  });

  it("a request that was put back whole has the slot that it has at the step", () => {
    const choices = { request: "5.0" };
    const first = stepOf(resumed, "request_queued", (event) => event["id"] === 3);
    assert.equal(stateAt(resumed, first, { choices }).request?.slot, 3);
    assert.equal(stateAt(resumed, first, { choices }).progress?.phase, "queued");
    const back = stepOf(resumed, "request_requeue");
    assert.equal(stateAt(resumed, back - 1, { choices }).request?.slot, 3);
    assert.equal(stateAt(resumed, back, { choices }).request?.slot, null);
    assert.equal(stateAt(resumed, back, { choices }).progress?.phase, "started");
    assert.equal(stateAt(resumed, end, { choices }).request?.slot, 1);
    assert.equal(stateAt(resumed, end, { choices }).progress?.phase, "ended");
  });

  it("the ring has as many slots as it has at the step", () => {
    const before = stateAt(resumed, stepAt(resumed, "blkfront_resume", /./));
    assert.equal(before.ring?.entries, 128);
    const after = stateAt(resumed, end, { previous: before });
    assert.equal(after.ring?.entries, 32);
    const slots = after.changes.items.find(({ name }) => name === "ring slots");
    assert.deepEqual([slots?.before, slots?.after], ["128", "32"]);
  });

  it("no lane has two requests at once", () => {
    for (const scenario of [resumed, resumedFull, full, faults, flushes]) {
      const timeline = modelOf(scenario).model.timeline();
      const segments = unpackInt32s(timeline.segments);
      const ends = new Map<number, number>();
      const inOrder = Array.from({ length: segments.length / 4 }, (_, n) => [
        ...segments.subarray(n * 4, n * 4 + 4),
      ]).sort(([, , a = 0], [, , b = 0]) => a - b);
      for (const [lane = 0, phase, from = 0, to = 0] of inOrder) {
        // What waits has no slot yet, and is drawn where it will be.
        if (phase === 0) continue;
        assert.ok(from >= (ends.get(lane) ?? 0), `${scenario.title}: lane ${lane} at ${from}`);
        ends.set(lane, to);
      }
    }
  });

  it("a request that is put back leaves its lane at that step", () => {
    const back = stepOf(resumed, "request_requeue");
    const segments = unpackInt32s(model.timeline().segments);
    const ends: number[] = [];
    for (let i = 0; i < segments.length; i += 4) {
      if (segments[i] === 3 && (segments[i + 2] ?? 0) < back) ends.push(segments[i + 3] ?? 0);
    }
    assert.equal(Math.max(...ends), back);
  });

  it("a frame's request is found by its own track", () => {
    for (const [name, text] of [
      ["set_aside", /^if/],
      ["blkif_recover", /^blk_requeue/],
      ["blkif_interrupt", /^__blk_end/],
    ] as const) {
      const first = stepAt(resumed, name, text);
      for (const step of [first, stepAt(resumed, name, text, first + 1)]) {
        const { own, moment } = sceneAt(resumed, step);
        const req = moment.stack[0]?.variables.get("req") as { nr: number; part: number };
        assert.equal(own?.key, requestKey(req), `step ${step}`);
        assert.equal(own, trackOf(model.index, requestKey(req), step));
      }
    }
  });
});

test("requests that wait to the end are listed, and have not ended", () => {
  const { model, recording } = modelOf(removedOpen);
  assert.deepEqual([...model.index.byKey.keys()], ["1.0", "2.0"]);
  assert.equal(label(removedOpen, "2.0"), "2 · write · sector 8 · 4 KiB");
  const last = stateAt(removedOpen, recording.length - 1, { choices: { request: "2.0" } });
  assert.equal(last.progress?.phase, "waiting");
  assert.equal(last.progress.never, true);
  assert.equal(last.progress.ends, 0);
});

test("a request that ends twice says so, and how it ended last", () => {
  const { recording } = modelOf(full);
  const { tracepoints } = recording;
  const again = { kind: "request_end", req: 0, id: 0, error: -5, why: "complete" } as const;
  const doctored = {
    length: recording.length,
    momentAt: (step: number) => recording.momentAt(step),
    tracepoints: {
      length: tracepoints.length + 1,
      at: (place: number) =>
        place < tracepoints.length
          ? tracepoints.at(place)
          : { step: recording.length - 1, event: again },
    },
  } as unknown as RecordingView;
  const model = new PanelModel(doctored);
  const scene = model.scene(recording.length - 1, {
    choices: { request: "1.0", bytes: "auto" },
    previous: null,
    windows: FIRST_WINDOWS,
  });
  const { progress } = model.state(scene);
  assert.deepEqual([progress?.ends, progress?.error, progress?.phase], [2, -5, "ended"]);
});

test("a device that is gone leaves its disk's name to what it has done", () => {
  const { recording } = modelOf(removedBusy);
  const idle = modelOf(closedIdle).recording.length - 1;
  assert.equal(sceneAt(closedIdle, idle).machine.info.gd, null);
  assert.equal(stateAt(closedIdle, idle).request?.disk, "xvda");
  const last = stateAt(removedBusy, recording.length - 1);
  assert.equal(last.progress?.never, true);
  assert.equal(last.ring, null);
  assert.equal(last.sentence.tone, "bug");
  const after = stateAt(closed, stepAt(closed, "blkback_changed", /break/, 6500));
  assert.equal(after.request, null);
});

test("a step of a flush sequence is a flush for its request, and no part of it", () => {
  const start = stepOf(flushes, "request_start");
  const { request } = stateAt(flushes, start);
  assert.equal(request?.op, "flush");
  assert.equal(request.flushes, 1);
  const data = stepOf(flushes, "request_start", () => true, 1);
  const own = stateAt(flushes, data).request;
  assert.deepEqual([own?.op, own?.flushes, own?.parts], ["write", null, 1]);
  assert.equal(own?.preflush, false);
});

test("a ring with more answers than requests has no slot in use", () => {
  const step = stepAt(
    faults,
    "kick_pending_request_queues",
    /RING_FULL/,
    stepOf(faults, "response_taken", (event) => event["id"] === 5),
  );
  const { ring } = stateAt(faults, step);
  assert.ok(ring !== null);
  assert.ok(ring.free > ring.entries);
  assert.deepEqual(
    ring.slots.filter(({ state }) => state === SlotState.private),
    [],
  );
});

test("a shadow entry that belongs to another request is free again for the earlier one", () => {
  const taken = stepOf(full, "request_id", (event) => event["id"] === 31, 1);
  const first = stateAt(full, taken, { choices: { request: "32.0" } }).shadow;
  assert.equal(first?.id, 31);
  assert.equal(first.inUse, false);
});

test("what the back end says and which calls fail is marked in the timeline", () => {
  const marks = modelOf(faults)
    .model.timeline()
    .marks.map(({ text }) => text);
  assert.ok(marks.some((text) => /^back end: Frontend provided bogus/.test(text)));
  assert.ok(marks.includes("back end: writes over 2 bytes"));
  const last = modelOf(hangs).model.timeline().marks.at(-1);
  assert.equal(last?.kind, "bug");
  assert.match(last.text, /^HANG in bio_trim/);
});
