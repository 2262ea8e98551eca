/**
 * The block protocol's structures as a compiler for x86_64 lays them out, and which of their fields a request
 * defines. Nothing here is the core's: a test holds the core's bytes against it.
 */

type Type = "u8" | "u16" | "u32" | "u64" | Struct;
/** Members in order, each with its name, its type and, for an array, its length. */
type Struct = readonly (readonly [name: string, type: Type, count?: number])[];

/** A field of a structure: `path` as in C, place and size in bytes. */
export interface Field {
  readonly path: string;
  readonly offset: number;
  readonly size: number;
}

export interface Layout {
  readonly fields: readonly Field[];
  /** Bytes of the structure, with the padding at its end. */
  readonly size: number;
  readonly align: number;
}

const SCALARS = { u8: 1, u16: 2, u32: 4, u64: 8 } as const;

function upTo(offset: number, align: number): number {
  return Math.ceil(offset / align) * align;
}

/** Each member on a multiple of its own alignment, the whole on a multiple of the largest. */
export function layOut(struct: Struct): Layout {
  const fields: Field[] = [];
  let [end, largest] = [0, 1];
  for (const [name, type, count] of struct) {
    const inner = typeof type === "string" ? null : layOut(type);
    const size = inner?.size ?? SCALARS[type as keyof typeof SCALARS];
    const align = inner?.align ?? size;
    end = upTo(end, align);
    largest = Math.max(largest, align);
    for (let i = 0; i < (count ?? 1); i++, end += size) {
      const path = count === undefined ? name : `${name}[${i}]`;
      if (inner === null) fields.push({ path, offset: end, size });
      for (const field of inner?.fields ?? []) {
        fields.push({ ...field, path: `${path}.${field.path}`, offset: end + field.offset });
      }
    }
  }
  return { fields, size: upTo(end, largest), align: largest };
}

const SEGMENT_STRUCT: Struct = [
  ["gref", "u32"],
  ["first_sect", "u8"],
  ["last_sect", "u8"],
];

/** A segment; an indirect frame is an array of them. */
export const SEGMENT = layOut(SEGMENT_STRUCT);

/** Read, write, barrier and flush. */
export const RW = layOut([
  ["operation", "u8"],
  ["nr_segments", "u8"],
  ["handle", "u16"],
  ["id", "u64"],
  ["sector_number", "u64"],
  ["seg", SEGMENT_STRUCT, 11],
]);

export const INDIRECT = layOut([
  ["operation", "u8"],
  ["indirect_op", "u8"],
  ["nr_segments", "u16"],
  ["id", "u64"],
  ["sector_number", "u64"],
  ["handle", "u16"],
  ["indirect_grefs", "u32", 8],
]);

export const DISCARD = layOut([
  ["operation", "u8"],
  ["flag", "u8"],
  ["id", "u64"],
  ["sector_number", "u64"],
  ["nr_sectors", "u64"],
]);

export const RESPONSE = layOut([
  ["id", "u64"],
  ["operation", "u8"],
  ["status", "u16"],
]);

export const OP_FLUSH = 3;
export const OP_DISCARD = 5;
export const OP_INDIRECT = 6;

/** Bytes of the ring's head, before its first entry. */
export const RING_HEAD = 64;
/** Bytes of a ring entry: the largest of what lies in it. */
export const ENTRY = Math.max(RW.size, INDIRECT.size, DISCARD.size, RESPONSE.size);
export const SEGMENTS_PER_FRAME = 4096 / SEGMENT.size;

/** The layout that the request's operation stands for. */
export function layoutOf(request: Uint8Array): Layout {
  if (request[0] === OP_DISCARD) return DISCARD;
  return request[0] === OP_INDIRECT ? INDIRECT : RW;
}

/** An unsigned field, little endian. */
export function valueAt(bytes: Uint8Array, { offset, size }: Field): bigint {
  let value = 0n;
  for (let i = size - 1; i >= 0; i--) value = value * 256n + BigInt(bytes[offset + i] ?? 0);
  return value;
}

/** The value of the field of that name. */
export function fieldOf(bytes: Uint8Array, layout: Layout, path: string): bigint {
  const field = layout.fields.find((one) => one.path === path);
  if (field === undefined) throw new Error(`no field ${path}`);
  return valueAt(bytes, field);
}

/** The request's own count of its segments; a discard has none. */
export function segmentCount(request: Uint8Array): number {
  if (request[0] === OP_DISCARD) return 0;
  return Number(fieldOf(request, layoutOf(request), "nr_segments"));
}

/**
 * The fields that a request defines: all of its structure but the segments and indirect references behind
 * the last one. Padding belongs to no field.
 * @param done grants that are set up so far; all of them when it is left out
 */
export function definedFields(request: Uint8Array, done = segmentCount(request)): Field[] {
  const frames = Math.ceil(done / SEGMENTS_PER_FRAME);
  return layoutOf(request).fields.filter(({ path }) => {
    const [, array, index] = /^(seg|indirect_grefs)\[(\d+)\]/.exec(path) ?? [];
    return array === undefined || Number(index) < (array === "seg" ? done : frames);
  });
}
