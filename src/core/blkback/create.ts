import { create_memory, type memory } from "../linux/memory.js";
import type { BackendSettings } from "../scenario.js";
import type { blkif_layout } from "../xen/blkif.js";
import type { gnttab } from "../xen/grant-table.js";
import type { backend } from "./backend.js";
import { map_grant, unmap_grant, xen_blkbk_unmap } from "./map.js";

/** A back end that is not connected yet. @param sectors capacity of its disk, of 512 bytes */
export function create_backend(
  settings: BackendSettings,
  layout: blkif_layout,
  guest: { mem: memory; gnttab: gnttab },
  disk: memory,
  sectors: number,
): backend {
  return {
    layout,
    mem: guest.mem,
    gnttab: guest.gnttab,
    ring: 0,
    nr_ents: 0,
    req_cons: 0,
    rsp_prod_pvt: 0,
    pending: [],
    private_mem: create_memory(),
    keepsMapped: settings.keepsMapped,
    seen: new Set(),
    mapped: new Set(),
    disk,
    sectors,
    trace: null,
  };
}

/** `connect_ring`: maps the ring's pages, which the front end has published, and starts at their beginning. */
export function connect_ring(be: backend, ring_refs: readonly number[], nr_ents: number): void {
  const frames = ring_refs.map((ref) => map_grant(be, ref));
  be.ring = frames[0] as number;
  be.nr_ents = nr_ents;
  be.req_cons = 0;
  be.rsp_prod_pvt = 0;
}

/** `xen_blkif_disconnect`: gives up everything that is mapped, and forgets what was under way. */
export function disconnect(be: backend, ring_refs: readonly number[]): void {
  for (const gref of [...be.mapped]) xen_blkbk_unmap(be, gref);
  for (const ref of ring_refs) unmap_grant(be, ref);
  be.pending.length = 0;
  be.seen.clear();
}
