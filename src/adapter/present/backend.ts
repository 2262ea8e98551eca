/** The back end's own state: what it offers, what it has taken off the ring, and what it keeps mapped. */
import type { pending_req as pending_type } from "../../core/blkback/backend.js";
import { boolean, integer, text } from "./numbers.js";
import { address, reference } from "./pages.js";
import { plainStruct } from "./plain.js";
import { ringRequestText } from "./ring-request.js";
import { type Value, array, field, leaf, struct } from "./value.js";
import type { Presenter, World } from "./world.js";

/** A set of references, in the order of its own. */
function references(world: World, raw: ReadonlySet<number>): Value {
  const refs = world.once(raw, () => [...raw]);
  return array("grant_ref_t []", raw, refs.length, (index) =>
    reference(world, refs[index] as number),
  );
}

/** `struct persistent_gnt`, with the reference that it is for. */
export const persistent_gnt: Presenter<"persistent_gnt"> = (world, raw) =>
  struct(
    "struct persistent_gnt",
    raw,
    `gref ${raw.gnt}${raw.active ? ", in use" : raw.was_active ? ", used lately" : ""}`,
    () => [
      field("gnt", reference(world, raw.gnt)),
      field("active", boolean(raw.active)),
      field("was_active", boolean(raw.was_active)),
    ],
  );

/** `struct pending_req`: a request that was taken off the ring. */
export const pending_req: Presenter<"pending_req"> = (world, raw) =>
  struct("struct pending_req", raw, ringRequestText(raw.req), () => [
    field("req", world.show("blkif_request", raw.req)),
    field("slot", integer("unsigned int", raw.slot)),
    field("place", integer("unsigned int", raw.place)),
    field(
      "asked",
      array("unsigned int []", raw.asked, raw.asked.length, (index) =>
        integer("unsigned int", raw.asked[index] as number),
      ),
    ),
  ]);

/** `struct xen_blkif`. */
export const xen_blkif: Presenter<"xen_blkif"> = (world, raw) => {
  const kept = world.once(raw.persistent_gnts, () =>
    [...raw.persistent_gnts].sort(([a], [b]) => a - b),
  );
  const overrides = [...raw.overrides];
  return struct("struct xen_blkif", raw, `${raw.xbdev.state}, ${raw.mapped.size} mapped`, () => [
    field("xbdev", world.point("xenbus_device", raw.xbdev)),
    field("settings", plainStruct(world, "settings", raw.settings)),
    field("disk_settings", plainStruct(world, "disk_settings", raw.disk_settings)),
    field(
      "overrides",
      array("char *[]", raw.overrides, overrides.length, (index) => {
        const [key, value] = overrides[index] as [string, string | null];
        return text(value === null ? `${key} removed` : `${key} = ${value}`);
      }),
    ),
    field(
      "ring_refs",
      array("grant_ref_t []", raw.ring_refs, raw.ring_refs.length, (index) =>
        reference(world, raw.ring_refs[index] as number),
      ),
    ),
    field("ring", address(raw.ring)),
    field("nr_ents", integer("unsigned int", raw.nr_ents)),
    field("req_cons", integer("RING_IDX", raw.req_cons)),
    field("rsp_prod_pvt", integer("RING_IDX", raw.rsp_prod_pvt)),
    field("halted", boolean(raw.halted)),
    field(
      "pending",
      array("struct pending_req *[]", raw.pending, raw.pending.length, (index) =>
        world.point("pending_req", raw.pending[index] as pending_type),
      ),
    ),
    field(
      "persistent_gnts",
      array("struct persistent_gnt []", raw.persistent_gnts, kept.length, (index) => {
        const [gnt, state] = kept[index] as (typeof kept)[number];
        return world.show("persistent_gnt", { gnt, ...state });
      }),
    ),
    field("overflow_max_grants", boolean(raw.overflow_max_grants)),
    field("mapped", references(world, raw.mapped)),
    field("seen", references(world, raw.seen)),
    field("sectors", integer("sector_t", raw.sectors)),
    // What it has in its own memory has no address in the guest's.
    field("private_mem", leaf("void *", raw.private_mem, "the back end’s own memory")),
    field("disk", leaf("void *", raw.disk, `a disk of ${raw.sectors} sectors`)),
  ]);
};
