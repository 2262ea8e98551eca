/** Taking requests off the ring, executing them on the disk, and answering. */
import { mem_copy, mem_write } from "../linux/memory.js";
import {
  BLKIF_OP_DISCARD,
  BLKIF_OP_INDIRECT,
  BLKIF_OP_READ,
  BLKIF_MAX_SEGMENTS_PER_REQUEST,
  BLKIF_RSP_ERROR,
  BLKIF_RSP_OKAY,
  SEGMENT_SIZE,
  blkif_request,
  type blkif_request_segment,
  blkif_response,
  get_segment,
} from "../xen/blkif.js";
import { XEN_PAGE_SIZE } from "../xen/page.js";
import { SRING_HEADER, blkif_sring, ring_slot } from "../xen/ring.js";
import { trace_backend_io, trace_backend_response } from "../trace.js";
import type { backend, pending_req } from "./backend.js";
import { keeps, xen_blkbk_map, xen_blkbk_unmap } from "./map.js";

const SEGMENTS_PER_FRAME = XEN_PAGE_SIZE / SEGMENT_SIZE;
const MAX_SEGMENTS = 4096;

/** Bytes between two private copies of ring entries. */
const COPY_SIZE = 128;

/** The first place for a copy that no pending request lies in. */
function free_place(be: backend): number {
  let place = 0;
  while (be.pending.some((other) => other.place === place)) place++;
  return place;
}

/** `do_block_io_op`: copies every new request off the ring, and asks for an event for the next one. */
export function do_block_io_op(be: backend): void {
  take_requests(be);
  new blkif_sring(be.mem, be.ring).req_event = (be.req_cons + 1) >>> 0;
}

/** Copies every new request off the ring. */
export function take_requests(be: backend): void {
  const sring = new blkif_sring(be.mem, be.ring);
  const rp = sring.req_prod;
  while (be.req_cons !== rp) {
    const slot = ring_slot(be.nr_ents, be.req_cons);
    // The copy is what is executed: the guest may write the slot again at any time.
    const place = free_place(be);
    const copy = new blkif_request(be.private_mem, place * COPY_SIZE, be.layout);
    const entry = be.ring + SRING_HEADER + slot * be.layout.entry;
    mem_copy(be.private_mem, copy.addr, be.mem, entry, be.layout.entry);
    be.pending.push({ req: copy, place });
    be.req_cons = (be.req_cons + 1) >>> 0;
  }
}

/** The operation that is answered: that of the data, for an indirect request. */
export function inner_operation(req: blkif_request): number {
  return req.operation === BLKIF_OP_INDIRECT ? req.u.indirect.indirect_op : req.operation;
}

/** `xen_blkbk_parse_indirect`: reads the segments out of the indirect frames; null where one is bad. */
function xen_blkbk_parse_indirect(
  be: backend,
  req: blkif_request,
  used: number[],
): blkif_request_segment[] | null {
  const nseg = req.u.indirect.nr_segments;
  if (nseg > MAX_SEGMENTS) return null;
  const grefs = req.u.indirect.indirect_grefs;
  const segments: blkif_request_segment[] = [];
  for (let n = 0; n * SEGMENTS_PER_FRAME < nseg; n++) {
    const gref = grefs[n] as number;
    const frame = xen_blkbk_map(be, gref);
    if (frame < 0) return null;
    used.push(gref);
    const count = Math.min(SEGMENTS_PER_FRAME, nseg - n * SEGMENTS_PER_FRAME);
    for (let i = 0; i < count; i++) segments.push(get_segment(be.mem, frame + i * SEGMENT_SIZE));
  }
  return segments;
}

/** The sectors of 512 bytes that a segment has; less than 1 for a bad one. */
function segment_sectors(seg: blkif_request_segment): number {
  if (seg.last_sect >= XEN_PAGE_SIZE / 512 || seg.last_sect < seg.first_sect) return 0;
  return seg.last_sect - seg.first_sect + 1;
}

/**
 * `dispatch_rw_block_io`: maps every grant and moves the data.
 * @param forced the status to answer with instead of moving data, or null
 * @param used the references that it mapped, in order
 * @returns the status to answer with
 */
function dispatch_rw_block_io(
  be: backend,
  req: blkif_request,
  write: boolean,
  forced: number | null,
  used: number[],
): number {
  const indirect = req.operation === BLKIF_OP_INDIRECT;
  if (!indirect && req.u.rw.nr_segments > BLKIF_MAX_SEGMENTS_PER_REQUEST) return BLKIF_RSP_ERROR;
  const segments = indirect ? xen_blkbk_parse_indirect(be, req, used) : req.u.rw.seg;
  if (segments === null) return BLKIF_RSP_ERROR;

  const frames: number[] = [];
  let total = 0;
  for (const seg of segments) {
    const sectors = segment_sectors(seg);
    if (sectors < 1) return BLKIF_RSP_ERROR;
    const frame = xen_blkbk_map(be, seg.gref);
    if (frame < 0) return BLKIF_RSP_ERROR;
    used.push(seg.gref);
    frames.push(frame);
    total += sectors;
  }
  const first = indirect ? req.u.indirect.sector_number : req.u.rw.sector_number;
  if (first + total > be.sectors) return BLKIF_RSP_ERROR;
  // A disk that fails does so after the grants were mapped.
  if (forced !== null) return forced;

  let sector = first;
  for (let i = 0; i < segments.length; i++) {
    const seg = segments[i] as blkif_request_segment;
    const offset = seg.first_sect * 512;
    const len = segment_sectors(seg) * 512;
    const addr = (frames[i] as number) + offset;
    if (write) mem_copy(be.disk, sector * 512, be.mem, addr, len);
    else mem_copy(be.mem, addr, be.disk, sector * 512, len);
    trace_backend_io(be, write, sector, seg.gref, offset, len);
    sector += len / 512;
  }
  return BLKIF_RSP_OKAY;
}

/** `dispatch_discard_io`: what is discarded reads as zeros. */
function dispatch_discard_io(be: backend, req: blkif_request): number {
  const { sector_number, nr_sectors } = req.u.discard;
  if (sector_number + nr_sectors > be.sectors) return BLKIF_RSP_ERROR;
  mem_write(be.disk, sector_number * 512, new Uint8Array(nr_sectors * 512));
  return BLKIF_RSP_OKAY;
}

/**
 * Executes one pending request and unmaps what the back end does not keep.
 * @param forced a status to answer with instead of touching any data; null executes
 * @returns the status
 */
export function dispatch(be: backend, pending: pending_req, forced: number | null): number {
  const { req } = pending;
  const operation = inner_operation(req);
  const used: number[] = [];
  let status: number;
  if (operation === BLKIF_OP_DISCARD) {
    status = forced ?? dispatch_discard_io(be, req);
  } else {
    status = dispatch_rw_block_io(be, req, operation !== BLKIF_OP_READ, forced, used);
  }
  for (const gref of used) {
    if (!keeps(be, gref)) xen_blkbk_unmap(be, gref);
  }
  return status;
}

/** `make_response`: writes a response into the next slot and shows it to the front end. */
export function make_response(be: backend, id: number, operation: number, status: number): void {
  const slot = ring_slot(be.nr_ents, be.rsp_prod_pvt);
  const response = new blkif_response(be.mem, be.ring + SRING_HEADER + slot * be.layout.entry);
  response.id = id;
  response.operation = operation;
  response.status = status;
  be.rsp_prod_pvt = (be.rsp_prod_pvt + 1) >>> 0;
  new blkif_sring(be.mem, be.ring).rsp_prod = be.rsp_prod_pvt;
  trace_backend_response(be, id, operation, status, slot);
}
