/** Puts a connected machine where a guest stood that had been running before the workload began. */
import { xen_blkbk_map } from "../blkback/map.js";
import { stay_mapped } from "../blkback/persistent.js";
import type { blk_shadow } from "../blkfront/patch-v2/blkfront-info.js";
import { list_add, list_del, list_entries } from "../linux/list.js";
import { page_to_gfn } from "../linux/pages.js";
import type { Machine } from "./state.js";
import type { GuestSettings, StartSettings } from "../scenario.js";
import {
  type gnttab,
  GNTTAB_LIST_END,
  NR_RESERVED_ENTRIES,
  gnttab_free_refs,
  gnttab_grant_foreign_access_ref,
} from "../xen/grant-table.js";
import { SHARED_RING_INIT, type blkif_sring } from "../xen/ring.js";

/**
 * The free references of a new table. Those that the start asks for stand at the end, so that the ring's
 * pages, which are granted first, do not take them.
 */
export function first_free_refs(guest: GuestSettings, start: StartSettings | null): number[] {
  const wanted = new Set([...(start?.liveGrants ?? []), ...(start?.freeGrefs ?? [])]);
  const refs: number[] = [];
  for (let ref = NR_RESERVED_ENTRIES; ref < guest.grantTableSize; ref++) {
    if (!wanted.has(ref)) refs.push(ref);
  }
  return [...refs, ...wanted];
}

/** Makes `refs` the free list, in this order. */
function relink(gnttab: gnttab, refs: readonly number[]): void {
  gnttab.gnttab_free_head = refs[0] ?? GNTTAB_LIST_END;
  gnttab.gnttab_free_count = refs.length;
  refs.forEach((ref, i) => {
    gnttab.gnttab_list[ref] = refs[i + 1] ?? GNTTAB_LIST_END;
  });
}

/** Applies what the scenario says of the start to a machine that has just connected. */
export function apply_start(machine: Machine, start: StartSettings): void {
  order_free_refs(machine, start);
  revive_grants(machine, start.liveGrants);
  order_free_ids(machine, start.freeIds);
  set_ring_index(machine, start.ringIndex >>> 0);
}

function order_free_refs({ kernel }: Machine, start: StartSettings): void {
  const first = new Set(start.freeGrefs);
  const live = new Set(start.liveGrants);
  const rest = gnttab_free_refs(kernel.gnttab).filter((ref) => !first.has(ref) && !live.has(ref));
  relink(kernel.gnttab, [...first, ...rest]);
}

/** Gives the first entries of the list their references, granted and mapped. */
function revive_grants({ info, kernel, backend, xbdev }: Machine, refs: readonly number[]): void {
  const backend_domid = xbdev.otherend_id;
  const entries = [...list_entries(info.grants, refs.length)];
  entries.forEach((entry, i) => {
    entry.gref = refs[i] as number;
    const gfn = page_to_gfn(kernel, entry.page);
    gnttab_grant_foreign_access_ref(kernel, entry.gref, backend_domid, gfn, false);
    xen_blkbk_map(backend, entry.gref);
    stay_mapped(backend, entry.gref);
    info.persistent_gnts_c++;
  });
  for (const entry of entries.reverse()) {
    list_del(entry.node);
    list_add(entry.node, info.grants);
  }
}

/** Threads the free list through the ids: those given, then the others in ascending order. */
function order_free_ids({ info }: Machine, first: readonly number[]): void {
  const wanted = new Set(first);
  const ids = [...wanted];
  for (let id = 0; id < info.ring.nr_ents; id++) if (!wanted.has(id)) ids.push(id);
  const end = (info.shadow[info.ring.nr_ents - 1] as blk_shadow).req.u.rw.id;
  info.shadow_free = ids[0] as number;
  ids.forEach((id, i) => {
    (info.shadow[id] as blk_shadow).req.u.rw.id = ids[i + 1] ?? end;
  });
}

function set_ring_index({ info, backend }: Machine, index: number): void {
  SHARED_RING_INIT(info.ring.sring as blkif_sring, index);
  info.ring.req_prod_pvt = index;
  info.ring.rsp_cons = index;
  backend.req_cons = index;
  backend.rsp_prod_pvt = index;
}
