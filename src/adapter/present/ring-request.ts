/** What lies in a ring slot or in a driver's private copy of it, decoded by its operation. */
import type { memory } from "../../core/linux/memory.js";
import {
  BLKIF_OP_DISCARD,
  BLKIF_OP_FLUSH_DISKCACHE,
  BLKIF_OP_INDIRECT,
  BLKIF_OP_READ,
  BLKIF_OP_WRITE,
  BLKIF_OP_WRITE_BARRIER,
  type blkif_request as request_view,
  SEGMENT_SIZE,
  blkif_op_text,
} from "../../core/xen/blkif.js";
import { operationName, statusName } from "./constants.js";
import { hex, integer, named } from "./numbers.js";
import { rawBytes, reference, region } from "./pages.js";
import { type Member, type Value, array, field, struct } from "./value.js";
import type { Presenter, World } from "./world.js";

function operation(value: number): Value {
  return named("uint8_t", value, operationName(value));
}

/** `u.rw`. */
export const blkif_request_rw: Presenter<"blkif_request_rw"> = (world, raw) =>
  struct("struct blkif_request_rw", raw, `${raw.nr_segments} segments`, () => [
    field("nr_segments", integer("uint8_t", raw.nr_segments)),
    field("handle", integer("blkif_vdev_t", raw.handle)),
    field("id", integer("uint64_t", raw.id)),
    field("sector_number", integer("blkif_sector_t", raw.sector_number)),
    field("seg", segments(world, raw)),
  ]);

/** `seg[]`: a segment has 8 bytes wherever it lies. */
function segments(world: World, rw: request_view["u"]["rw"]): Value {
  const segs = rw.seg;
  // The back end's copies lie in memory of its own, for which there are no addresses.
  const mem = (rw as unknown as { mem: memory }).mem;
  return array(
    `struct blkif_request_segment [${segs.length}]`,
    segs,
    segs.length,
    (index) => ({
      ...world.show("blkif_request_segment", segs[index] as (typeof segs)[number]),
      ...region(world, mem, rw.seg_addr(index), SEGMENT_SIZE),
    }),
    undefined,
    segs.length === 0 ? undefined : region(world, mem, rw.seg_addr(0), segs.length * SEGMENT_SIZE),
  );
}

export const blkif_request_segment: Presenter<"blkif_request_segment"> = (world, raw) =>
  struct(
    "struct blkif_request_segment",
    raw,
    (format) =>
      `gref ${format.hex ? hex(raw.gref) : raw.gref} · sectors ${raw.first_sect} to ${raw.last_sect}`,
    () => [
      field("gref", reference(world, raw.gref)),
      field("first_sect", integer("uint8_t", raw.first_sect)),
      field("last_sect", integer("uint8_t", raw.last_sect)),
    ],
  );

/** `u.discard`. */
export const blkif_request_discard: Presenter<"blkif_request_discard"> = (_world, raw) =>
  struct("struct blkif_request_discard", raw, `${raw.nr_sectors} sectors`, () => [
    field("flag", integer("uint8_t", raw.flag)),
    field("id", integer("uint64_t", raw.id)),
    field("sector_number", integer("blkif_sector_t", raw.sector_number)),
    field("nr_sectors", integer("uint64_t", raw.nr_sectors)),
  ]);

/** `u.indirect`. */
export const blkif_request_indirect: Presenter<"blkif_request_indirect"> = (world, raw) =>
  struct("struct blkif_request_indirect", raw, `${raw.nr_segments} segments in frames`, () => {
    const grefs = raw.indirect_grefs;
    return [
      field("indirect_op", operation(raw.indirect_op)),
      field("nr_segments", integer("uint16_t", raw.nr_segments)),
      field("id", integer("uint64_t", raw.id)),
      field("sector_number", integer("blkif_sector_t", raw.sector_number)),
      field("handle", integer("blkif_vdev_t", raw.handle)),
      field(
        "indirect_grefs",
        array(`grant_ref_t [${grefs.length}]`, grefs, grefs.length, (index) =>
          reference(world, grefs[index] as number),
        ),
      ),
    ];
  });

function memberInUse(world: World, raw: request_view): Member[] {
  switch (raw.operation) {
    case BLKIF_OP_READ:
    case BLKIF_OP_WRITE:
    case BLKIF_OP_WRITE_BARRIER:
    case BLKIF_OP_FLUSH_DISKCACHE:
      return [field("rw", world.show("blkif_request_rw", raw.u.rw))];
    case BLKIF_OP_DISCARD:
      return [field("discard", world.show("blkif_request_discard", raw.u.discard))];
    case BLKIF_OP_INDIRECT:
      return [field("indirect", world.show("blkif_request_indirect", raw.u.indirect))];
    default:
      return [];
  }
}

function union(world: World, raw: request_view): Value {
  const members = memberInUse(world, raw);
  const text = members[0]?.name ?? "no member for this operation";
  return struct("union", raw.u, text, () => members);
}

/** A ring request in a few words. */
export function ringRequestText(raw: request_view): string {
  if (raw.operation !== BLKIF_OP_INDIRECT)
    return `${blkif_op_text(raw.operation)} id ${raw.u.rw.id}`;
  const { indirect } = raw.u;
  return `INDIRECT ${blkif_op_text(indirect.indirect_op)} id ${indirect.id}`;
}

/** `struct blkif_request`. */
export const blkif_request: Presenter<"blkif_request"> = (world, raw) => {
  const size = raw.layout.entry;
  return struct(
    "struct blkif_request",
    raw,
    ringRequestText(raw),
    () => [
      field("operation", operation(raw.operation)),
      field("u", union(world, raw)),
      rawBytes(world, raw.mem, raw.addr, size),
    ],
    region(world, raw.mem, raw.addr, size),
  );
};

/** `struct blkif_response`. */
export const blkif_response: Presenter<"blkif_response"> = (world, raw) => {
  const size = world.machine.info.layout.response;
  return struct(
    "struct blkif_response",
    raw,
    `${blkif_op_text(raw.operation)} id ${raw.id}: ${statusName(raw.status) ?? raw.status}`,
    () => [
      field("id", integer("uint64_t", raw.id)),
      field("operation", operation(raw.operation)),
      field("status", named("int16_t", raw.status, statusName(raw.status))),
      rawBytes(world, raw.mem, raw.addr, size),
    ],
    region(world, raw.mem, raw.addr, size),
  );
};
