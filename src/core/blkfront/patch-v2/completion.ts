/** What an answered request gives back: the copy into the caller's pages, and its grants. */
import { trace_bytes_copied, trace_grant_released } from "../../trace.js";
import { BUG_ON } from "../../linux/bug.js";
import { list_add, list_add_tail } from "../../linux/list.js";
import { page_lru } from "../../linux/lru.js";
import { kmap_atomic, kunmap_atomic, memcpy } from "../../linux/pages.js";
import { message } from "../../linux/printk.js";
import type { scatterlist } from "../../linux/scatterlist.js";
import { BLKIF_OP_INDIRECT, BLKIF_OP_READ, type blkif_response } from "../../xen/blkif.js";
import { gnttab_foreach_grant } from "./foreach-grant.js";
import {
  GRANT_INVALID_REF,
  gnttab_end_foreign_access,
  gnttab_query_foreign_access,
} from "../../xen/grant-table.js";
import { INDIRECT_GREFS, type blk_shadow, type blkfront_info } from "./blkfront-info.js";
import { grant_at } from "./grant-slab.js";

/** `struct copy_from_grant`: how far the copy-back has come. */
interface copy_from_grant {
  readonly s: blk_shadow;
  readonly info: blkfront_info;
  readonly id: number;
  grant_idx: number;
  /** In the caller's page, in bytes. */
  bvec_offset: number;
  /** Address at which the caller's page is mapped. */
  bvec_data: number;
}

/** `blkif_copy_from_grant`: copies one grant's bytes back to where the caller wants them. */
function blkif_copy_from_grant(
  _gfn: number,
  offset: number,
  len: number,
  data: copy_from_grant,
): void {
  const { s } = data;
  const k = data.info.kernel;
  const used = grant_at(s.grants_used, data.grant_idx, "blkif_copy_from_grant");
  const shared_data = kmap_atomic(k, used.page, "blkif_copy_from_grant");
  memcpy(k, data.bvec_data + data.bvec_offset, shared_data + offset, len);
  trace_bytes_copied(k, "back", data, data.bvec_data + data.bvec_offset, shared_data + offset, len);
  data.bvec_offset += len;
  data.grant_idx++;
  kunmap_atomic(k, shared_data);
}

/**
 * `blkif_completion`. It looks at the response's operation and not at its status: what a failed read left in
 * the granted pages is copied too.
 */
export function blkif_completion(s: blk_shadow, info: blkfront_info, bret: blkif_response): void {
  const k = info.kernel;
  const id = info.shadow.indexOf(s);
  const data: copy_from_grant = { s, info, id, grant_idx: 0, bvec_offset: 0, bvec_data: 0 };
  const indirect = s.req.operation === BLKIF_OP_INDIRECT;
  const nr_page = indirect ? s.req.u.indirect.nr_segments : s.req.u.rw.nr_segments;
  const nseg = s.num_sg;

  if (bret.operation === BLKIF_OP_READ && info.feature_persistent) {
    for (let i = 0; i < nseg; i++) {
      const sg = s.sg[i] as scatterlist;
      BUG_ON(
        sg.offset + sg.length > k.PAGE_SIZE,
        "sg->offset + sg->length > PAGE_SIZE",
        "blkif_completion",
      );
      data.bvec_offset = sg.offset;
      data.bvec_data = kmap_atomic(k, sg.page, "blkif_completion");
      gnttab_foreach_grant(k, sg.page, sg.offset, sg.length, blkif_copy_from_grant, data);
      kunmap_atomic(k, data.bvec_data);
    }
  }

  for (let i = 0; i < nr_page; i++) {
    const used = grant_at(s.grants_used, i, "blkif_completion");
    const { gref } = used;
    if (gnttab_query_foreign_access(k, gref)) {
      // Still mapped: to the head, so that it is the first to be used again.
      if (!info.feature_persistent) message(k, "alert", `backed has not unmapped grant: ${gref}`);
      list_add(used.node, info.grants);
      info.persistent_gnts_c++;
      trace_grant_released(k, id, i, false, gref, "head");
    } else {
      // Not mapped: the reference ends, and the entry waits at the tail.
      gnttab_end_foreign_access(k, gref);
      used.gref = GRANT_INVALID_REF;
      list_add_tail(used.node, info.grants);
      trace_grant_released(k, id, i, false, gref, "tail");
    }
  }
  if (indirect) {
    for (let i = 0; i < INDIRECT_GREFS(nr_page); i++) {
      const used = grant_at(s.indirect_grants, i, "blkif_completion");
      const { gref } = used;
      if (gnttab_query_foreign_access(k, gref)) {
        if (!info.feature_persistent) message(k, "alert", `backed has not unmapped grant: ${gref}`);
        list_add(used.node, info.grants);
        info.persistent_gnts_c++;
        trace_grant_released(k, id, i, true, gref, "head");
      } else {
        gnttab_end_foreign_access(k, gref);
        // The frame's page goes back to the spare pages even when grants persist, and stays the entry's too.
        const indirect_page = used.page;
        list_add(page_lru(k, indirect_page), info.indirect_pages);
        used.gref = GRANT_INVALID_REF;
        list_add_tail(used.node, info.grants);
        trace_grant_released(k, id, i, true, gref, "tail");
      }
    }
  }
}
