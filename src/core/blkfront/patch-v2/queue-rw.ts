/** From a request to grants, segments and a ring slot: the heart of the patch. */
import { BUG_ON } from "../../linux/bug.js";
import {
  trace_bytes_copied,
  trace_grant_taken,
  trace_indirect_frame,
  trace_request_busy,
  trace_request_id,
  trace_request_queued,
  trace_segment_written,
} from "../../trace.js";
import { kmap_atomic, kunmap_atomic, memcpy } from "../../linux/pages.js";
import {
  REQ_FLUSH,
  REQ_FUA,
  blk_rq_map_sg,
  blk_rq_pos,
  type request,
  rq_data_dir,
} from "../../linux/request.js";
import { mem_copy } from "../../linux/memory.js";
import type { scatterlist } from "../../linux/scatterlist.js";
import {
  BLKIF_MAX_SEGMENTS_PER_REQUEST,
  BLKIF_OP_FLUSH_DISKCACHE,
  BLKIF_OP_INDIRECT,
  BLKIF_OP_READ,
  BLKIF_OP_WRITE,
  BLKIF_OP_WRITE_BARRIER,
  SEGMENT_SIZE,
  type blkif_request,
  put_segment,
} from "../../xen/blkif.js";
import type { request_queue } from "../../linux/request-queue.js";
import { gnttab_foreach_grant } from "./foreach-grant.js";
import {
  gnttab_alloc_grant_references,
  gnttab_free_grant_references,
  gnttab_request_free_callback,
  type grant_ref_chain,
} from "../../xen/grant-table.js";
import { XEN_PAGE_SHIFT, XEN_PAGE_SIZE } from "../../xen/page.js";
import { RING_GET_REQUEST } from "../../xen/ring.js";
import {
  INDIRECT_GREFS,
  XEN_PAGES_PER_INDIRECT_FRAME,
  XEN_PAGES_PER_SEGMENT,
  type blk_shadow,
  type blkfront_info,
  type gendisk,
} from "./blkfront-info.js";
import { get_id_from_freelist } from "./freelist.js";
import { get_grant, get_indirect_grant } from "./grants.js";
import { blkif_restart_queue_callback } from "./restart.js";

/** `struct setup_rw_req`: what the walk over one request carries from grant to grant. */
interface setup_rw_req {
  grant_idx: number;
  /** Address at which the indirect frame in hand is mapped; 0 before the first. */
  segments: number;
  readonly info: blkfront_info;
  ring_req: blkif_request | null;
  /** The references reserved for this request. */
  readonly gref_head: grant_ref_chain;
  id: number;
  /** Grants persist and this is a write: the data has to be copied into the driver's pages. */
  readonly need_copy: boolean;
  /** How far the copy has come in the caller's page, in bytes. */
  bvec_off: number;
  /** Address at which the caller's page is mapped. */
  bvec_data: number;
}

/**
 * `blkif_setup_rw_req_grant`: one piece of at most 4096 bytes becomes one grant and one segment.
 * @param gfn the caller's Xen frame
 * @param offset bytes from the beginning of that frame
 * @param len bytes
 */
function blkif_setup_rw_req_grant(
  gfn: number,
  offset: number,
  len: number,
  setup: setup_rw_req,
): void {
  const { grant_idx, info } = setup;
  const k = info.kernel;
  const ring_req = setup.ring_req as blkif_request;
  const shadow = info.shadow[setup.id] as blk_shadow;

  if (ring_req.operation === BLKIF_OP_INDIRECT && grant_idx % XEN_PAGES_PER_INDIRECT_FRAME === 0) {
    if (setup.segments !== 0) kunmap_atomic(k, setup.segments);

    const n = Math.floor(grant_idx / XEN_PAGES_PER_INDIRECT_FRAME);
    const gnt_list_entry = get_indirect_grant(setup.gref_head, info);
    shadow.indirect_grants[n] = gnt_list_entry;
    setup.segments = kmap_atomic(k, gnt_list_entry.page, "blkif_setup_rw_req_grant");
    ring_req.u.indirect.set_indirect_gref(n, gnt_list_entry.gref);
    trace_indirect_frame(k, setup, n, gnt_list_entry.gref);
  }

  const gnt_list_entry = get_grant(setup.gref_head, gfn, info);
  const ref = gnt_list_entry.gref;
  shadow.grants_used[grant_idx] = gnt_list_entry;
  trace_grant_taken(k, setup, ref, gfn, offset, len);

  if (setup.need_copy) {
    const shared_data = kmap_atomic(k, gnt_list_entry.page, "blkif_setup_rw_req_grant");
    // What lies outside the range keeps the bytes of earlier requests, and the back end could see them.
    memcpy(k, shared_data + offset, setup.bvec_data + setup.bvec_off, len);
    trace_bytes_copied(k, "in", setup, shared_data + offset, setup.bvec_data + setup.bvec_off, len);
    kunmap_atomic(k, shared_data);
    setup.bvec_off += len;
  }

  const fsect = offset >>> 9;
  const lsect = fsect + (len >>> 9) - 1;
  if (ring_req.operation !== BLKIF_OP_INDIRECT) {
    const seg = ring_req.u.rw.seg_addr(grant_idx);
    put_segment(k.mem, seg, ref, fsect, lsect);
    trace_segment_written(k, setup, -1, grant_idx, seg, ref, fsect, lsect);
  } else {
    const slot = grant_idx % XEN_PAGES_PER_INDIRECT_FRAME;
    const seg = setup.segments + slot * SEGMENT_SIZE;
    put_segment(k.mem, seg, ref, fsect, lsect);
    const frame = Math.floor(grant_idx / XEN_PAGES_PER_INDIRECT_FRAME);
    trace_segment_written(k, setup, frame, slot, seg, ref, fsect, lsect);
  }

  setup.grant_idx++;
}

/** The Xen pages that `length` bytes from `offset` touch. */
function xen_pages_of(sg: scatterlist): number {
  const end = (sg.offset + sg.length + XEN_PAGE_SIZE - 1) >>> XEN_PAGE_SHIFT;
  return end - (sg.offset >>> XEN_PAGE_SHIFT);
}

/**
 * `blkif_queue_rw_req`: writes a read, write, flush or barrier into the next ring slot.
 * @returns 0, or 1 when there are not enough grant references: then nothing has changed but the callback
 */
export function blkif_queue_rw_req(req: request): number {
  const info = (req.rq_disk as gendisk).private_data as blkfront_info;
  const k = info.kernel;
  const setup: setup_rw_req = {
    grant_idx: 0,
    segments: 0,
    info,
    ring_req: null,
    gref_head: { head: 0, claimed: 0 },
    id: 0,
    need_copy: rq_data_dir(req) === 1 && info.feature_persistent,
    bvec_off: 0,
    bvec_data: 0,
  };

  // The worst case: every segment is a whole page, however little of it is used.
  let max_grefs = req.nr_phys_segments * XEN_PAGES_PER_SEGMENT(k);
  if (max_grefs > BLKIF_MAX_SEGMENTS_PER_REQUEST) {
    max_grefs += INDIRECT_GREFS(req.nr_phys_segments * XEN_PAGES_PER_SEGMENT(k));
  }

  let new_persistent_gnts: boolean;
  if (info.persistent_gnts_c < max_grefs) {
    new_persistent_gnts = true;
    const count = max_grefs - info.persistent_gnts_c;
    if (gnttab_alloc_grant_references(k, count, setup.gref_head) < 0) {
      gnttab_request_free_callback(k, info.callback, blkif_restart_queue_callback, max_grefs);
      trace_request_busy(k, req, max_grefs, count);
      return 1;
    }
  } else {
    new_persistent_gnts = false;
  }

  const ring_req = RING_GET_REQUEST(info.ring, info.layout, info.ring.req_prod_pvt);
  const id = get_id_from_freelist(info);
  const shadow = info.shadow[id] as blk_shadow;
  shadow.request = req;
  const reserved = new_persistent_gnts ? max_grefs - info.persistent_gnts_c : 0;
  trace_request_id(k, req, id, info.ring, max_grefs, reserved);

  BUG_ON(
    info.max_indirect_segments === 0 &&
      XEN_PAGES_PER_SEGMENT(k) * req.nr_phys_segments > BLKIF_MAX_SEGMENTS_PER_REQUEST,
    "info->max_indirect_segments == 0 && (XEN_PAGES_PER_SEGMENT * req->nr_phys_segments) > BLKIF_MAX_SEGMENTS_PER_REQUEST",
    "blkif_queue_rw_req",
  );
  BUG_ON(
    info.max_indirect_segments !== 0 &&
      req.nr_phys_segments * XEN_PAGES_PER_SEGMENT(k) > info.max_indirect_segments,
    "info->max_indirect_segments && (req->nr_phys_segments * XEN_PAGES_PER_SEGMENT) > info->max_indirect_segments",
    "blkif_queue_rw_req",
  );
  const nseg = blk_rq_map_sg(info.rq as request_queue, req, shadow.sg);
  let nr_page = 0;
  for (let i = 0; i < nseg; i++) {
    nr_page += xen_pages_of(shadow.sg[i] as scatterlist);
  }
  ring_req.u.rw.id = id;
  shadow.num_sg = nseg;
  if (nr_page > BLKIF_MAX_SEGMENTS_PER_REQUEST) {
    // An indirect request can only read or write.
    BUG_ON(
      (req.cmd_flags & (REQ_FLUSH | REQ_FUA)) !== 0,
      "req->cmd_flags & (REQ_FLUSH | REQ_FUA)",
      "blkif_queue_rw_req",
    );
    ring_req.operation = BLKIF_OP_INDIRECT;
    ring_req.u.indirect.indirect_op = rq_data_dir(req) ? BLKIF_OP_WRITE : BLKIF_OP_READ;
    ring_req.u.indirect.sector_number = blk_rq_pos(req);
    ring_req.u.indirect.handle = info.handle;
    ring_req.u.indirect.nr_segments = nr_page;
  } else {
    ring_req.u.rw.sector_number = blk_rq_pos(req);
    ring_req.u.rw.handle = info.handle;
    ring_req.operation = rq_data_dir(req) ? BLKIF_OP_WRITE : BLKIF_OP_READ;
    if (req.cmd_flags & (REQ_FLUSH | REQ_FUA)) {
      // A flush asks for the data to be on the medium; a barrier does that too, in order.
      switch (info.feature_flush & (REQ_FLUSH | REQ_FUA)) {
        case REQ_FLUSH | REQ_FUA:
          ring_req.operation = BLKIF_OP_WRITE_BARRIER;
          break;
        case REQ_FLUSH:
          ring_req.operation = BLKIF_OP_FLUSH_DISKCACHE;
          break;
        default:
          ring_req.operation = 0;
      }
    }
    ring_req.u.rw.nr_segments = nr_page;
  }

  setup.ring_req = ring_req;
  setup.id = id;
  for (let i = 0; i < nseg; i++) {
    const sg = shadow.sg[i] as scatterlist;
    BUG_ON(
      sg.offset + sg.length > k.PAGE_SIZE,
      "sg->offset + sg->length > PAGE_SIZE",
      "blkif_queue_rw_req",
    );

    if (setup.need_copy) {
      setup.bvec_off = sg.offset;
      setup.bvec_data = kmap_atomic(k, sg.page, "blkif_queue_rw_req");
    }

    gnttab_foreach_grant(k, sg.page, sg.offset, sg.length, blkif_setup_rw_req_grant, setup);

    if (setup.need_copy) kunmap_atomic(k, setup.bvec_data);
  }
  if (setup.segments !== 0) kunmap_atomic(k, setup.segments);

  info.ring.req_prod_pvt = (info.ring.req_prod_pvt + 1) >>> 0;

  // The private copy is read back from the page that the back end can write.
  mem_copy(k.mem, shadow.req.addr, k.mem, ring_req.addr, info.layout.entry);

  if (new_persistent_gnts) gnttab_free_grant_references(k, setup.gref_head.head);
  trace_request_queued(k, req, id, info.ring);

  return 0;
}
