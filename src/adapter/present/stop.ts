/** All presenters together: what a frozen machine looks like. */
import type { Machine } from "../../core/machine.js";
import { pending_req, persistent_gnt, xen_blkif } from "./backend.js";
import { bio, bio_vec, split_bio } from "./bio.js";
import { deferred_entry, gnttab, grant_ref_chain } from "./grant-table.js";
import { grant } from "./grant.js";
import { blkfront_info, blkfront_statics, xenbus_device } from "./info.js";
import { evtchn, gendisk, kernel, log_line, request_queue } from "./linux.js";
import { list_node } from "./list.js";
import { plain } from "./plain.js";
import { request } from "./request.js";
import {
  blkif_request,
  blkif_request_discard,
  blkif_request_indirect,
  blkif_request_rw,
  blkif_request_segment,
  blkif_response,
} from "./ring-request.js";
import { blkif_front_ring, blkif_sring } from "./ring.js";
import { scatterlist } from "./scatterlist.js";
import { blk_shadow } from "./shadow.js";
import { leaf, pointer } from "./value.js";
import type { Presenter, StructureName, World } from "./world.js";

const PRESENTERS: { readonly [K in StructureName]: Presenter<K> } = {
  bio,
  bio_vec,
  blk_shadow,
  blkfront_info,
  blkfront_statics,
  blkif_front_ring,
  blkif_request,
  blkif_request_discard,
  blkif_request_indirect,
  blkif_request_rw,
  blkif_request_segment,
  blkif_response,
  blkif_sring,
  deferred_entry,
  evtchn,
  gendisk,
  gnttab,
  grant,
  grant_ref_chain,
  kernel,
  list_head: list_node,
  log_line,
  pending_req,
  persistent_gnt,
  request,
  request_queue,
  scatterlist,
  split_bio,
  xen_blkif,
  xenbus_device,
};

/** The world of one stop. */
export function worldOf(machine: Machine): World {
  const known = new WeakMap<object, unknown>();
  const world: World = {
    machine,
    show: (name, raw) => PRESENTERS[name](world, raw),
    point: (name, raw) => {
      if (raw === null || raw === undefined) return leaf(`struct ${name} *`, null, "NULL");
      const target = world.show(name, raw);
      return pointer(target.type, target);
    },
    once: <T>(about: object, make: () => T): T => {
      if (!known.has(about)) known.set(about, make());
      return known.get(about) as T;
    },
    any: (name, raw) => plain(world, name, raw),
  };
  return world;
}
