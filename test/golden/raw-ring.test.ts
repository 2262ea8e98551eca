/**
 * The bytes of a live guest's ring: every request that its driver wrote and every response that it read, held
 * against the model's, byte by byte, in the fields that the protocol defines. docs/captures.md says what both
 * drivers leave undefined, each in its own way.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, describe, it } from "node:test";
import { gunzipSync } from "node:zlib";
import { mem_read } from "../../src/core/linux/memory.js";
import { type Machine, createMachine, runTask } from "../../src/core/machine.js";
import type { TraceEvent } from "../../src/core/tracepoints.js";
import { openInput } from "../../src/inputs/open.js";
import {
  DISCARD,
  ENTRY,
  type Field,
  INDIRECT,
  OP_DISCARD,
  OP_FLUSH,
  OP_INDIRECT,
  RESPONSE,
  RING_HEAD,
  RW,
  SEGMENT,
  SEGMENTS_PER_FRAME,
  definedFields,
  fieldOf,
  segmentCount,
  valueAt,
} from "../blkif-abi.js";
import {
  type LiveGrant,
  type LiveInterrupt,
  type LiveSlot,
  liveEntries,
  liveRing,
} from "../live-ring.js";

const read = (file: string) =>
  gunzipSync(readFileSync(`test/fixtures/captures/raw-ring.${file}.gz`)).toString();

/** What the model has to show for one request. */
interface ModelSlot {
  slot: number;
  id: number;
  grants: LiveGrant[];
  /** The ring slot at each grant, before its segment is written. */
  entries: Uint8Array[];
  queued: Uint8Array;
  /** The segments in the indirect frames, frame after frame. */
  frames: Uint8Array;
  shadow: Uint8Array;
  num_sg: number;
  responseSlot: number;
  response: Uint8Array;
}

/** Runs the imported capture and keeps what the guest's recording has, where it has it. */
function modelRing(text: string): { slots: ModelSlot[]; interrupts: LiveInterrupt[] } {
  const { scenario, problems } = openInput("trace.txt", text);
  assert.ok(scenario, JSON.stringify(problems));
  assert.deepEqual(problems, []);
  assert.equal(scenario.guest.abi, "x86_64");
  const machine = createMachine(scenario);
  const { info, kernel } = machine;
  const bytesAt = (address: number, length: number) => mem_read(kernel.mem, address, length);
  const slotAt = (slot: number) => (info.ring.sring?.addr ?? NaN) + RING_HEAD + slot * ENTRY;

  const open = new Map<number, ModelSlot>();
  const slots: ModelSlot[] = [];
  const interrupts: LiveInterrupt[] = [];
  const none = new Uint8Array();
  let frames: { gref: number; addr: number }[] = [];
  const watch = (event: TraceEvent) => {
    if (event.kind === "interrupt") {
      const { req_prod_pvt: req_prod, rsp_cons, nr_ents: entries, sring } = info.ring;
      interrupts.push({ req_prod, rsp_cons, rsp_prod: sring?.rsp_prod ?? NaN, entries });
    }
    if (!("id" in event)) return;
    const { id } = event;
    if (event.kind === "request_id") {
      const bytes = { queued: none, frames: none, shadow: none, response: none };
      const numbers = { slot: event.slot, id, num_sg: NaN, responseSlot: NaN };
      open.set(id, { ...numbers, grants: [], entries: [], ...bytes });
      frames = [];
    }
    const request = open.get(id);
    if (request === undefined) return;
    if (event.kind === "indirect_frame") frames.push(event);
    if (event.kind === "grant_taken") {
      const { grant_idx, gref, gfn, offset, len } = event;
      request.grants.push({ grant_idx, gref, frame: frames.at(-1)?.gref ?? 0, gfn, offset, len });
      request.entries.push(bytesAt(slotAt(request.slot), ENTRY));
    }
    if (event.kind === "request_queued") {
      request.queued = bytesAt(slotAt(event.slot), ENTRY);
      const all = frames.map(({ addr }) => bytesAt(addr, SEGMENTS_PER_FRAME * SEGMENT.size));
      request.frames = Uint8Array.from(all.flatMap((frame) => [...frame]));
    }
    if (event.kind === "response_taken") {
      const shadow = info.shadow[id];
      request.shadow = bytesAt(shadow?.req.addr ?? NaN, ENTRY);
      request.num_sg = shadow?.num_sg ?? NaN;
      request.responseSlot = event.slot;
      request.response = bytesAt(slotAt(event.slot), RESPONSE.size);
      slots.push(request);
      open.delete(id);
    }
  };
  while (runTask(machine, watch));
  assertRanToTheEnd(machine);
  return { slots, interrupts };
}

function assertRanToTheEnd(machine: Machine): void {
  assert.equal(machine.bug, null);
  assert.deepEqual(machine.agenda, []);
}

function hex(value: bigint, size: number): string {
  return `0x${value.toString(16).padStart(2 * size, "0")}`;
}

/**
 * The first byte of these fields in which the two differ, as a sentence; null where there is none. Bytes
 * behind the end of what the guest's recording has are not compared.
 */
function difference(
  what: string,
  fields: readonly Field[],
  guest: Uint8Array,
  other: Uint8Array,
  whose = "the model",
): string | null {
  for (const field of fields) {
    const { path, offset, size } = field;
    for (let at = offset; at < Math.min(offset + size, guest.length); at++) {
      if (guest[at] === other[at]) continue;
      const [live, theirs] = [guest, other].map((bytes) => hex(valueAt(bytes, field), size));
      return `${what}: ${path} differs at byte ${at}: the guest has ${live}, ${whose} ${theirs}`;
    }
  }
  return null;
}

/** Fails with that sentence. */
function assertSame(...compared: Parameters<typeof difference>): void {
  const found = difference(...compared);
  if (found !== null) assert.fail(found);
}

/** How many bytes the fields have within the first `length`. */
function bytesOf(fields: readonly Field[], length: number): number {
  const sizes = fields.map(({ offset, size }) => Math.min(offset + size, length) - offset);
  return sizes.reduce((sum, size) => sum + Math.max(0, size), 0);
}

function isEmptyFlush(request: Uint8Array): boolean {
  return request[0] === OP_FLUSH && segmentCount(request) === 0;
}

/** The segments that the guest's driver makes of its grants, as an array of segments. */
function segmentsOf(grants: readonly LiveGrant[]): Uint8Array {
  const bytes = new Uint8Array(grants.length * SEGMENT.size);
  const view = new DataView(bytes.buffer);
  grants.forEach(({ gref, offset, len }, i) => {
    const [ref, first, last] = SEGMENT.fields.map((field) => i * SEGMENT.size + field.offset);
    view.setUint32(ref ?? NaN, gref, true);
    view.setUint8(first ?? NaN, offset / 512);
    view.setUint8(last ?? NaN, (offset + len) / 512 - 1);
  });
  return bytes;
}

/** The fields of an array of segments. */
function segmentFields(count: number): Field[] {
  return Array.from({ length: count }, (_, i) =>
    SEGMENT.fields.map(({ path, offset, size }) => {
      return { path: `segments[${i}].${path}`, offset: i * SEGMENT.size + offset, size };
    }),
  ).flat();
}

const OPERATIONS = new Map([
  [0, "read"],
  [1, "write"],
  [OP_FLUSH, "flush"],
  [OP_DISCARD, "discard"],
]);

function nameOf(nr: number, { index, shadow }: LiveSlot): string {
  const indirect = shadow[0] === OP_INDIRECT;
  const way = OPERATIONS.get(shadow[indirect ? 1 : 0] ?? NaN) ?? "unknown operation";
  return `request ${nr + 1} (${indirect ? "indirect " : ""}${way}, ring index ${index})`;
}

describe("the live guest's ring", () => {
  const trace = read("trace.txt");
  const guest = liveRing(read("bpftrace.txt"));
  const entries = guest.interrupts[0]?.entries ?? NaN;
  let model: ReturnType<typeof modelRing>;
  before(() => {
    model = modelRing(trace);
  });

  it("is recorded whole", () => {
    assert.equal(guest.slots.length, 10);
    assert.equal(model.slots.length, guest.slots.length);
    // The recording has no bytes of a discard's or a flush's slot when it is queued, only when it is answered.
    const queued = guest.slots.filter(({ queued }) => queued !== null);
    assert.deepEqual(
      queued.map(({ queued }) => queued?.length),
      [ENTRY, ENTRY, ENTRY, ENTRY, ENTRY],
    );
    const rest = guest.slots.filter(({ queued }) => queued === null);
    const whole = Math.max(...DISCARD.fields.map(({ offset, size }) => offset + size));
    for (const { shadow } of rest) {
      assert.ok(shadow[0] === OP_DISCARD || isEmptyFlush(shadow));
      assert.equal(shadow.length, whole);
    }
  });

  guest.slots.forEach((live, nr) => {
    const name = nameOf(nr, live);
    it(`${name}: the slot, its copy and its response`, () => {
      const ours = model.slots[nr] ?? assert.fail(`${name}: the model has not answered it`);
      assert.equal(ours.id, live.id, `${name}: id`);
      assert.equal(ours.slot, live.index % entries, `${name}: slot`);
      assert.equal(ours.responseSlot, live.index % entries, `${name}: slot of the response`);
      // Where the slot itself was not recorded, there is the copy that it was made from.
      const queued = live.queued ?? live.shadow;
      assertSame(`${name}, in the ring`, definedFields(queued), queued, ours.queued);
      const copy = `${name}, in its shadow entry`;
      assertSame(copy, definedFields(live.shadow), live.shadow, ours.shadow);
      assertSame(`${name}, its response`, RESPONSE.fields, live.response, ours.response);
    });

    if (live.shadow[0] === OP_DISCARD) return;
    it(`${name}: its grants and its segments`, () => {
      const ours = model.slots[nr] ?? assert.fail(`${name}: the model has not answered it`);
      assert.equal(ours.num_sg, live.num_sg, `${name}: num_sg`);
      assert.equal(live.grants.length, segmentCount(live.shadow), `${name}: nr_segments`);
      assert.deepEqual(ours.grants, live.grants);
      // The guest's segments are what its grants say: seen in its ring, and so they are in its frames.
      const told = segmentsOf(live.grants);
      const fields = segmentFields(live.grants.length);
      const indirect = live.shadow[0] === OP_INDIRECT;
      const direct = RW.fields.find(({ path }) => path === "seg[0].gref")?.offset ?? NaN;
      if (!indirect && live.queued !== null) {
        const segments = live.queued.subarray(direct);
        assertSame(`${name}, in the guest`, fields, segments, told, "its grants say");
      }
      const written = indirect ? ours.frames : ours.queued.subarray(direct);
      const where = indirect ? "in its indirect frames" : "in the ring";
      assertSame(`${name}, ${where}`, fields, told, written);
    });
  });

  it("grows in each slot, grant by grant, as the guest's does", () => {
    const live = liveEntries(trace);
    const ours = model.slots.flatMap(({ slot, entries }) =>
      entries.map((request, grant_idx) => ({ slot, grant_idx, request })),
    );
    assert.equal(ours.length, live.length);
    assert.equal(live.length, 38);
    live.forEach(({ grant_idx, request }, i) => {
      const { slot, grant_idx: index, request: bytes } = ours[i] ?? assert.fail();
      assert.equal(index, grant_idx);
      const what = `slot ${slot}, at grant ${grant_idx}`;
      assertSame(what, definedFields(request, grant_idx), request, bytes);
    });
  });

  it("has the same indexes at every interrupt", () =>
    assert.deepEqual(model.interrupts, guest.interrupts));

  it("gives an empty flush no sector", () => {
    const flushes = guest.slots.filter(({ shadow }) => isEmptyFlush(shadow));
    assert.equal(flushes.length, 1);
    for (const { shadow } of flushes) {
      assert.equal(fieldOf(shadow, RW, "sector_number"), 2n ** 64n - 1n);
    }
  });
});

describe("the comparison of ring bytes", () => {
  const { slots } = liveRing(read("bpftrace.txt"));
  const requests = slots.map(({ queued, shadow }) => queued ?? shadow);

  it("lays the structures out as the protocol does", () => {
    assert.deepEqual([RW.size, INDIRECT.size, RESPONSE.size, SEGMENT.size], [112, 64, 16, 8]);
    const offsets = (layout: typeof RW, paths: string[]) =>
      paths.map((path) => layout.fields.find((field) => field.path === path)?.offset);
    assert.deepEqual(offsets(RW, ["handle", "id", "sector_number", "seg[0].gref"]), [2, 8, 16, 24]);
    assert.deepEqual(
      offsets(INDIRECT, ["nr_segments", "handle", "indirect_grefs[7]"]),
      [2, 24, 56],
    );
    assert.deepEqual(offsets(DISCARD, ["flag", "nr_sectors"]), [1, 24]);
  });

  it("notices each changed byte of a defined field, and no other", () => {
    for (const request of requests) {
      const fields = definedFields(request);
      let noticed = 0;
      for (let at = 0; at < request.length; at++) {
        const changed = request.slice();
        changed[at] = (changed[at] ?? 0) ^ 0x40;
        const text = difference("a request", fields, request, changed);
        const field = fields.find(({ offset, size }) => at >= offset && at < offset + size);
        if (field) noticed++;
        assert.equal(text === null, field === undefined, `byte ${at}`);
        if (field) assert.ok(text?.startsWith(`a request: ${field.path} differs at byte ${at}: `));
      }
      assert.equal(noticed, bytesOf(fields, request.length));
    }
    // A head of 20 bytes and 6 of each segment; 22 and 4 of each indirect reference; a discard's 26.
    assert.deepEqual(
      requests.map((request) => bytesOf(definedFields(request), request.length)),
      [26, 86, 26, 26, 32, 26, 26, 26, 26, 20],
    );
  });
});
