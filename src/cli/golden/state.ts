/** The machine's state and its derived constants, in the words of a recorded case. */
import {
  BLK_RING_SIZE,
  INDIRECT_GREFS,
  SEGS_PER_INDIRECT_FRAME,
  XEN_PAGES_PER_INDIRECT_FRAME,
  XEN_PAGES_PER_SEGMENT,
  type blkfront_info,
} from "../../core/blkfront/patch-v2/blkfront-info.js";
import type { Machine } from "../../core/machine.js";
import { get_order } from "../../core/linux/pages.js";
import { type list_head, list_entries } from "../../core/linux/list.js";
import { REQ_FLUSH, REQ_FUA } from "../../core/linux/request.js";
import { gnttab_free_refs } from "../../core/xen/grant-table.js";
import { ring_entries } from "../../core/xen/ring.js";

/** A list longer than any pool is a cycle. */
const CYCLE = 1_000_000;

function list_length<T>(head: list_head<T>): number {
  let n = 0;
  for (const entry of list_entries(head, CYCLE)) n += entry === undefined ? 0 : 1;
  return n === CYCLE ? -1 : n;
}

/** The free list, head first: live references one by one, runs of entries without one as `n*K`. */
export function free_grants(info: blkfront_info): (number | string)[] {
  const out: (number | string)[] = [];
  let run = 0;
  const close = () => {
    if (run > 0) out.push(`n*${run}`);
    run = 0;
  };
  for (const { gref } of list_entries(info.grants, CYCLE)) {
    if (gref === 0) {
      run++;
      continue;
    }
    close();
    out.push(gref);
  }
  close();
  return out;
}

/**
 * The recording counts a pool entry by the size of its allocation, 32 bytes; arrays of four pointers and a
 * scatterlist of one entry have that size too.
 */
function arrays_of_a_grant_size(info: blkfront_info): number {
  const shadows = info.shadow.slice(0, BLK_RING_SIZE(info));
  const fours = shadows
    .flatMap(({ grants_used, indirect_grants }) => [grants_used, indirect_grants])
    .filter(({ length }) => length === 4).length;
  const singles = shadows.filter((shadow) => shadow.sg.length === 1).length;
  return fours + singles;
}

/**
 * Pool entries as the recording counts them. When a connection fails for want of a page, the entries are freed
 * again, and the last one, which got no page, was never counted.
 * @param before entries that earlier connections had
 */
function entries_allocated(info: blkfront_info, connected: boolean, before: number): number {
  const live = info.grant_slab.filter((entry) => entry !== null).length;
  if (connected || live > 0) return live + arrays_of_a_grant_size(info);
  return Math.max(0, info.grant_slab.length - before - 1);
}

/** `state` after a step. @param dying the number of the request in hand when the kernel stopped, or null */
export function state_of(machine: Machine, dying: number | null): Record<string, unknown> {
  const { info, kernel } = machine;
  const { gnttab } = kernel;
  const { ring } = info;
  const sring = ring.sring;
  const in_flight = new Set(info.shadow.map((shadow) => shadow.request));
  return {
    persistentGntsC: info.persistent_gnts_c,
    shadowFree: info.shadow_free,
    freeGrants: free_grants(info),
    indirectPages: list_length(info.indirect_pages),
    grantTable: {
      free: gnttab.gnttab_free_count,
      inUse: gnttab.nr_entries - 8 - gnttab.gnttab_free_count,
      deferred: gnttab.deferred.length,
      callbackPending: info.callback.queued,
      freeHead: gnttab_free_refs(gnttab, 8),
    },
    ring: {
      reqProdPvt: ring.req_prod_pvt,
      rspCons: ring.rsp_cons,
      reqProd: sring?.req_prod,
      reqEvent: sring?.req_event,
      rspProd: sring?.rsp_prod,
      rspEvent: sring?.rsp_event,
    },
    queue: {
      stopped: info.rq?.stopped ?? false,
      waiting: info.rq?.queue_head.map((req) => req.nr) ?? [],
    },
    inFlight: machine.requests
      .filter((req) => in_flight.has(req) && req.nr !== dying)
      .map((req) => req.nr),
  };
}

/** `derived`, after a connection. @param before pool entries that earlier ones had */
export function derived_of(machine: Machine, before: number): Record<string, unknown> {
  const { info, kernel } = machine;
  const connected = info.connected === "CONNECTED";
  const limits = info.rq?.limits;
  const indirect = machine.xbdev.store.has(
    `${machine.xbdev.otherend}/feature-max-indirect-segments`,
  );
  const nrPage = indirect ? info.max_indirect_segments : 11;
  const sgEntries = Math.floor(nrPage / XEN_PAGES_PER_SEGMENT(kernel));
  const frames = info.max_indirect_segments ? INDIRECT_GREFS(nrPage) : 0;
  const [shadow] = info.shadow;
  const flush = (info.feature_flush & REQ_FLUSH ? 1 : 0) | (info.feature_flush & REQ_FUA ? 2 : 0);
  const entries = info.grant_slab.filter((entry) => entry !== null);
  return {
    XEN_PAGES_PER_SEGMENT: XEN_PAGES_PER_SEGMENT(kernel),
    SEGS_PER_INDIRECT_FRAME: SEGS_PER_INDIRECT_FRAME(kernel),
    XEN_PAGES_PER_INDIRECT_FRAME,
    BLK_RING_SIZE: BLK_RING_SIZE(info),
    BLK_MAX_RING_SIZE: ring_entries(info.layout, 16),
    nrRingPages: info.nr_ring_pages,
    maxIndirectSegments: info.max_indirect_segments,
    featurePersistent: info.feature_persistent ? 1 : 0,
    featureFlush: flush,
    featureDiscard: info.feature_discard ? 1 : 0,
    featureSecdiscard: info.feature_secdiscard ? 1 : 0,
    discardGranularity: info.discard_granularity,
    discardAlignment: info.discard_alignment,
    handle: info.handle,
    nrPage,
    sgEntries,
    indirectGrefsForNrPage: INDIRECT_GREFS(nrPage),
    grantEntriesAllocated: entries_allocated(info, connected, before),
    grantsOnFreeList: list_length(info.grants),
    indirectPagesAllocated: list_length(info.indirect_pages),
    poolPagesForGrants: entries.filter((entry) => entry.page !== 0).length,
    shadow: {
      entries: BLK_RING_SIZE(info),
      // A connection that failed has freed them; the recording says how long they would have been.
      grantsUsedLen: connected ? shadow?.grants_used.length : nrPage,
      sgLen: connected ? shadow?.sg.length : sgEntries,
      indirectGrantsLen: connected ? shadow?.indirect_grants.length : frames,
    },
    ringRefs: info.ring_ref.slice(0, info.nr_ring_pages),
    ringOrder: get_order(kernel, info.nr_ring_pages * 4096),
    queueLimits:
      limits === undefined
        ? null
        : {
            max_hw_sectors: limits.max_hw_sectors,
            max_segments: limits.max_segments,
            segment_boundary_mask: limits.seg_boundary_mask,
            max_segment_size: limits.max_segment_size,
            max_discard_sectors: limits.max_discard_sectors,
            logical_block_size: limits.logical_block_size,
            flush_flags: flush,
          },
    connected,
  };
}
