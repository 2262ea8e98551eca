// The shared ring's arithmetic: free-running indexes of 32 bits, and who is told when.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMachine, runTask } from "../../../src/core/machine.js";
import { create_memory, mem_get32, mem_put32 } from "../../../src/core/linux/memory.js";
import { blkif_layout_of } from "../../../src/core/xen/blkif.js";
import {
  __CONST_RING_SIZE,
  blkif_sring,
  FRONT_RING_INIT,
  new_front_ring,
  RING_FINAL_CHECK_FOR_RESPONSES,
  RING_FREE_REQUESTS,
  RING_FULL,
  RING_GET_REQUEST,
  RING_GET_RESPONSE,
  RING_HAS_UNCONSUMED_RESPONSES,
  RING_PUSH_REQUESTS_AND_CHECK_NOTIFY,
  RING_PUSH_RESPONSES_AND_CHECK_NOTIFY,
  ring_entries,
  ring_slot,
  SHARED_RING_INIT,
} from "../../../src/core/xen/ring.js";
import { run } from "./run.js";
import { one_by_one, scenario, transfer } from "./scenarios.js";

const layout = blkif_layout_of("x86_64");
const ADDR = 0x4000;

/** A ring of one page whose indexes stand at `index`. */
function ring_at(index: number) {
  const sring = new blkif_sring(create_memory(), ADDR);
  SHARED_RING_INIT(sring, index);
  const ring = new_front_ring();
  FRONT_RING_INIT(ring, sring, layout, 4096, index);
  return { ring, sring };
}

describe("a ring", () => {
  it("has the largest power of two of entries that fit behind its header", () => {
    const SIZES: [number, number][] = [
      [1, 32],
      [2, 64],
      [4, 128],
      [8, 256],
      [16, 512],
    ];
    for (const [pages, entries] of SIZES) {
      assert.equal(ring_entries(layout, pages), entries);
      assert.equal(ring_entries(blkif_layout_of("x86_32"), pages), entries);
    }
    // To the byte: 64 of the header and 32 of 112 each.
    assert.equal(__CONST_RING_SIZE(layout, 64 + 32 * 112), 32);
    assert.equal(__CONST_RING_SIZE(layout, 64 + 32 * 112 - 1), 16);
    assert.equal(__CONST_RING_SIZE(blkif_layout_of("x86_32"), 64 + 32 * 108), 32);
    assert.equal(__CONST_RING_SIZE(blkif_layout_of("x86_32"), 64 + 32 * 108 - 1), 16);
  });

  it("begins empty, and each end asks to be told of the first entry", () => {
    const mem = create_memory();
    const sring = new blkif_sring(mem, ADDR);
    SHARED_RING_INIT(sring);
    assert.deepEqual(
      [0, 4, 8, 12].map((at) => mem_get32(mem, ADDR + at)),
      [0, 1, 0, 1],
    );
    const ring = new_front_ring();
    assert.deepEqual(ring, { req_prod_pvt: 0, rsp_cons: 0, nr_ents: 0, sring: null });
    FRONT_RING_INIT(ring, sring, layout, 4096);
    assert.deepEqual(ring, { req_prod_pvt: 0, rsp_cons: 0, nr_ents: 32, sring });
  });

  it("has its indexes where the other end looks for them", () => {
    const mem = create_memory();
    [11, 22, 33, 44].forEach((value, i) => mem_put32(mem, ADDR + 4 * i, value));
    const { req_prod, req_event, rsp_prod, rsp_event } = new blkif_sring(mem, ADDR);
    assert.deepEqual([req_prod, req_event, rsp_prod, rsp_event], [11, 22, 33, 44]);
  });

  it("has its entries behind the header, and an index goes round in them", () => {
    const { ring } = ring_at(0);
    for (const [index, slot] of [
      [0, 0],
      [31, 31],
      [32, 0],
      [0x1_0000_0000 - 1, 31],
    ] as const) {
      assert.equal(ring_slot(32, index), slot);
      assert.equal(RING_GET_REQUEST(ring, layout, index).addr, ADDR + 64 + slot * 112);
      assert.equal(RING_GET_RESPONSE(ring, layout, index).addr, ADDR + 64 + slot * 112);
    }
  });

  for (const start of [0, 1000, 0x1_0000_0000 - 1, 0x1_0000_0000 - 20]) {
    it(`that starts at ${start} is full with as many requests as it has entries`, () => {
      const { ring } = ring_at(start);
      assert.equal(RING_FREE_REQUESTS(ring), 32);
      ring.req_prod_pvt = (start + 31) >>> 0;
      assert.equal(RING_FREE_REQUESTS(ring), 1);
      assert.equal(RING_FULL(ring), false);
      ring.req_prod_pvt = (start + 32) >>> 0;
      assert.equal(RING_FREE_REQUESTS(ring), 0);
      assert.equal(RING_FULL(ring), true);
      // A slot is free when its answer has been taken, and not before.
      ring.rsp_cons = (start + 1) >>> 0;
      assert.equal(RING_FREE_REQUESTS(ring), 1);
      assert.equal(RING_FULL(ring), false);
    });
  }

  // An event is due when the index that the other end waits for is one of those just published.
  const END = 0x1_0000_0000;
  const NOTIFY: [string, number, number, number, boolean][] = [
    ["waits for the first of them", 10, 13, 11, true],
    ["waits for one in the middle", 10, 13, 12, true],
    ["waits for the last of them", 10, 13, 13, true],
    ["waits for one that has been there before", 10, 13, 10, false],
    ["waits for a later one", 10, 13, 14, false],
    ["waits for the next and nothing is new", 10, 10, 11, false],
    ["had not waited, and nothing is new", 10, 10, 10, false],
    ["waits for the first behind 2^32", END - 2, 1, 0, true],
    ["waits for the last before 2^32", END - 2, 1, END - 1, true],
    ["waits for the last, behind 2^32", END - 2, 1, 1, true],
    ["waits for a later one, behind 2^32", END - 2, 1, 2, false],
    ["waits for one from before, before 2^32", END - 2, 1, END - 2, false],
    ["waits behind 2^32 and they end before it", END - 5, END - 2, 1, false],
  ];
  for (const [what, old, next, event, notify] of NOTIFY) {
    const text = `${notify ? "sends an event" : "sends no event"} where the other end ${what}`;
    it(`${text}: requests`, () => {
      const { ring, sring } = ring_at(old);
      sring.req_event = event;
      ring.req_prod_pvt = next;
      assert.equal(RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(ring), notify);
      assert.equal(sring.req_prod, next);
    });
    it(`${text}: responses`, () => {
      const { sring } = ring_at(old);
      sring.rsp_event = event;
      assert.equal(RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(sring, next), notify);
      assert.equal(sring.rsp_prod, next);
    });
  }

  it("asks for the event of the next response once all have been taken", () => {
    for (const index of [7, 0x1_0000_0000 - 1]) {
      const { ring, sring } = ring_at(index);
      sring.rsp_event = 0x1234;
      assert.equal(RING_FINAL_CHECK_FOR_RESPONSES(ring), false);
      assert.equal(sring.rsp_event, (index + 1) >>> 0);
    }
  });

  it("asks for no event while there is a response to take", () => {
    const { ring, sring } = ring_at(7);
    sring.rsp_prod = 8;
    sring.rsp_event = 0x1234;
    assert.equal(RING_FINAL_CHECK_FOR_RESPONSES(ring), true);
    assert.equal(sring.rsp_event, 0x1234);
  });

  it("counts the responses that were not taken, also where the indexes begin again", () => {
    const { ring, sring } = ring_at(0xffff_fffe);
    assert.equal(RING_HAS_UNCONSUMED_RESPONSES(ring), 0);
    sring.rsp_prod = 3;
    assert.equal(RING_HAS_UNCONSUMED_RESPONSES(ring), 5);
  });
});

describe("a ring whose indexes pass 2^32", () => {
  it("goes on: every request is sent, answered and ended", () => {
    const requests = Array.from({ length: 6 }, (_, i) =>
      transfer(i + 1, "write", i * 8, [{ page: 0x1000 + i, offset: 0, length: 4096 }]),
    );
    const of = scenario(one_by_one(...requests), { pageSize: 4096 });
    const start = { ringIndex: 0x1_0000_0000 - 3, freeIds: [], liveGrants: [], freeGrefs: [] };
    const { machine } = run({ ...of, start });
    assert.ok(machine.requests.every(({ state, error }) => state === "ended" && error === 0));
    const { ring } = machine.info;
    assert.deepEqual([ring.req_prod_pvt, ring.rsp_cons], [3, 3]);
    // All is quiet, and the guest wants to hear of the next answer.
    assert.equal(ring.sring?.rsp_event, 4);
  });

  it("asks for the next answer's event also where requests are still out", () => {
    const [one, two] = [1, 2].map((id) =>
      transfer(id, "write", id * 8, [{ page: 0x1000 + id, offset: 0, length: 4096 }]),
    );
    assert.ok(one && two);
    const of = scenario([{ submit: [one, two] }, { complete: [{ id: 1, status: "okay" }] }], {
      pageSize: 4096,
    });
    const start = { ringIndex: 0x1_0000_0000 - 1, freeIds: [], liveGrants: [], freeGrefs: [] };
    const machine = createMachine({ ...of, start });
    while (runTask(machine));
    const { ring } = machine.info;
    assert.deepEqual([ring.req_prod_pvt, ring.rsp_cons, ring.sring?.rsp_event], [1, 0, 1]);
  });
});
