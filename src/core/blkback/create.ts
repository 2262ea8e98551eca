import { create_memory, type memory } from "../linux/memory.js";
import type { kernel } from "../linux/kernel.js";
import type { BackendSettings, DiskSettings } from "../scenario.js";
import type { blkif_layout } from "../xen/blkif.js";
import type { xenbus_device } from "../xen/xenbus.js";
import type { backend } from "./backend.js";

/** A back end that is not connected yet. */
export function create_backend(
  settings: BackendSettings,
  disk_settings: DiskSettings,
  layout: blkif_layout,
  guest: Pick<kernel, "mem" | "gnttab" | "evtchn">,
  xbdev: xenbus_device,
  disk: memory,
): backend {
  return {
    layout,
    mem: guest.mem,
    gnttab: guest.gnttab,
    evtchn: guest.evtchn,
    xbdev,
    settings,
    disk_settings,
    overrides: new Map(),
    ring_refs: [],
    ring: 0,
    nr_ents: 0,
    req_cons: 0,
    rsp_prod_pvt: 0,
    halted: false,
    pending: [],
    private_mem: create_memory(),
    seen: new Set(),
    mapped: new Set(),
    persistent_gnts: new Map(),
    overflow_max_grants: false,
    lenient: false,
    disk,
    sectors: disk_settings.sectors,
    trace: null,
  };
}
