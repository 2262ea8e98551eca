/** `blkif_free`: gives everything back, on removal and before a suspend. */
import { trace_free_pages } from "../../trace.js";
import { BUG_ON } from "../../linux/bug.js";
import { list_del, list_empty, list_entries_to_free } from "../../linux/list.js";
import { page_lru } from "../../linux/lru.js";
import { __free_page, free_pages, get_order } from "../../linux/pages.js";
import { blk_stop_queue } from "../../linux/request-queue.js";
import { run_pending_work } from "../../linux/workqueue.js";
import { BLKIF_OP_INDIRECT } from "../../xen/blkif.js";
import {
  GRANT_INVALID_REF,
  gnttab_cancel_free_callback,
  gnttab_end_foreign_access,
} from "../../xen/grant-table.js";
import { XEN_PAGE_SIZE } from "../../xen/page.js";
import { RING_FULL } from "../../xen/ring.js";
import {
  BLK_RING_SIZE,
  INDIRECT_GREFS,
  type blk_shadow,
  type blkfront_info,
} from "./blkfront-info.js";
import { grant_at, kfree_grant } from "./grant-slab.js";

/** Ends the grants of a request that is still on the ring. */
function free_shadow_grants(info: blkfront_info, shadow: blk_shadow): void {
  if (shadow.request === null) return;
  const indirect = shadow.req.operation === BLKIF_OP_INDIRECT;
  const segs = indirect ? shadow.req.u.indirect.nr_segments : shadow.req.u.rw.nr_segments;
  for (let j = 0; j < segs; j++) {
    const persistent_gnt = grant_at(shadow.grants_used, j, "blkif_free");
    gnttab_end_foreign_access(info.kernel, persistent_gnt.gref);
    if (info.feature_persistent) __free_page(info.kernel, persistent_gnt.page);
    kfree_grant(info, persistent_gnt);
  }
  if (!indirect) return;
  for (let j = 0; j < INDIRECT_GREFS(segs); j++) {
    const persistent_gnt = grant_at(shadow.indirect_grants, j, "blkif_free");
    gnttab_end_foreign_access(info.kernel, persistent_gnt.gref);
    __free_page(info.kernel, persistent_gnt.page);
    kfree_grant(info, persistent_gnt);
  }
}

/** `blkif_free`. @param suspend the device will come back */
export function blkif_free(info: blkfront_info, suspend: boolean): void {
  const k = info.kernel;
  info.connected = suspend ? "SUSPENDED" : "DISCONNECTED";
  if (info.rq !== null) blk_stop_queue(k, info.rq, RING_FULL(info.ring));

  for (const persistent_gnt of list_entries_to_free(info.grants, "blkif_free")) {
    list_del(persistent_gnt.node);
    if (persistent_gnt.gref !== GRANT_INVALID_REF) {
      gnttab_end_foreign_access(k, persistent_gnt.gref);
      info.persistent_gnts_c--;
    }
    if (info.feature_persistent) __free_page(k, persistent_gnt.page);
    kfree_grant(info, persistent_gnt);
  }
  BUG_ON(info.persistent_gnts_c !== 0, "info->persistent_gnts_c != 0", "blkif_free");

  if (!list_empty(info.indirect_pages)) {
    BUG_ON(info.feature_persistent, "info->feature_persistent", "blkif_free");
    for (const indirect_page of list_entries_to_free(info.indirect_pages, "blkif_free")) {
      list_del(page_lru(k, indirect_page));
      __free_page(k, indirect_page);
    }
  }

  for (let i = 0; i < BLK_RING_SIZE(info); i++) {
    const shadow = info.shadow[i] as blk_shadow;
    free_shadow_grants(info, shadow);
    shadow.grants_used = [];
    shadow.indirect_grants = [];
    shadow.sg = [];
  }

  gnttab_cancel_free_callback(k, info.callback);
  run_pending_work(k);

  for (let i = 0; i < info.nr_ring_pages; i++) {
    const ref = info.ring_ref[i] as number;
    if (ref !== GRANT_INVALID_REF) {
      gnttab_end_foreign_access(k, ref);
      info.ring_ref[i] = GRANT_INVALID_REF;
    }
  }
  if (info.ring.sring !== null) {
    // Freed as so many Linux pages, allocated as so many Xen pages.
    const order = get_order(k, info.nr_ring_pages * k.PAGE_SIZE);
    const allocated = get_order(k, info.nr_ring_pages * XEN_PAGE_SIZE);
    trace_free_pages(k, order, allocated);
    free_pages(k, Math.floor(info.ring.sring.addr / k.PAGE_SIZE), order);
  }
  info.ring.sring = null;
  info.evtchn = info.irq = 0;
}
