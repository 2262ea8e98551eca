import { create_memory, type memory } from "../linux/memory.js";
import type { BackendSettings } from "../scenario.js";
import type { blkif_layout } from "../xen/blkif.js";
import type { gnttab } from "../xen/grant-table.js";
import type { backend } from "./backend.js";

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

/** `connect_ring`: the front end has published its ring at this physical address. */
export function connect_ring(be: backend, ring: number, nr_ents: number): void {
  be.ring = ring;
  be.nr_ents = nr_ents;
  be.req_cons = 0;
  be.rsp_prod_pvt = 0;
}
