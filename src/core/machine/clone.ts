/**
 * Copies a machine: kernel objects one by one, memory by reference until a side writes it. The copies are
 * literals, not spreads: a spread of a spread gets another hidden class each time, and the compiled driver
 * is then thrown away at each generation of copies.
 */
import type { backend } from "../blkback/backend.js";
import type {
  blk_shadow,
  blkfront_info,
  gendisk,
  grant,
} from "../blkfront/patch-v2/blkfront-info.js";
import { new_grant } from "../blkfront/patch-v2/grant-slab.js";
import type { kernel } from "../linux/kernel.js";
import { type list_head, list_init } from "../linux/list.js";
import { clone_memory } from "../linux/memory.js";
import type { request } from "../linux/request.js";
import type { request_queue } from "../linux/request-queue.js";
import type { work_struct } from "../linux/workqueue.js";
import { attach } from "./create.js";
import type { Machine } from "./state.js";
import { blkif_request } from "../xen/blkif.js";
import type { gnttab_free_callback } from "../xen/grant-table.js";
import { blkif_sring } from "../xen/ring.js";

/** A copy that shares nothing which either side can change. It has no observer. */
export function cloneMachine(machine: Machine): Machine {
  const kernel = clone_kernel(machine.kernel);
  const requests = new Map(machine.requests.map((req) => [req, copy_request(req)] as const));
  const info = clone_info(machine.info, kernel, requests);
  for (const req of requests.values()) {
    (req as { rq_disk: gendisk }).rq_disk = info.gd as gendisk;
  }
  const disk = clone_memory(machine.disk);
  return {
    scenario: machine.scenario,
    params: machine.params,
    kernel,
    info,
    backend: clone_backend(machine.backend, kernel, disk),
    disk,
    requests: [...requests.values()],
    agenda: machine.agenda.slice(),
    reserved: machine.reserved.slice(),
    thread: machine.thread,
    bug: machine.bug,
  };
}

function copy_request(req: request): request {
  return {
    nr: req.nr,
    part: req.part,
    parts: req.parts,
    cmd_type: req.cmd_type,
    cmd_flags: req.cmd_flags,
    __sector: req.__sector,
    __data_len: req.__data_len,
    nr_phys_segments: req.nr_phys_segments,
    segments: req.segments,
    rq_disk: req.rq_disk,
    settings: req.settings,
    state: req.state,
    error: req.error,
  };
}

function clone_kernel(old: kernel): kernel {
  return {
    PAGE_SIZE: old.PAGE_SIZE,
    mem: clone_memory(old.mem),
    next_pfn: old.next_pfn,
    pages_allocated: old.pages_allocated,
    page_limit: old.page_limit,
    survives_empty_sg_table: old.survives_empty_sg_table,
    kmap: old.kmap.slice(),
    lru: new Map([...old.lru].map(([page]) => [page, list_init<number>(page)])),
    notifications: old.notifications,
    kmap_lifo_violations: old.kmap_lifo_violations,
    gnttab: {
      shared: old.gnttab.shared,
      nr_entries: old.gnttab.nr_entries,
      gnttab_list: old.gnttab.gnttab_list.slice(),
      gnttab_free_head: old.gnttab.gnttab_free_head,
      gnttab_free_count: old.gnttab.gnttab_free_count,
      free_callbacks: [],
      deferred: old.gnttab.deferred.slice(),
    },
    pending_work: [],
    log: old.log.slice(),
    trace: null,
  };
}

/** Sets the links of a copied node to the copies of what the old node points to. */
function relink<T>(
  copy: list_head<T>,
  old: list_head<T>,
  copy_of: (node: list_head<T>) => list_head<T>,
): void {
  copy.next = copy_of(old.next);
  copy.prev = copy_of(old.prev);
}

function clone_grants(old: blkfront_info, info: blkfront_info): void {
  const slab = info.grant_slab;
  for (const entry of old.grant_slab) {
    if (entry === null) {
      slab.push(null);
      continue;
    }
    const copy = new_grant(entry.nr);
    copy.gref = entry.gref;
    copy.page = entry.page;
    slab.push(copy);
  }
  const copy_of = (node: list_head<grant>): list_head<grant> =>
    node.entry === null ? info.grants : copied_grant(slab, node.entry).node;
  relink(info.grants, old.grants, copy_of);
  for (const entry of old.grant_slab) {
    if (entry !== null) relink((slab[entry.nr] as grant).node, entry.node, copy_of);
  }
}

/** The copy of an entry; of one that was freed but is still pointed to, an entry of its own. */
function copied_grant(slab: (grant | null)[], entry: grant): grant {
  const copy = slab[entry.nr];
  if (copy) return copy;
  const freed = new_grant(entry.nr);
  freed.gref = entry.gref;
  freed.page = entry.page;
  return freed;
}

function clone_indirect_pages(old: blkfront_info, info: blkfront_info): void {
  const { lru } = info.kernel;
  const copy_of = (node: list_head<number>): list_head<number> =>
    node.entry === null ? info.indirect_pages : (lru.get(node.entry) as list_head<number>);
  relink(info.indirect_pages, old.indirect_pages, copy_of);
  for (const [page, node] of old.kernel.lru) {
    relink(lru.get(page) as list_head<number>, node, copy_of);
  }
}

function clone_info(
  old: blkfront_info,
  kernel: kernel,
  requests: ReadonlyMap<request, request>,
): blkfront_info {
  const info: blkfront_info = {
    kernel,
    layout: old.layout,
    xbdev: {
      nodename: old.xbdev.nodename,
      otherend: old.xbdev.otherend,
      otherend_id: old.xbdev.otherend_id,
      state: old.xbdev.state,
      store: new Map(old.xbdev.store),
    },
    gd: old.gd,
    vdevice: old.vdevice,
    handle: old.handle,
    connected: old.connected,
    ring_ref: old.ring_ref.slice(),
    nr_ring_pages: old.nr_ring_pages,
    ring: {
      req_prod_pvt: old.ring.req_prod_pvt,
      rsp_cons: old.ring.rsp_cons,
      nr_ents: old.ring.nr_ents,
      sring: old.ring.sring && new blkif_sring(kernel.mem, old.ring.sring.addr),
    },
    evtchn: old.evtchn,
    rq: old.rq,
    work: old.work,
    callback: old.callback,
    shadow: [],
    grants: list_init<grant>(null),
    indirect_pages: list_init<number>(null),
    grant_slab: [],
    persistent_gnts_c: old.persistent_gnts_c,
    shadow_free: old.shadow_free,
    feature_flush: old.feature_flush,
    feature_discard: old.feature_discard,
    feature_secdiscard: old.feature_secdiscard,
    discard_granularity: old.discard_granularity,
    discard_alignment: old.discard_alignment,
    feature_persistent: old.feature_persistent,
    max_indirect_segments: old.max_indirect_segments,
    is_ready: old.is_ready,
  };
  attach(info, {
    work: { func: old.work.func, owner: info, pending: old.work.pending },
    callback: {
      fn: old.callback.fn,
      arg: info,
      count: old.callback.count,
      queued: old.callback.queued,
    },
  });
  if (old.work.pending) kernel.pending_work.push(info.work as work_struct);
  if (old.callback.queued) {
    kernel.gnttab.free_callbacks.push(info.callback as gnttab_free_callback);
  }
  clone_grants(old, info);
  clone_indirect_pages(old, info);
  for (const shadow of old.shadow) info.shadow.push(clone_shadow(shadow, info, requests));
  if (old.rq !== null) {
    info.rq = clone_queue(old.rq, requests);
    info.gd = old.gd && {
      disk_name: old.gd.disk_name,
      queue: info.rq,
      capacity: old.gd.capacity,
      private_data: info,
    };
  }
  return info;
}

function clone_queue(old: request_queue, requests: ReadonlyMap<request, request>): request_queue {
  return {
    queue_head: old.queue_head.map((req) => requests.get(req) as request),
    stopped: old.stopped,
    limits: {
      max_hw_sectors: old.limits.max_hw_sectors,
      max_segments: old.limits.max_segments,
      seg_boundary_mask: old.limits.seg_boundary_mask,
      max_segment_size: old.limits.max_segment_size,
      max_discard_sectors: old.limits.max_discard_sectors,
      discard_granularity: old.limits.discard_granularity,
      discard_alignment: old.limits.discard_alignment,
      logical_block_size: old.limits.logical_block_size,
      physical_block_size: old.limits.physical_block_size,
      dma_alignment: old.limits.dma_alignment,
    },
    flush_flags: old.flush_flags,
    request_fn: old.request_fn,
  };
}

function clone_shadow(
  old: blk_shadow,
  info: blkfront_info,
  requests: ReadonlyMap<request, request>,
): blk_shadow {
  const grants = (entries: (grant | null)[]) =>
    entries.map((entry) => entry && copied_grant(info.grant_slab, entry));
  return {
    req: new blkif_request(info.kernel.mem, old.req.addr, old.req.layout),
    request: old.request && (requests.get(old.request) as request),
    grants_used: grants(old.grants_used),
    indirect_grants: grants(old.indirect_grants),
    sg: old.sg.map((sg) => ({
      page: sg.page,
      offset: sg.offset,
      length: sg.length,
      last: sg.last,
    })),
    num_sg: old.num_sg,
  };
}

function clone_backend(old: backend, kernel: kernel, disk: Machine["disk"]): backend {
  const private_mem = clone_memory(old.private_mem);
  return {
    layout: old.layout,
    mem: kernel.mem,
    gnttab: kernel.gnttab,
    ring: old.ring,
    nr_ents: old.nr_ents,
    req_cons: old.req_cons,
    rsp_prod_pvt: old.rsp_prod_pvt,
    pending: old.pending.map(({ req, place }) => ({
      req: new blkif_request(private_mem, req.addr, req.layout),
      place,
    })),
    private_mem,
    keepsMapped: old.keepsMapped,
    seen: new Set(old.seen),
    mapped: new Set(old.mapped),
    disk,
    sectors: old.sectors,
    trace: null,
  };
}
