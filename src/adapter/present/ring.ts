/** The shared ring: both ends' indexes, and each slot as what the indexes say that it holds. */
import { blkif_request, blkif_response } from "../../core/xen/blkif.js";
import { XEN_PAGE_SIZE } from "../../core/xen/page.js";
import {
  RING_FREE_REQUESTS,
  RING_FULL,
  RING_HAS_UNCONSUMED_RESPONSES,
  SRING_HEADER,
  type blkif_front_ring as front_ring,
  type blkif_sring as shared_ring,
  ring_slot,
} from "../../core/xen/ring.js";
import { boolean, integer } from "./numbers.js";
import { rawBytes } from "./pages.js";
import { ringRequestText } from "./ring-request.js";
import { type Member, type Value, array, derived, field, leaf, struct } from "./value.js";
import type { Presenter, World } from "./world.js";

/** What a slot holds: a request for the back end, a response that the driver has not taken, or leftovers. */
type Holds = "request" | "response" | "free";

function slotHolds(ring: front_ring, slot: number): Holds {
  const distance = (from: number): number => ring_slot(ring.nr_ents, slot - from);
  const answered = RING_HAS_UNCONSUMED_RESPONSES(ring);
  const under_way = (ring.req_prod_pvt - ring.rsp_cons) >>> 0;
  const place = distance(ring.rsp_cons);
  if (place < answered) return "response";
  return place < under_way ? "request" : "free";
}

function slotText(holds: Holds, world: World, at: number): string {
  const { mem } = world.machine.kernel;
  if (holds === "free") return "free";
  if (holds === "request") {
    return `request ${ringRequestText(new blkif_request(mem, at, world.machine.info.layout))}`;
  }
  return `response id ${new blkif_response(mem, at).id}`;
}

/** `union blkif_sring_entry`: only the member that the indexes say is in use, and the bytes. */
function entry(world: World, slot: number): Value {
  const { info, kernel } = world.machine;
  const { ring, layout } = info;
  const sring = ring.sring as shared_ring;
  const at = sring.addr + SRING_HEADER + slot * layout.entry;
  const holds = slotHolds(ring, slot);
  const members = (): Member[] => {
    const raw = rawBytes(world, kernel.mem, at, layout.entry);
    if (holds === "request") {
      const view = new blkif_request(kernel.mem, at, layout);
      return [field("req", world.show("blkif_request", view)), raw];
    }
    if (holds === "response") {
      const view = new blkif_response(kernel.mem, at);
      return [field("rsp", world.show("blkif_response", view)), raw];
    }
    return [raw];
  };
  return struct("union blkif_sring_entry", { at }, slotText(holds, world, at), members, {
    address: at,
    size: layout.entry,
  });
}

/** `struct blkif_sring`. */
export const blkif_sring: Presenter<"blkif_sring"> = (world, raw) => {
  const { info } = world.machine;
  const size = info.nr_ring_pages * XEN_PAGE_SIZE;
  const { nr_ents } = info.ring;
  return struct(
    "struct blkif_sring",
    raw,
    `req_prod ${raw.req_prod} · rsp_prod ${raw.rsp_prod}`,
    () => [
      field("req_prod", integer("RING_IDX", raw.req_prod)),
      field("req_event", integer("RING_IDX", raw.req_event)),
      field("rsp_prod", integer("RING_IDX", raw.rsp_prod)),
      field("rsp_event", integer("RING_IDX", raw.rsp_event)),
      field(
        "ring",
        array(
          `union blkif_sring_entry [${nr_ents}]`,
          raw,
          nr_ents,
          (slot) => entry(world, slot),
          undefined,
          { address: raw.addr + SRING_HEADER, size: nr_ents * info.layout.entry },
        ),
      ),
      rawBytes(world, raw.mem, raw.addr, size),
    ],
    { address: raw.addr, size },
  );
};

/** `struct blkif_front_ring`, with what the ring's macros make of it. */
export const blkif_front_ring: Presenter<"blkif_front_ring"> = (world, raw) => {
  const used = (raw.req_prod_pvt - raw.rsp_cons) >>> 0;
  return struct(
    "struct blkif_front_ring",
    raw,
    raw.sring === null ? "not set up" : `${used} of ${raw.nr_ents} in use`,
    () => [
      field("req_prod_pvt", integer("RING_IDX", raw.req_prod_pvt)),
      field("rsp_cons", integer("RING_IDX", raw.rsp_cons)),
      field("nr_ents", integer("unsigned int", raw.nr_ents)),
      field(
        "sring",
        raw.sring === null
          ? leaf("struct blkif_sring *", null, "NULL")
          : world.point("blkif_sring", raw.sring),
      ),
      derived(
        "RING_FREE_REQUESTS",
        integer("unsigned int", RING_FREE_REQUESTS(raw)),
        (parent) => `RING_FREE_REQUESTS(${parent})`,
      ),
      derived("RING_FULL", boolean(RING_FULL(raw)), (parent) => `RING_FULL(${parent})`),
    ],
  );
};
