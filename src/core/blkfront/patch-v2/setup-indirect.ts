/** How many grants a request may have, and what is allocated for that. */
import { BUG_ON } from "../../linux/bug.js";
import { ENOMEM } from "../../linux/errno.js";
import { list_add, list_del, list_empty, list_entries_to_free } from "../../linux/list.js";
import { page_lru } from "../../linux/lru.js";
import { __free_page, alloc_page } from "../../linux/pages.js";
import { alloc_scatterlist, sg_init_table } from "../../linux/scatterlist.js";
import { BLKIF_MAX_SEGMENTS_PER_REQUEST } from "../../xen/blkif.js";
import { xenbus_scanf } from "../../xen/xenbus.js";
import {
  BLK_RING_SIZE,
  INDIRECT_GREFS,
  XEN_PAGES_PER_SEGMENT,
  type blk_shadow,
  type blkfront_info,
  xbdev_of,
} from "./blkfront-info.js";
import { fill_grant_buffer } from "./grants.js";

/**
 * `blkfront_setup_indirect`: decides how many grants a request may have, fills the pool, and allocates what
 * each shadow entry needs.
 * @returns 0 or -ENOMEM
 */
export function blkfront_setup_indirect(info: blkfront_info): number {
  const k = info.kernel;
  let nr_page: number;
  const { store, otherend } = xbdev_of(info, "blkfront_setup_indirect");
  const indirect_segments = xenbus_scanf(store, otherend, "feature-max-indirect-segments", "%u");
  if (indirect_segments === null) {
    info.max_indirect_segments = 0;
    nr_page = BLKIF_MAX_SEGMENTS_PER_REQUEST;
  } else {
    info.max_indirect_segments = Math.min(indirect_segments, info.statics.xen_blkif_max_segments);
    nr_page = info.max_indirect_segments;
  }
  // Rounded down, so that fewer grants than a page has leave no entry for it.
  const segs = Math.floor(nr_page / XEN_PAGES_PER_SEGMENT(k));

  const err = fill_grant_buffer(info, (nr_page + INDIRECT_GREFS(nr_page)) * BLK_RING_SIZE(info));
  if (err) return blkfront_setup_indirect_out_of_memory(info);

  if (!info.feature_persistent && info.max_indirect_segments) {
    // Without pages of its own in the pool, the driver keeps spare ones for the indirect frames.
    const num = INDIRECT_GREFS(nr_page) * BLK_RING_SIZE(info);
    BUG_ON(
      !list_empty(info.indirect_pages),
      "!list_empty(&info->indirect_pages)",
      "blkfront_setup_indirect",
    );
    for (let i = 0; i < num; i++) {
      const indirect_page = alloc_page(k);
      if (indirect_page === 0) return blkfront_setup_indirect_out_of_memory(info);
      list_add(page_lru(k, indirect_page), info.indirect_pages);
    }
  }

  for (let i = 0; i < BLK_RING_SIZE(info); i++) {
    const shadow = info.shadow[i] as blk_shadow;
    shadow.grants_used = new Array<null>(nr_page).fill(null);
    shadow.sg = alloc_scatterlist(segs);
    if (info.max_indirect_segments) {
      shadow.indirect_grants = new Array<null>(INDIRECT_GREFS(nr_page)).fill(null);
    }
    sg_init_table(k, shadow.sg, segs);
  }
  return 0;
}

/** The label `out_of_memory` of `blkfront_setup_indirect`. */
function blkfront_setup_indirect_out_of_memory(info: blkfront_info): number {
  for (let i = 0; i < BLK_RING_SIZE(info); i++) {
    const shadow = info.shadow[i] as blk_shadow;
    shadow.grants_used = [];
    shadow.sg = [];
    shadow.indirect_grants = [];
  }
  for (const indirect_page of list_entries_to_free(
    info.indirect_pages,
    "blkfront_setup_indirect",
  )) {
    list_del(page_lru(info.kernel, indirect_page));
    __free_page(info.kernel, indirect_page);
  }
  return -ENOMEM;
}
