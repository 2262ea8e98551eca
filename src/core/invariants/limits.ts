/** The rule about what the block layer is told. */
import {
  XEN_PAGES_PER_INDIRECT_FRAME,
  XEN_PAGES_PER_SEGMENT,
} from "../blkfront/patch-v2/blkfront-info.js";
import type { Machine } from "../machine/state.js";
import { BLKIF_MAX_INDIRECT_PAGES_PER_REQUEST } from "../xen/blkif.js";
import { XEN_PAGE_SIZE } from "../xen/page.js";
import { grants_per_request } from "./pool.js";

/** Segments that the indirect frames of one request hold. */
const MAX_SEGMENTS = BLKIF_MAX_INDIRECT_PAGES_PER_REQUEST * XEN_PAGES_PER_INDIRECT_FRAME;

/**
 * `limits-fit-grants`: the largest request that the queue limits allow fits in the grants of a ring request:
 * `max_segments` Linux pages, and `max_hw_sectors` sectors.
 *
 * Else the block layer sends what the driver cannot express: `BUG_ON` in `blkif_queue_rw_req`. Breaks on 64 KB
 * pages without indirect descriptors, where one page is more than 11 grants and the block layer raises the
 * limits to a page; and after a resumption, which sets `max_segments` in grants.
 */
export function limits_fit_grants({ info, kernel }: Machine): string | null {
  if (info.connected !== "CONNECTED" || info.rq === null) return null;
  const { max_segments, max_hw_sectors } = info.rq.limits;
  const grants = Math.min(grants_per_request(info), MAX_SEGMENTS);
  const by_segments = max_segments * XEN_PAGES_PER_SEGMENT(kernel);
  if (by_segments > grants) {
    return `max_segments is ${max_segments}, which is ${by_segments} grants, but a request can have ${grants}.`;
  }
  const by_sectors = Math.ceil((max_hw_sectors * 512) / XEN_PAGE_SIZE);
  if (by_sectors <= grants) return null;
  return `max_hw_sectors is ${max_hw_sectors}, which is ${by_sectors} grants, but a request can have ${grants}.`;
}
