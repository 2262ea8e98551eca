import assert from "node:assert/strict";
import { test } from "node:test";
import { GrantState, unpackInt32s } from "../../../src/panel/messages.js";
import { busy64, direct4k } from "../../fixtures/panel-scenarios.js";
import { modelOf, stateAt, stepAt, stepOf } from "./model.js";

const request4 = { choices: { request: "4.0" } };
const grant = (index: number) => (event: Record<string, unknown>) => event["grant_idx"] === index;

test("the header names the request that the step belongs to", () => {
  const state = stateAt(busy64, stepOf(busy64, "grant_taken", grant(17), 1));
  const { request, position } = state;
  assert.ok(request);
  assert.equal(request.key, "4.0");
  assert.equal(request.op, "write");
  assert.equal(request.sector, 2048);
  assert.equal(request.sectors, 245);
  assert.equal(request.disk, "xvda");
  assert.equal(request.form, "indirect");
  assert.equal(request.pageSize, 65536);
  assert.equal(request.slot, 3);
  assert.equal(position.grant, 17);
  assert.equal(position.grants, 31);
});

test("empty chunks of the touched pages are counted", () => {
  const { request } = stateAt(busy64, stepOf(busy64, "grant_taken", grant(17), 1));
  assert.deepEqual(
    request?.segments.map(({ page, firstGrant, grants }) => [page, firstGrant, grants]),
    [
      [0x1000, 0, 13],
      [0x1001, 13, 16],
      [0x1002, 29, 2],
    ],
  );
  assert.equal(request?.chunksNotSent, 17);
});

test("an id is known only after the driver has taken one", () => {
  const taken = stepOf(busy64, "request_id", () => true, 3);
  assert.equal(stateAt(busy64, taken - 1).request?.shadowId, null);
  assert.equal(stateAt(busy64, taken).request?.shadowId, 2);
});

test("a grant passes through its states in order", () => {
  const state = (step: number): number =>
    stateAt(busy64, step, request4).progress?.states[17] ?? -1;
  const taken = stepOf(busy64, "grant_taken", grant(17), 1);
  assert.equal(state(taken - 1), GrantState.waiting);
  assert.equal(state(taken), GrantState.taken);
  assert.equal(state(stepOf(busy64, "bytes_copied", grant(17), 1)), GrantState.copied);
  assert.equal(state(stepOf(busy64, "segment_written", grant(17), 1)), GrantState.written);
  const back = stepOf(busy64, "grant_released", grant(17), 1);
  assert.equal(state(back - 1), GrantState.moved);
  assert.equal(state(back), GrantState.returned);
});

test("a read's grants are copied back before they return", () => {
  const step = stepOf(
    busy64,
    "bytes_copied",
    (event) => event["way"] === "back" && event["grant_idx"] === 20,
  );
  const { progress, copy } = stateAt(busy64, step);
  assert.equal(progress?.states[20], GrantState.copiedBack);
  assert.equal(progress.states[21], GrantState.moved);
  assert.equal(copy?.way, "back");
});

test("the request stays the same between two of its steps, whichever way one comes", () => {
  const { recording } = modelOf(busy64);
  const pushed = stepOf(busy64, "requests_pushed", () => true, 1);
  assert.equal(stateAt(busy64, pushed).request?.key, "5.0");
  assert.equal(stateAt(busy64, recording.length - 1).request?.key, "9.0");
});

test("a pinned request stays, and has no grant in hand while the step is another's", () => {
  const state = stateAt(busy64, stepOf(busy64, "grant_taken", grant(3), 0), request4);
  assert.equal(state.request?.key, "4.0");
  assert.equal(state.request.pinned, true);
  assert.equal(state.progress?.phase, "waiting");
  assert.equal(state.position.grant, null);
});

test("before the first request there is none", () => {
  const state = stateAt(busy64, 0);
  assert.equal(state.request, null);
  assert.equal(state.shadow, null);
  assert.equal(state.ring, null);
});

test("without persistent grants a row names the caller's own frame", () => {
  const state = stateAt(direct4k, stepOf(direct4k, "segment_written", grant(3)));
  const row = state.shadow?.rows.items[3];
  assert.equal(row?.page, 0x703);
  assert.equal(row.gfn, 0x703);
  assert.equal(state.copy, null);
  assert.match(state.noCopy, /do not persist/);
});

test("the steps of the grants lead to where each was set up", () => {
  const { request } = stateAt(busy64, stepOf(busy64, "grant_taken", grant(17), 1));
  assert.ok(request);
  assert.equal(unpackInt32s(request.steps)[17], stepOf(busy64, "grant_taken", grant(17), 1));
});

test("the back end's steps belong to the request that it executes", () => {
  const step = stepAt(
    busy64,
    "dispatch_rw_block_io",
    /be_mem_copy|mem_copy|write/,
    stepOf(busy64, "interrupt"),
  );
  assert.equal(stateAt(busy64, step).request?.key, "2.0");
});
