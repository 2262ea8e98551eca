/** Copies a machine: kernel objects one by one, memory by reference until a side writes it. */
import type { backend } from "./blkback/backend.js";
import type {
  blk_shadow,
  blkfront_info,
  gendisk,
  grant,
} from "./blkfront/patch-v2/blkfront-info.js";
import { new_grant } from "./blkfront/patch-v2/grant-slab.js";
import type { kernel } from "./linux/kernel.js";
import { type list_head, list_init } from "./linux/list.js";
import { clone_memory } from "./linux/memory.js";
import type { request } from "./linux/request.js";
import type { request_queue } from "./linux/request-queue.js";
import type { work_struct } from "./linux/workqueue.js";
import { attach } from "./machine-create.js";
import type { Machine } from "./machine.js";
import { blkif_request } from "./xen/blkif.js";
import type { gnttab_free_callback } from "./xen/grant-table.js";
import { blkif_sring } from "./xen/ring.js";

/** A copy that shares nothing which either side can change. It has no observer. */
export function cloneMachine(machine: Machine): Machine {
  const kernel = clone_kernel(machine.kernel);
  const requests = new Map(machine.requests.map((req) => [req, { ...req }] as const));
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

function clone_kernel(old: kernel): kernel {
  return {
    ...old,
    mem: clone_memory(old.mem),
    kmap: old.kmap.slice(),
    lru: new Map([...old.lru].map(([page]) => [page, list_init<number>(page)])),
    gnttab: {
      ...old.gnttab,
      gnttab_list: old.gnttab.gnttab_list.slice(),
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
    ...old,
    kernel,
    xbdev: { ...old.xbdev, store: new Map(old.xbdev.store) },
    ring_ref: old.ring_ref.slice(),
    ring: {
      ...old.ring,
      sring: old.ring.sring && new blkif_sring(kernel.mem, old.ring.sring.addr),
    },
    shadow: [],
    grants: list_init<grant>(null),
    indirect_pages: list_init<number>(null),
    grant_slab: [],
  };
  attach(info, {
    work: { ...old.work, owner: info },
    callback: { ...old.callback, arg: info },
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
    info.gd = old.gd && { ...old.gd, queue: info.rq, private_data: info };
  }
  return info;
}

function clone_queue(old: request_queue, requests: ReadonlyMap<request, request>): request_queue {
  return {
    ...old,
    queue_head: old.queue_head.map((req) => requests.get(req) as request),
    limits: { ...old.limits },
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
    sg: old.sg.map((sg) => ({ ...sg })),
    num_sg: old.num_sg,
  };
}

function clone_backend(old: backend, kernel: kernel, disk: Machine["disk"]): backend {
  const private_mem = clone_memory(old.private_mem);
  return {
    ...old,
    mem: kernel.mem,
    gnttab: kernel.gnttab,
    private_mem,
    pending: old.pending.map(({ req, place }) => ({
      req: new blkif_request(private_mem, req.addr, req.layout),
      place,
    })),
    seen: new Set(old.seen),
    mapped: new Set(old.mapped),
    disk,
    trace: null,
  };
}
