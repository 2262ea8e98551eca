/** Decodes what lies on the ring, by offsets of its own: those of the protocol's C structures on each ABI. */
import assert from "node:assert/strict";
import type { request } from "../../../../src/core/linux/request.js";
import { mem_read } from "../../../../src/core/linux/memory.js";
import type { Machine } from "../../../../src/core/machine.js";
import type { Abi, RequestSettings, Scenario } from "../../../../src/core/scenario.js";

interface Offsets {
  /** Bytes of a slot. */
  entry: number;
  id: number;
  sector: number;
  segments: number;
  discarded: number;
  indirect_handle: number;
  frames: number;
}

const LONG: Offsets = {
  entry: 112,
  id: 8,
  sector: 16,
  segments: 24,
  discarded: 24,
  indirect_handle: 24,
  frames: 28,
};

const OFFSETS: Record<Abi, Offsets> = {
  x86_64: LONG,
  arm: LONG,
  x86_32: {
    entry: 108,
    id: 4,
    sector: 12,
    segments: 20,
    discarded: 20,
    indirect_handle: 20,
    frames: 24,
  },
};

const INDIRECT = 6;
const DISCARD = 5;
const RING_HEAD = 64;
const FRAME = 4096;

export interface Segment {
  gref: number;
  first: number;
  last: number;
  /** The Xen frame that the reference grants; null where it grants none. */
  frame: number | null;
}

export interface RingRequest {
  operation: number;
  /** That of an indirect request's data; else the same. */
  inner: number;
  id: bigint;
  handle: number | null;
  sector: bigint;
  segments: Segment[];
  /** Of a discard. */
  sectors: bigint | null;
}

class Bytes {
  private readonly view: DataView;
  constructor(bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  u8(at: number): number {
    return this.view.getUint8(at);
  }
  u16(at: number): number {
    return this.view.getUint16(at, true);
  }
  u32(at: number): number {
    return this.view.getUint32(at, true);
  }
  u64(at: number): bigint {
    return this.view.getBigUint64(at, true);
  }
}

/** The frame that a reference grants to the back end, as its entry of the grant table says. */
function granted({ kernel }: Machine, gref: number): number | null {
  const entry = new Bytes(mem_read(kernel.mem, kernel.gnttab.shared + gref * 8, 8));
  const [permit, domain] = [entry.u16(0) & 3, entry.u16(2)];
  return permit === 1 && domain === 0 ? entry.u32(4) : null;
}

function segment(machine: Machine, bytes: Bytes, at: number): Segment {
  const gref = bytes.u32(at);
  return { gref, first: bytes.u8(at + 4), last: bytes.u8(at + 5), frame: granted(machine, gref) };
}

/** Bytes of the ring, from the frames that the front end has granted for it. */
function ring_bytes(machine: Machine, from: number, length: number): Uint8Array {
  const { info, kernel } = machine;
  return Uint8Array.from({ length }, (_, i) => {
    const gref = info.ring_ref[Math.floor((from + i) / FRAME)] as number;
    const frame = granted(machine, gref) as number;
    return mem_read(kernel.mem, frame * FRAME + ((from + i) % FRAME), 1)[0] as number;
  });
}

/** The request in a slot, as a back end would see it. */
export function decode(machine: Machine, abi: Abi, slot: number): RingRequest {
  const at = OFFSETS[abi];
  const bytes = new Bytes(ring_bytes(machine, RING_HEAD + slot * at.entry, at.entry));
  const operation = bytes.u8(0);
  const common = { operation, id: bytes.u64(at.id), sector: bytes.u64(at.sector), sectors: null };
  if (operation === DISCARD) {
    const sectors = bytes.u64(at.discarded);
    return { ...common, inner: DISCARD, handle: null, segments: [], sectors };
  }
  if (operation !== INDIRECT) {
    const segments = Array.from({ length: bytes.u8(1) }, (_, i) =>
      segment(machine, bytes, at.segments + i * 8),
    );
    return { ...common, inner: operation, handle: bytes.u16(2), segments };
  }
  const segments = Array.from({ length: bytes.u16(2) }, (_, i) => {
    const frame = granted(machine, bytes.u32(at.frames + Math.floor(i / 512) * 4)) as number;
    const address = frame * FRAME + (i % 512) * 8;
    return segment(machine, new Bytes(mem_read(machine.kernel.mem, address, 8)), 0);
  });
  return { ...common, inner: bytes.u8(1), handle: bytes.u16(at.indirect_handle), segments };
}

/** Sectors of 512 bytes of what was asked for, as addresses in the guest's memory. */
function addresses({ segments }: RequestSettings, page_size: number): number[] {
  return segments.flatMap(({ page, offset, length }) =>
    Array.from({ length: length / 512 }, (_, n) => page * page_size + offset + n * 512),
  );
}

/** The operation that stands on the ring for data, a flush or a discard. */
const INNER: Record<RequestSettings["op"], readonly number[]> = {
  read: [0],
  // A write, or one with a barrier.
  write: [1, 2],
  // A barrier, or a flush: also as a step of a write that asks for one.
  flush: [2, 3],
  discard: [DISCARD],
  "secure-discard": [DISCARD],
};

/** Holds the slot of a request that was just written against what the scenario asks for. */
export function assert_slot(
  machine: Machine,
  { workload, guest, disk, backend }: Scenario,
  abi: Abi,
  { req, id, slot }: { req: request; id: number; slot: number },
): void {
  const on_ring = decode(machine, abi, slot);
  assert.equal(on_ring.id, BigInt(id));
  const all = workload.flatMap((step) =>
    "submit" in step ? step.submit : "bios" in step ? step.bios : [],
  );
  const asked = (nr: number) => all.find((one) => one.id === nr) as RequestSettings;
  const parts = req.bio.map((bio) => ({ bio, one: asked(bio.nr) }));
  if (req.bio.every(({ bi_size }) => bi_size === 0)) {
    // A flush, of its own or for somebody's write.
    assert.ok(INNER.flush.includes(on_ring.inner));
    assert.equal(on_ring.sector, 2n ** 64n - 1n);
    assert.deepEqual(on_ring.segments, []);
    return;
  }
  const [first] = parts;
  assert.ok(first);
  for (const { one } of parts) assert.ok(INNER[one.op].includes(on_ring.inner), one.op);
  assert.equal(on_ring.sector, BigInt(first.bio.bi_sector));
  const sectors = parts.reduce((sum, { bio }) => sum + bio.bi_size / 512, 0);
  if (on_ring.inner === DISCARD) {
    assert.equal(on_ring.sectors, BigInt(sectors));
    return;
  }
  assert.equal(on_ring.handle, disk.vdev & 0xffff);
  const wanted = parts.flatMap(({ bio, one }) => {
    const from = bio.bi_sector - one.sector;
    return addresses(one, guest.pageSize).slice(from, from + bio.bi_size / 512);
  });
  const found = on_ring.segments.flatMap(({ first, last, frame }) => {
    assert.ok(first <= last && last < 8, `sectors ${first} to ${last} of a frame`);
    assert.ok(frame !== null, "a segment grants its frame");
    return Array.from({ length: last - first + 1 }, (_, n) => frame * FRAME + (first + n) * 512);
  });
  assert.equal(found.length, sectors);
  // A new segment begins with each frame, and perhaps where the caller's pieces meet.
  const least = wanted.filter(
    (address, n) => address % FRAME === 0 || address !== (wanted[n - 1] ?? 0) + 512,
  );
  assert.ok(on_ring.segments.length >= least.length);
  const pieces = parts.reduce((sum, { one }) => sum + one.segments.length, 0);
  assert.ok(on_ring.segments.length < least.length + pieces);
  if (!backend.persistent) return assert.deepEqual(found, wanted);
  assert.deepEqual(
    found.map((address) => address % FRAME),
    wanted.map((address) => address % FRAME),
  );
  if (on_ring.inner === 0) return;
  // The data were copied into the granted frames.
  const { mem } = machine.kernel;
  for (const [n, address] of found.entries()) {
    const copy = mem_read(mem, address, 512);
    const data = mem_read(mem, wanted[n] as number, 512);
    assert.ok(Buffer.compare(copy, data) === 0, `sector ${n} of the data`);
  }
}
