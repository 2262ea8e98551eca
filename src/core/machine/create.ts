/** Builds a machine from a scenario: memory laid out, devices made, nothing run. */
import { create_backend } from "../blkback/create.js";
import type { blk_shadow, blkfront_info, grant } from "../blkfront/patch-v2/blkfront-info.js";
import { blkif_restart_queue, blkif_restart_queue_callback } from "../blkfront/patch-v2/restart.js";
import type { kernel } from "../linux/kernel.js";
import { list_init } from "../linux/list.js";
import { create_memory } from "../linux/memory.js";
import { alloc_pages, get_order, page_address } from "../linux/pages.js";
import type { gnttab_free_callback } from "../xen/grant-table.js";
import type { work_struct } from "../linux/workqueue.js";
import { first_free_refs } from "./start.js";
import type { Machine, Task } from "./state.js";
import { fill_disk_block } from "./patterns.js";
import type { Scenario, WorkloadStep } from "../scenario.js";
import { blkif_layout_of, blkif_request } from "../xen/blkif.js";
import { GRANT_ENTRY_SIZE, gnttab_init } from "../xen/grant-table.js";
import { new_front_ring, ring_entries } from "../xen/ring.js";
import type { xenbus_device } from "../xen/xenbus.js";

/** Xen pages in the largest ring (`XENBUS_MAX_RING_PAGES`). */
const MAX_RING_PAGES = 16;
/** Bytes from one private copy of a ring request to the next. */
const SHADOW_REQ_STRIDE = 128;
/** Bytes, as a back end on a file or a block device with 4 KB blocks announces it. */
const DISCARD_GRANULARITY = 4096;
const BACKEND_DOMID = 0;
const GUEST_DOMID = 1;

/** Builds a machine; nothing has run, and `connect` is its first task. */
export function createMachine(scenario: Scenario): Machine {
  const { guest, backend: offered, disk: settings } = scenario;
  const layout = blkif_layout_of(guest.abi);
  const kernel = create_kernel(scenario);

  const info = create_info(scenario, kernel);
  const disk = create_memory(fill_disk_block);
  const backend = create_backend(offered, layout, kernel, disk, settings.sectors);
  return {
    scenario,
    params: {
      xen_blkif_max_segments: guest.maxIndirectSegments,
      xen_blkif_max_ring_order: Math.log2(guest.ringPages),
    },
    kernel,
    info,
    backend,
    disk,
    requests: [],
    agenda: [{ kind: "connect" }, ...scenario.workload.flatMap(tasks_of)],
    reserved: [],
    thread: "submit",
    bug: null,
  };
}

/** The tasks that a step of the workload stands for. */
export function tasks_of(step: WorkloadStep): Task[] {
  if ("submit" in step) return [{ kind: "submit", requests: step.submit }];
  if ("complete" in step) {
    return [
      { kind: "backend", responses: step.complete },
      { kind: "interrupt", responses: step.complete },
    ];
  }
  return [];
}

/** The first pfn above every page that the workload uses, on a round number. */
function first_own_page(scenario: Scenario): number {
  let last = 0x1000;
  for (const step of scenario.workload) {
    if (!("submit" in step)) continue;
    for (const { segments } of step.submit) {
      for (const { page } of segments) last = Math.max(last, page);
    }
  }
  return Math.ceil((last + 1) / 0x1000) * 0x1000;
}

/** The address of so many bytes that were there before the driver: they do not count as its pages. */
function boot_alloc(kernel: kernel, bytes: number): number {
  const page = alloc_pages(kernel, get_order(kernel, bytes));
  kernel.pages_allocated = 0;
  return page_address(kernel, page);
}

function create_kernel(scenario: Scenario): kernel {
  const { guest, start } = scenario;
  const kernel: kernel = {
    PAGE_SIZE: guest.pageSize,
    mem: create_memory(),
    next_pfn: first_own_page(scenario),
    pages_allocated: 0,
    page_limit: null,
    survives_empty_sg_table: false,
    kmap: [],
    lru: new Map(),
    notifications: 0,
    kmap_lifo_violations: 0,
    gnttab: gnttab_init(0, 0, []),
    pending_work: [],
    log: [],
    trace: null,
  };
  const shared = boot_alloc(kernel, guest.grantTableSize * GRANT_ENTRY_SIZE);
  const gnttab = gnttab_init(shared, guest.grantTableSize, first_free_refs(guest, start));
  return { ...kernel, gnttab };
}

function create_info(scenario: Scenario, kernel: kernel): blkfront_info {
  const layout = blkif_layout_of(scenario.guest.abi);
  const entries = ring_entries(layout, MAX_RING_PAGES);
  const base = boot_alloc(kernel, entries * SHADOW_REQ_STRIDE);
  const shadow: blk_shadow[] = [];
  for (let i = 0; i < entries; i++) {
    shadow.push({
      req: new blkif_request(kernel.mem, base + i * SHADOW_REQ_STRIDE, layout),
      request: null,
      grants_used: [],
      indirect_grants: [],
      sg: [],
      num_sg: 0,
    });
  }
  const { vdev } = scenario.disk;
  const info: blkfront_info = {
    kernel,
    layout,
    xbdev: create_xenbus_device(scenario),
    gd: null,
    vdevice: vdev,
    // `xenbus` cuts the number to the 16 bits that the ring has for it.
    handle: vdev & 0xffff,
    connected: "DISCONNECTED",
    ring_ref: [],
    nr_ring_pages: 0,
    ring: new_front_ring(),
    evtchn: 0,
    rq: null,
    work: undefined as unknown as work_struct<blkfront_info>,
    callback: undefined as unknown as gnttab_free_callback<blkfront_info>,
    shadow,
    grants: list_init<grant>(null),
    indirect_pages: list_init<number>(null),
    grant_slab: [],
    persistent_gnts_c: 0,
    shadow_free: 0,
    feature_flush: 0,
    feature_discard: false,
    feature_secdiscard: false,
    discard_granularity: 0,
    discard_alignment: 0,
    feature_persistent: false,
    max_indirect_segments: 0,
    is_ready: false,
  };
  return attach(info, {
    work: { func: blkif_restart_queue, owner: info, pending: false },
    callback: { fn: blkif_restart_queue_callback, arg: info, count: 0, queued: false },
  });
}

/** Sets the two members of `info` that point back to it. */
export function attach(
  info: blkfront_info,
  members: Pick<blkfront_info, "work" | "callback">,
): blkfront_info {
  return Object.assign(info, members);
}

function create_xenbus_device(scenario: Scenario): xenbus_device {
  const { backend, disk, guest } = scenario;
  const nodename = `device/vbd/${disk.vdev}`;
  const otherend = `/local/domain/${BACKEND_DOMID}/backend/vbd/${GUEST_DOMID}/${disk.vdev}`;
  const store = new Map<string, string>();
  const publish = (key: string, value: number) => store.set(`${otherend}/${key}`, String(value));
  if (guest.ringPages > 1) publish("max-ring-page-order", Math.log2(guest.ringPages));
  publish("sectors", disk.sectors);
  publish("sector-size", 512);
  if (backend.flush === "barrier" || backend.flush === "both") publish("feature-barrier", 1);
  if (backend.flush === "flush" || backend.flush === "both") publish("feature-flush-cache", 1);
  if (backend.discard) {
    publish("feature-discard", 1);
    publish("discard-granularity", DISCARD_GRANULARITY);
    publish("discard-alignment", 0);
  }
  if (backend.discardSecure !== null) publish("discard-secure", backend.discardSecure ? 1 : 0);
  if (backend.persistent) publish("feature-persistent", 1);
  if (backend.maxIndirectSegments !== null) {
    publish("feature-max-indirect-segments", backend.maxIndirectSegments);
  }
  return { nodename, otherend, otherend_id: BACKEND_DOMID, state: "Initialising", store };
}
