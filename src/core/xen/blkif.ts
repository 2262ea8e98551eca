/**
 * The block protocol's structures as they lie in shared memory (`xen/interface/io/blkif.h`): one codec for
 * the ring's slots, the driver's private copies of them and the indirect frames.
 */
import type { Abi } from "../scenario.js";
import {
  type memory,
  mem_get16,
  mem_get32,
  mem_get64,
  mem_get8,
  mem_put16,
  mem_put32,
  mem_put64,
  mem_put8,
} from "../linux/memory.js";

export const BLKIF_OP_READ = 0;
export const BLKIF_OP_WRITE = 1;
export const BLKIF_OP_WRITE_BARRIER = 2;
export const BLKIF_OP_FLUSH_DISKCACHE = 3;
export const BLKIF_OP_DISCARD = 5;
export const BLKIF_OP_INDIRECT = 6;

export const BLKIF_RSP_OKAY = 0;
export const BLKIF_RSP_ERROR = -1;
export const BLKIF_RSP_EOPNOTSUPP = -2;

export const BLKIF_DISCARD_SECURE = 1;

/** Segments that fit in a direct request. */
export const BLKIF_MAX_SEGMENTS_PER_REQUEST = 11;
/** Indirect frames that one request can name. */
export const BLKIF_MAX_INDIRECT_PAGES_PER_REQUEST = 8;
/** Bytes of a `struct blkif_request_segment`. */
export const SEGMENT_SIZE = 8;

const NAMES = new Map([
  [BLKIF_OP_READ, "READ"],
  [BLKIF_OP_WRITE, "WRITE"],
  [BLKIF_OP_WRITE_BARRIER, "WRITE_BARRIER"],
  [BLKIF_OP_FLUSH_DISKCACHE, "FLUSH_DISKCACHE"],
  [BLKIF_OP_DISCARD, "DISCARD"],
  [BLKIF_OP_INDIRECT, "INDIRECT"],
]);

/** The operation's name as in `BLKIF_OP_*`, or `op 9` for one that the protocol does not know. */
export function blkif_op_text(operation: number): string {
  return NAMES.get(operation) ?? `op ${operation}`;
}

/** Byte offsets inside a request and a response; they differ in where a 64-bit field may begin. */
export interface blkif_layout {
  /** What the front end writes as its `protocol`. */
  readonly protocol: "x86_64-abi" | "x86_32-abi" | "arm-abi";
  /** Bytes of a ring entry: the union of request and response. */
  readonly entry: number;
  readonly id: number;
  readonly sector_number: number;
  readonly seg: number;
  readonly indirect_handle: number;
  readonly indirect_grefs: number;
  readonly discard_nr_sectors: number;
  /** Bytes of `blkif_response`. */
  readonly response: number;
}

/** 64-bit fields on 8 bytes. */
const X86_64: blkif_layout = {
  protocol: "x86_64-abi",
  entry: 112,
  id: 8,
  sector_number: 16,
  seg: 24,
  indirect_handle: 24,
  indirect_grefs: 28,
  discard_nr_sectors: 24,
  response: 16,
};

/** As on x86_64. */
const ARM: blkif_layout = { ...X86_64, protocol: "arm-abi" };

/** 64-bit fields on 4 bytes. */
const X86_32: blkif_layout = {
  protocol: "x86_32-abi",
  entry: 108,
  id: 4,
  sector_number: 12,
  seg: 20,
  indirect_handle: 20,
  indirect_grefs: 24,
  discard_nr_sectors: 20,
  response: 12,
};

const LAYOUTS: Record<Abi, blkif_layout> = { x86_64: X86_64, x86_32: X86_32, arm: ARM };

/** The layout that a guest's `protocol` key stands for. */
export function blkif_layout_of(abi: Abi): blkif_layout {
  return LAYOUTS[abi];
}

/** `struct blkif_request_segment`: sectors of 512 bytes, both inclusive, 0 to 7. */
export interface blkif_request_segment {
  gref: number;
  first_sect: number;
  last_sect: number;
}

/** Writes a segment at a physical address; the two bytes of padding keep what they held. */
export function put_segment(
  mem: memory,
  addr: number,
  gref: number,
  first_sect: number,
  last_sect: number,
): void {
  mem_put32(mem, addr, gref);
  mem_put16(mem, addr + 4, (first_sect & 0xff) | ((last_sect & 0xff) << 8));
}

/** Reads the segment at a physical address. */
export function get_segment(mem: memory, addr: number): blkif_request_segment {
  return {
    gref: mem_get32(mem, addr),
    first_sect: mem_get8(mem, addr + 4),
    last_sect: mem_get8(mem, addr + 5),
  };
}

/** What the members of a request's union have in common: they lie in the same places. */
class request_member {
  constructor(
    protected readonly mem: memory,
    protected readonly addr: number,
    protected readonly layout: blkif_layout,
  ) {}
  get id(): number {
    return mem_get64(this.mem, this.addr + this.layout.id);
  }
  set id(value: number) {
    mem_put64(this.mem, this.addr + this.layout.id, value);
  }
  /** All ones, which stand for no sector, are read as -1. */
  get sector_number(): number {
    const addr = this.addr + this.layout.sector_number;
    return mem_get32(this.mem, addr) + (mem_get32(this.mem, addr + 4) | 0) * 0x1_0000_0000;
  }
  set sector_number(value: number) {
    mem_put64(this.mem, this.addr + this.layout.sector_number, value);
  }
}

/** `u.rw` of a request: read, write, flush and barrier. */
export class blkif_request_rw extends request_member {
  get nr_segments(): number {
    return mem_get8(this.mem, this.addr + 1);
  }
  set nr_segments(value: number) {
    mem_put8(this.mem, this.addr + 1, value);
  }
  get handle(): number {
    return mem_get16(this.mem, this.addr + 2);
  }
  set handle(value: number) {
    mem_put16(this.mem, this.addr + 2, value);
  }
  /** The address of `seg[index]`. */
  seg_addr(index: number): number {
    return this.addr + this.layout.seg + index * SEGMENT_SIZE;
  }
  /** `seg[]`, decoded: as many as `nr_segments` says, 11 at most. */
  get seg(): blkif_request_segment[] {
    const count = Math.min(this.nr_segments, BLKIF_MAX_SEGMENTS_PER_REQUEST);
    return Array.from({ length: count }, (_, i) => get_segment(this.mem, this.seg_addr(i)));
  }
}

/** `u.discard` of a request. */
export class blkif_request_discard extends request_member {
  get flag(): number {
    return mem_get8(this.mem, this.addr + 1);
  }
  set flag(value: number) {
    mem_put8(this.mem, this.addr + 1, value);
  }
  /** Length in sectors of 512 bytes. */
  get nr_sectors(): number {
    return mem_get64(this.mem, this.addr + this.layout.discard_nr_sectors);
  }
  set nr_sectors(value: number) {
    mem_put64(this.mem, this.addr + this.layout.discard_nr_sectors, value);
  }
}

/** `u.indirect` of a request: its segments lie in frames of their own. */
export class blkif_request_indirect extends request_member {
  get indirect_op(): number {
    return mem_get8(this.mem, this.addr + 1);
  }
  set indirect_op(value: number) {
    mem_put8(this.mem, this.addr + 1, value);
  }
  get nr_segments(): number {
    return mem_get16(this.mem, this.addr + 2);
  }
  set nr_segments(value: number) {
    mem_put16(this.mem, this.addr + 2, value);
  }
  get handle(): number {
    return mem_get16(this.mem, this.addr + this.layout.indirect_handle);
  }
  set handle(value: number) {
    mem_put16(this.mem, this.addr + this.layout.indirect_handle, value);
  }
  /** `indirect_grefs[n] = gref`. No bound is checked, as in C: n = 8 and more lie behind the field. */
  set_indirect_gref(n: number, gref: number): void {
    mem_put32(this.mem, this.addr + this.layout.indirect_grefs + n * 4, gref);
  }
  /** `indirect_grefs[]`, all eight. */
  get indirect_grefs(): number[] {
    return Array.from({ length: BLKIF_MAX_INDIRECT_PAGES_PER_REQUEST }, (_, n) =>
      mem_get32(this.mem, this.addr + this.layout.indirect_grefs + n * 4),
    );
  }
}

/** A `struct blkif_request *`: a view of the bytes at an address, which it neither owns nor copies. */
export class blkif_request {
  readonly u: {
    readonly rw: blkif_request_rw;
    readonly discard: blkif_request_discard;
    readonly indirect: blkif_request_indirect;
  };
  /** @param addr physical address, a multiple of 4 */
  constructor(
    readonly mem: memory,
    readonly addr: number,
    readonly layout: blkif_layout,
  ) {
    this.u = {
      rw: new blkif_request_rw(mem, addr, layout),
      discard: new blkif_request_discard(mem, addr, layout),
      indirect: new blkif_request_indirect(mem, addr, layout),
    };
  }
  get operation(): number {
    return mem_get8(this.mem, this.addr);
  }
  set operation(value: number) {
    mem_put8(this.mem, this.addr, value);
  }
}

/** A `struct blkif_response *`. An id beyond 2^53 is rounded; `id_as_long` is exact. */
export class blkif_response {
  /** @param addr physical address of the ring entry, a multiple of 4 */
  constructor(
    readonly mem: memory,
    readonly addr: number,
  ) {}
  get id(): number {
    return mem_get64(this.mem, this.addr);
  }
  set id(value: number) {
    mem_put64(this.mem, this.addr, value);
  }
  /** The id as `%ld` prints it. */
  get id_as_long(): string {
    const [low, high] = [mem_get32(this.mem, this.addr), mem_get32(this.mem, this.addr + 4)];
    return String(BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low)));
  }
  get operation(): number {
    return mem_get8(this.mem, this.addr + 8);
  }
  set operation(value: number) {
    mem_put8(this.mem, this.addr + 8, value);
  }
  /** Signed: 0 okay, -1 error, -2 not supported. */
  get status(): number {
    return (mem_get16(this.mem, this.addr + 10) << 16) >> 16;
  }
  set status(value: number) {
    mem_put16(this.mem, this.addr + 10, value & 0xffff);
  }
}
