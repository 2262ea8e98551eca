/** Builds a machine from a scenario: memory laid out, devices made, nothing run. */
import { create_backend } from "../blkback/create.js";
import type {
  blk_shadow,
  blkfront_info,
  blkfront_statics,
  grant,
} from "../blkfront/patch-v2/blkfront-info.js";
import { blkif_restart_queue, blkif_restart_queue_callback } from "../blkfront/patch-v2/restart.js";
import type { kernel } from "../linux/kernel.js";
import { list_init } from "../linux/list.js";
import { create_memory } from "../linux/memory.js";
import { alloc_pages, get_order, page_address } from "../linux/pages.js";
import type { gnttab_free_callback } from "../xen/grant-table.js";
import type { work_struct } from "../linux/workqueue.js";
import { first_free_refs } from "./start.js";
import type { Machine } from "./state.js";
import { disk_content } from "./patterns.js";
import { tasks_of_workload } from "./tasks-of.js";
import type { Scenario } from "../scenario.js";
import { blkif_layout_of, blkif_request } from "../xen/blkif.js";
import { GRANT_ENTRY_SIZE, gnttab_init } from "../xen/grant-table.js";
import { new_front_ring, ring_entries } from "../xen/ring.js";
import { XENBUS_STATES, type xenbus_device, type xenstore } from "../xen/xenbus.js";

/** Xen pages in the largest ring (`XENBUS_MAX_RING_PAGES`). */
const MAX_RING_PAGES = 16;
/** Bytes from one private copy of a ring request to the next. */
const SHADOW_REQ_STRIDE = 128;
const BACKEND_DOMID = 0;
const GUEST_DOMID = 1;

/** Builds a machine; nothing has run, and `connect` is its first task. */
export function createMachine(scenario: Scenario): Machine {
  const { guest, backend: offered, disk: settings } = scenario;
  const layout = blkif_layout_of(guest.abi);
  const kernel = create_kernel(scenario);
  const statics: blkfront_statics = {
    xen_blkif_max_segments: guest.maxIndirectSegments,
    xen_blkif_max_ring_order: 31 - Math.clz32(guest.ringPages),
    nr_minors: 0,
    minors: new Set(),
  };
  const { front, back } = create_devices(scenario);
  const info = create_info(scenario, kernel, statics);
  const disk = create_memory(disk_content(settings.content));
  return {
    scenario,
    statics,
    kernel,
    info,
    xbdev: front,
    backend: create_backend(offered, settings, layout, kernel, back, disk),
    disk,
    requests: kernel.requests,
    gd: null,
    agenda: [{ kind: "connect", step: -1 }, ...tasks_of_workload(scenario.workload)],
    reserved: [],
    thread: "submit",
    step: -1,
    bug: null,
  };
}

/** The first pfn above every page that the workload uses, on a round number. */
function first_own_page(scenario: Scenario): number {
  let last = 0x1000;
  for (const step of scenario.workload) {
    const asked = "submit" in step ? step.submit : "bios" in step ? step.bios : [];
    for (const { segments } of asked) {
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
    domain: guest.type,
    PAGE_SIZE: guest.pageSize,
    mem: create_memory(),
    next_pfn: first_own_page(scenario),
    pages_allocated: 0,
    page_limit: guest.pagesLeft,
    survives_empty_sg_table: false,
    kmap: [],
    lru: new Map(),
    kmap_lifo_violations: 0,
    gnttab: gnttab_init(0, 0, 0, []),
    evtchn: { port: 0, pending: false, sent: 0 },
    requests: [],
    failing: [...guest.failing],
    swallows_bios: false,
    pending_work: [],
    log: [],
    trace: null,
  };
  const { grantTableSize, grantTableMax } = guest;
  const shared = boot_alloc(kernel, grantTableMax * GRANT_ENTRY_SIZE);
  const free = first_free_refs(guest, start);
  return { ...kernel, gnttab: gnttab_init(shared, grantTableSize, grantTableMax, free) };
}

function create_info(scenario: Scenario, kernel: kernel, statics: blkfront_statics): blkfront_info {
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
  const info: blkfront_info = {
    kernel,
    statics,
    layout,
    xbdev: null,
    gd: null,
    vdevice: 0,
    handle: 0,
    connected: "DISCONNECTED",
    ring_ref: [],
    nr_ring_pages: 0,
    ring: new_front_ring(),
    evtchn: 0,
    irq: 0,
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

/** Both ends of the device, as the tool stack makes them. */
function create_devices({ disk }: Scenario): { front: xenbus_device; back: xenbus_device } {
  const store: xenstore = new Map();
  const frontend = `device/vbd/${disk.vdev}`;
  const backend = `/local/domain/${BACKEND_DOMID}/backend/vbd/${GUEST_DOMID}/${disk.vdev}`;
  const initialising = String(XENBUS_STATES.indexOf("Initialising"));
  store.set(`${frontend}/backend`, backend);
  store.set(`${frontend}/backend-id`, String(BACKEND_DOMID));
  store.set(`${frontend}/virtual-device`, String(disk.vdev | 0));
  store.set(`${frontend}/device-type`, disk.cdrom ? "cdrom" : "disk");
  store.set(`${frontend}/state`, initialising);
  store.set(`${backend}/frontend`, `/local/domain/${GUEST_DOMID}/${frontend}`);
  store.set(`${backend}/frontend-id`, String(GUEST_DOMID));
  store.set(`${backend}/mode`, disk.readonly ? "r" : "w");
  store.set(`${backend}/state`, initialising);
  return {
    front: new_device(frontend, backend, BACKEND_DOMID, store),
    back: new_device(backend, frontend, GUEST_DOMID, store),
  };
}

function new_device(
  nodename: string,
  otherend: string,
  otherend_id: number,
  store: xenstore,
): xenbus_device {
  const state = "Initialising";
  return { nodename, otherend, otherend_id, state, drvdata: false, down: false, store };
}
