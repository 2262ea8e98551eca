/**
 * Copies a machine: kernel objects one by one, memory by reference until a side writes it. The copies are
 * literals, not spreads: a spread of a spread gets another hidden class each time, and the compiled driver
 * is then thrown away at each generation of copies.
 */
import type { backend, persistent_gnt } from "../blkback/backend.js";
import type {
  blk_shadow,
  blkfront_info,
  blkfront_statics,
  gendisk,
  grant,
} from "../blkfront/patch-v2/blkfront-info.js";
import { new_grant } from "../blkfront/patch-v2/grant-slab.js";
import type { bio, split_bio } from "../linux/bio.js";
import type { kernel } from "../linux/kernel.js";
import { type list_head, list_init, list_poison } from "../linux/list.js";
import { clone_memory } from "../linux/memory.js";
import type { request } from "../linux/request.js";
import type { request_queue } from "../linux/request-queue.js";
import type { work_struct } from "../linux/workqueue.js";
import { attach } from "./create.js";
import type { Machine } from "./state.js";
import { blkif_request } from "../xen/blkif.js";
import type { gnttab_free_callback } from "../xen/grant-table.js";
import { blkif_sring } from "../xen/ring.js";
import type { xenbus_device, xenstore } from "../xen/xenbus.js";

/** A copy that shares nothing which either side can change. It has no observer. */
export function cloneMachine(machine: Machine): Machine {
  const kernel = clone_kernel(machine.kernel);
  const requests = copy_requests(machine.kernel, kernel);
  const store = new Map(machine.xbdev.store);
  const front = copy_device(machine.xbdev, store);
  const statics = clone_statics(machine.statics);
  const info = clone_info(machine.info, kernel, statics, requests);
  if (machine.info.xbdev !== null) info.xbdev = front;
  const gd = clone_disks(machine, info, requests);
  const disk = clone_memory(machine.disk);
  return {
    scenario: machine.scenario,
    statics,
    kernel,
    info,
    xbdev: front,
    backend: clone_backend(
      machine.backend,
      kernel,
      copy_device(machine.backend.xbdev, store),
      disk,
    ),
    disk,
    requests: kernel.requests,
    gd,
    agenda: machine.agenda.slice(),
    reserved: machine.reserved.slice(),
    thread: machine.thread,
    step: machine.step,
    bug: machine.bug,
  };
}

function copy_device(old: xenbus_device, store: xenstore): xenbus_device {
  return {
    nodename: old.nodename,
    otherend: old.otherend,
    otherend_id: old.otherend_id,
    state: old.state,
    drvdata: old.drvdata,
    down: old.down,
    store,
  };
}

function clone_statics(old: blkfront_statics): blkfront_statics {
  return {
    xen_blkif_max_segments: old.xen_blkif_max_segments,
    xen_blkif_max_ring_order: old.xen_blkif_max_ring_order,
    nr_minors: old.nr_minors,
    minors: new Set(old.minors),
  };
}

/**
 * Copies the requests that have not ended, and their bios; the copies know each other as the originals do. What
 * has ended is shared: there can be a great many, and none of them changes.
 */
function copy_requests(old: kernel, kernel: kernel): Map<request, request> {
  const bios = new Map<bio, bio>();
  const splits = new Map<split_bio, split_bio>();
  const requests = new Map<request, request>();
  for (const req of old.requests) {
    if (req.state === "ended") {
      kernel.requests.push(req);
      continue;
    }
    const copy = copy_request(req);
    copy.bio = req.bio.map((bio) => copy_bio(bio, bios, splits));
    requests.set(req, copy);
    kernel.requests.push(copy);
  }
  for (const [req, copy] of requests) {
    if (req.serves === null) continue;
    copy.serves = copied_request(requests, req.serves);
  }
  return requests;
}

/** The copy of a request; one that has ended is its own. */
function copied_request(requests: ReadonlyMap<request, request>, req: request): request {
  return requests.get(req) ?? req;
}

function copy_bio(old: bio, bios: Map<bio, bio>, splits: Map<split_bio, split_bio>): bio {
  const known = bios.get(old);
  if (known !== undefined) return known;
  const copy: bio = {
    nr: old.nr,
    settings: old.settings,
    of: old.of,
    bi_sector: old.bi_sector,
    bi_size: old.bi_size,
    bi_rw: old.bi_rw,
    bi_io_vec: old.bi_io_vec,
    bi_private: null,
    ended: old.ended,
    error: old.error,
  };
  bios.set(old, copy);
  if (old.bi_private !== null) copy.bi_private = copy_split(old.bi_private, bios, splits);
  return copy;
}

function copy_split(
  old: split_bio,
  bios: Map<bio, bio>,
  splits: Map<split_bio, split_bio>,
): split_bio {
  const known = splits.get(old);
  if (known !== undefined) return known;
  const copy = { bio: copy_bio(old.bio, bios, splits), pending: old.pending, err: old.err };
  splits.set(old, copy);
  return copy;
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
    bio: req.bio,
    segments: req.segments,
    rq_disk: req.rq_disk,
    settings: req.settings,
    end_io: req.end_io,
    serves: req.serves,
    flush_seq: req.flush_seq,
    state: req.state,
    error: req.error,
  };
}

function clone_kernel(old: kernel): kernel {
  return {
    domain: old.domain,
    PAGE_SIZE: old.PAGE_SIZE,
    mem: clone_memory(old.mem),
    next_pfn: old.next_pfn,
    pages_allocated: old.pages_allocated,
    page_limit: old.page_limit,
    survives_empty_sg_table: old.survives_empty_sg_table,
    kmap: old.kmap.slice(),
    lru: new Map([...old.lru].map(([page]) => [page, list_init<number>(page)])),
    kmap_lifo_violations: old.kmap_lifo_violations,
    gnttab: {
      shared: old.gnttab.shared,
      nr_entries: old.gnttab.nr_entries,
      max_entries: old.gnttab.max_entries,
      gnttab_list: old.gnttab.gnttab_list.slice(),
      gnttab_free_head: old.gnttab.gnttab_free_head,
      gnttab_free_count: old.gnttab.gnttab_free_count,
      free_callbacks: [],
      deferred: old.gnttab.deferred.map(({ ref, warn_delay }) => ({ ref, warn_delay })),
    },
    evtchn: { port: old.evtchn.port, pending: old.evtchn.pending, sent: old.evtchn.sent },
    requests: [],
    failing: old.failing.slice(),
    swallows_bios: old.swallows_bios,
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
  const poison = list_poison<T>();
  copy.next = old.next === poison ? poison : copy_of(old.next);
  copy.prev = old.prev === poison ? poison : copy_of(old.prev);
}

/** The copy of an entry of the pool, or of one that is freed and still pointed to. */
type copy_of_grant = (entry: grant) => grant;

/**
 * Copies the pool and its list, and hands `rest` the copy of any entry, so that what else points to entries can
 * be copied. An entry that was freed is copied too where something leads to it, once, and with its links.
 */
function clone_grants(
  old: blkfront_info,
  info: blkfront_info,
  rest: (copy_of: copy_of_grant) => void,
): void {
  const slab = info.grant_slab;
  for (const entry of old.grant_slab) slab.push(entry && copy_grant(entry));
  const freed = new Map<grant, grant>();
  const copy_of: copy_of_grant = (entry) => {
    const known = slab[entry.nr] ?? freed.get(entry);
    if (known) return known;
    const copy = copy_grant(entry);
    freed.set(entry, copy);
    return copy;
  };
  const node_of = (node: list_head<grant>): list_head<grant> =>
    node.entry === null ? info.grants : copy_of(node.entry).node;
  relink(info.grants, old.grants, node_of);
  for (const entry of old.grant_slab) {
    if (entry !== null) relink(copy_of(entry).node, entry.node, node_of);
  }
  rest(copy_of);
  // A freed entry can lead to another one, which then follows in the map.
  for (const [entry, copy] of freed) relink(copy.node, entry.node, node_of);
}

function copy_grant(entry: grant): grant {
  const copy = new_grant(entry.nr);
  copy.gref = entry.gref;
  copy.page = entry.page;
  return copy;
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
  statics: blkfront_statics,
  requests: ReadonlyMap<request, request>,
): blkfront_info {
  const info: blkfront_info = {
    kernel,
    statics,
    layout: old.layout,
    xbdev: null,
    gd: null,
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
    irq: old.irq,
    rq: null,
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
  clone_indirect_pages(old, info);
  clone_grants(old, info, (copy_of) => {
    for (const shadow of old.shadow) {
      info.shadow.push(clone_shadow(shadow, info, copy_of, requests));
    }
  });
  return info;
}

/**
 * Copies the disk that the driver has and the one that the users know, which need not be the same, for all that
 * point to them.
 * @returns the users'
 */
function clone_disks(
  machine: Machine,
  info: blkfront_info,
  requests: ReadonlyMap<request, request>,
): gendisk | null {
  const copies = new Map<gendisk, gendisk>();
  for (const old of [machine.info.gd, machine.gd]) {
    if (old !== null && !copies.has(old)) copies.set(old, clone_disk(old, info, requests));
  }
  const copy_of = (old: gendisk | null): gendisk | null => old && (copies.get(old) ?? null);
  info.gd = copy_of(machine.info.gd);
  // Of either disk: the driver may have lost its disk and still have the queue.
  const owner = [...copies].find(([{ queue }]) => queue === machine.info.rq);
  info.rq = owner === undefined ? null : owner[1].queue;
  for (const [old, copy] of requests) copy.rq_disk = copy_of(old.rq_disk as gendisk | null);
  return copy_of(machine.gd);
}

function clone_disk(
  old: gendisk,
  info: blkfront_info,
  requests: ReadonlyMap<request, request>,
): gendisk {
  return {
    disk_name: old.disk_name,
    major: old.major,
    first_minor: old.first_minor,
    minors: old.minors,
    queue: clone_queue(old.queue, requests),
    capacity: old.capacity,
    private_data: old.private_data && info,
    ro: old.ro,
    removable: old.removable,
    cdrom: old.cdrom,
    up: old.up,
    bd_openers: old.bd_openers,
    bd_size: old.bd_size,
  };
}

function clone_queue(old: request_queue, requests: ReadonlyMap<request, request>): request_queue {
  return {
    queue_flags: {
      virt: old.queue_flags.virt,
      discard: old.queue_flags.discard,
      secdiscard: old.queue_flags.secdiscard,
    },
    queue_head: old.queue_head.map((req) => copied_request(requests, req)),
    stopped: old.stopped,
    limits: {
      max_hw_sectors: old.limits.max_hw_sectors,
      max_sectors: old.limits.max_sectors,
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
    plug: old.plug && old.plug.map((req) => copied_request(requests, req)),
  };
}

function clone_shadow(
  old: blk_shadow,
  info: blkfront_info,
  copy_of: copy_of_grant,
  requests: ReadonlyMap<request, request>,
): blk_shadow {
  const grants = (entries: (grant | null)[]) => entries.map((entry) => entry && copy_of(entry));
  return {
    req: new blkif_request(info.kernel.mem, old.req.addr, old.req.layout),
    request: old.request && copied_request(requests, old.request),
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

function clone_backend(
  old: backend,
  kernel: kernel,
  xbdev: xenbus_device,
  disk: Machine["disk"],
): backend {
  const private_mem = clone_memory(old.private_mem);
  const persistent_gnts = new Map<number, persistent_gnt>();
  for (const [gref, { active, was_active }] of old.persistent_gnts) {
    persistent_gnts.set(gref, { active, was_active });
  }
  return {
    layout: old.layout,
    mem: kernel.mem,
    gnttab: kernel.gnttab,
    evtchn: kernel.evtchn,
    xbdev,
    settings: old.settings,
    disk_settings: old.disk_settings,
    overrides: new Map(old.overrides),
    ring_refs: old.ring_refs.slice(),
    ring: old.ring,
    nr_ents: old.nr_ents,
    req_cons: old.req_cons,
    rsp_prod_pvt: old.rsp_prod_pvt,
    halted: old.halted,
    pending: old.pending.map(({ req, place, slot, asked }) => ({
      req: new blkif_request(private_mem, req.addr, req.layout),
      place,
      slot,
      asked,
    })),
    private_mem,
    seen: new Set(old.seen),
    mapped: new Set(old.mapped),
    persistent_gnts,
    overflow_max_grants: old.overflow_max_grants,
    lenient: old.lenient,
    disk,
    sectors: old.sectors,
    trace: null,
  };
}
