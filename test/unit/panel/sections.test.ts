import assert from "node:assert/strict";
import { test } from "node:test";
import { SlotState } from "../../../src/panel/messages.js";
import { changedRanges } from "../../../src/panel/sections/bytes.js";
import { busy64, direct4k, large4k } from "../../fixtures/panel-scenarios.js";
import { modelOf, sceneAt, stateAt, stepAt, stepOf } from "./model.js";

const grant = (index: number) => (event: Record<string, unknown>) => event["grant_idx"] === index;

test("the shadow entry has a row for each grant", () => {
  const { shadow } = stateAt(busy64, stepOf(busy64, "bytes_copied", grant(17), 1));
  assert.ok(shadow);
  assert.equal(shadow.rows.total, 31);
  assert.equal(shadow.grantsUsed, 18);
  assert.equal(shadow.numSg, 3);
  assert.equal(shadow.current, 17);
  assert.equal(shadow.indirect.length, 1);
  const [first, , last] = [shadow.rows.items[0], null, shadow.rows.items[30]];
  assert.deepEqual(
    [first?.offset, first?.length, first?.firstSector, first?.lastSector],
    [512, 3584, 1, 7],
  );
  assert.deepEqual(
    [last?.offset, last?.length, last?.firstSector, last?.lastSector],
    [0, 3072, 0, 5],
  );
});

test("rows that changed since the last stop are marked", () => {
  const taken = stepOf(busy64, "grant_taken", grant(17), 1);
  const previous = stateAt(busy64, stepOf(busy64, "segment_written", grant(16), 1));
  const { shadow } = stateAt(busy64, taken, { previous });
  assert.deepEqual(
    shadow?.rows.items.filter(({ changed }) => changed).map(({ index }) => index),
    [17],
  );
});

test("a window of the rows is sent, with the current one in it", () => {
  const step = stepOf(large4k, "grant_taken", grant(200));
  const { shadow } = stateAt(large4k, step, { windows: { shadow: { from: 0, count: 32 } } });
  assert.ok(shadow);
  assert.equal(shadow.rows.total, 256);
  assert.equal(shadow.rows.items.length, 32);
  assert.ok(shadow.rows.items.some(({ index }) => index === 200));
});

test("the indirect frame holds the segment's bytes, and marks those that changed", () => {
  const written = stepOf(busy64, "segment_written", grant(17), 1);
  const put = stepAt(busy64, "blkif_setup_rw_req_grant", /^put_segment/, written - 4);
  const previous = stateAt(busy64, put);
  const { bytes } = stateAt(busy64, written, { previous });
  assert.ok(bytes);
  assert.equal(bytes.kind, "frame");
  assert.equal(bytes.written, 18);
  const view = new DataView(bytes.bytes.buffer, bytes.bytes.byteOffset);
  const { shadow } = stateAt(busy64, written);
  assert.equal(view.getUint32(17 * 8, true), shadow?.rows.items[17]?.gref);
  assert.deepEqual([view.getUint8(17 * 8 + 4), view.getUint8(17 * 8 + 5)], [0, 7]);
  assert.ok(bytes.changed.length > 0);
  assert.ok(bytes.changed.every((at) => at >= 17 * 8 && at <= 18 * 8));
});

test("a direct request's segments lie in its ring slot", () => {
  const { bytes } = stateAt(direct4k, stepOf(direct4k, "segment_written", grant(3)));
  assert.ok(bytes);
  assert.equal(bytes.kind, "slot");
  assert.equal(bytes.segmentsAt, 24);
  assert.equal(bytes.written, 4);
  assert.deepEqual(
    bytes.fields.map(({ name, value }) => `${name} ${value}`),
    ["operation WRITE", "nr_segments 5", "handle 0xca00", "id 0", "sector_number 64"],
  );
});

test("the ring slot can be chosen in place of the frame", () => {
  const step = stepOf(busy64, "segment_written", grant(17), 1);
  const { bytes } = stateAt(busy64, step, { choices: { bytes: "slot" } });
  assert.equal(bytes?.kind, "slot");
  assert.equal(bytes.fields.find(({ name }) => name === "indirect_op")?.value, "WRITE");
  assert.deepEqual(
    bytes.choices.map(({ id, selected }) => [id, selected]),
    [
      ["0", false],
      ["slot", true],
    ],
  );
});

test("each slot of the ring belongs to somebody", () => {
  const { ring } = stateAt(busy64, stepOf(busy64, "grant_taken", grant(17), 1));
  assert.ok(ring);
  assert.equal(ring.entries, 32);
  assert.deepEqual(
    ring.slots.map(({ slot, state }) => [slot, state]),
    [
      [2, SlotState.request],
      [3, SlotState.private],
    ].map(([slot, state]) => [slot, state]),
  );
  assert.equal(ring.current, 3);
  assert.equal(ring.writing, true);
});

test("a moved index says where it was", () => {
  const pushed = stepOf(busy64, "requests_pushed");
  const previous = stateAt(busy64, pushed - 2);
  const { ring, changes } = stateAt(busy64, pushed, { previous });
  assert.equal(ring?.indexes.find(({ name }) => name === "req_prod")?.was, 0);
  assert.ok(
    changes.items.some(
      ({ name, before, after }) => name === "req_prod" && before === "0" && after === "3",
    ),
  );
});

test("responses that the driver has not taken stand in the ring", () => {
  const { ring } = stateAt(busy64, stepOf(busy64, "interrupt"));
  assert.deepEqual(
    ring?.slots.map(({ state }) => state),
    [SlotState.response, SlotState.response, SlotState.request],
  );
});

test("a copy shows both ends, and looks up what was there before", () => {
  const step = stepOf(busy64, "bytes_copied", grant(17), 1);
  const scene = sceneAt(busy64, step);
  const { model } = modelOf(busy64);
  const found = model.lookBehind(scene) ?? model.state(scene).copy;
  assert.ok(found?.before);
  assert.equal(found.state, "done");
  assert.equal(found.length, 4096);
  assert.equal(found.source.page, 0x1001);
  assert.equal(found.source.offset, 0x4000);
  assert.deepEqual(found.sourceBytes, found.targetBytes);
  assert.notDeepEqual(found.before, found.targetBytes);
  assert.ok((found.changes ?? 0) > 4000);
});

test("before its step a copy shows what it will overwrite", () => {
  const step = stepOf(busy64, "bytes_copied", grant(17), 1);
  const { copy } = stateAt(busy64, step - 1);
  assert.equal(copy?.state, "next");
  assert.deepEqual(copy.before, copy.targetBytes);
});

test("changed ranges are flattened pairs", () => {
  const before = Uint8Array.of(1, 2, 3, 4, 5, 6);
  assert.deepEqual(changedRanges(before, Uint8Array.of(1, 9, 9, 4, 5, 9)), [1, 3, 5, 6]);
  assert.deepEqual(changedRanges(before, before.slice()), []);
});
