/** Taking requests off the ring, executing them on the disk, and answering. */
import { mem_copy, mem_write } from "../linux/memory.js";
import {
  BLKIF_OP_DISCARD,
  BLKIF_OP_INDIRECT,
  BLKIF_OP_FLUSH_DISKCACHE,
  BLKIF_OP_READ,
  BLKIF_OP_WRITE,
  BLKIF_OP_WRITE_BARRIER,
  BLKIF_RSP_EOPNOTSUPP,
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
import {
  RING_PUSH_RESPONSES_AND_CHECK_NOTIFY,
  SRING_HEADER,
  blkif_sring,
  ring_slot,
} from "../xen/ring.js";
import { trace_backend_io, trace_backend_response } from "../trace.js";
import type { backend, pending_req } from "./backend.js";
import { add_persistent_gnt, put_grant } from "./persistent.js";
import { message_of } from "./says.js";
import { xen_blkbk_map } from "./map.js";

const SEGMENTS_PER_FRAME = XEN_PAGE_SIZE / SEGMENT_SIZE;
/** What the eight frames of a request can hold. */
const WIRE_SEGMENTS = 4096;

const ZEROS = new Uint8Array(XEN_PAGE_SIZE);

/** What a request is for, until somebody has looked it up. */
export const NOT_KNOWN_YET: readonly number[] = [];

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

/** `__do_block_io_op`: copies every new request off the ring. */
export function take_requests(be: backend): void {
  const sring = new blkif_sring(be.mem, be.ring);
  const rp = sring.req_prod;
  if (be.halted) return;
  if (!be.lenient && (rp - be.rsp_prod_pvt) >>> 0 > be.nr_ents) {
    const counts = `${rp} - ${be.rsp_prod_pvt} = ${(rp - be.rsp_prod_pvt) | 0}`;
    message_of(be, `Frontend provided bogus ring requests (${counts}). Halting ring processing`);
    be.halted = true;
    return;
  }
  while (be.req_cons !== rp) {
    const slot = ring_slot(be.nr_ents, be.req_cons);
    // The copy is what is executed: the guest may write the slot again at any time.
    const place = free_place(be);
    const copy = new blkif_request(be.private_mem, place * COPY_SIZE, be.layout);
    const entry = be.ring + SRING_HEADER + slot * be.layout.entry;
    mem_copy(be.private_mem, copy.addr, be.mem, entry, be.layout.entry);
    be.pending.push({ req: copy, place, slot, asked: NOT_KNOWN_YET });
    be.req_cons = (be.req_cons + 1) >>> 0;
  }
}

/** The shadow ids of the requests that have reached the ring and that the back end is still to take. */
export function untaken_ids(be: backend): number[] {
  const ids: number[] = [];
  if (be.halted) return ids;
  const { req_prod } = new blkif_sring(be.mem, be.ring);
  const waiting = Math.min((req_prod - be.req_cons) >>> 0, be.nr_ents);
  for (let n = 0; n < waiting; n++) {
    const slot = ring_slot(be.nr_ents, be.req_cons + n);
    const entry = be.ring + SRING_HEADER + slot * be.layout.entry;
    ids.push(new blkif_request(be.mem, entry, be.layout).u.rw.id);
  }
  return ids;
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
  if (nseg > WIRE_SEGMENTS) return null;
  const grefs = req.u.indirect.indirect_grefs;
  const segments: blkif_request_segment[] = [];
  for (let n = 0; n * SEGMENTS_PER_FRAME < nseg; n++) {
    const gref = grefs[n] as number;
    const frame = xen_blkbk_map(be, gref);
    if (frame < 0) return null;
    use(be, gref, used);
    const count = Math.min(SEGMENTS_PER_FRAME, nseg - n * SEGMENTS_PER_FRAME);
    for (let i = 0; i < count; i++) segments.push(get_segment(be.mem, frame + i * SEGMENT_SIZE));
  }
  return segments;
}

/** A reference is in use by the request in hand. */
function use(be: backend, gref: number, used: number[]): void {
  used.push(gref);
  add_persistent_gnt(be, gref);
}

/** The sectors of 512 bytes that a segment has; less than 1 for a bad one. */
function segment_sectors(seg: blkif_request_segment): number {
  if (seg.last_sect >= XEN_PAGE_SIZE / 512 || seg.last_sect < seg.first_sect) return 0;
  return seg.last_sect - seg.first_sect + 1;
}

/** What the real one says to a request before it looks at the segments; null where it goes on. */
function refused_at_once(be: backend, req: blkif_request): string | null {
  const operation = inner_operation(req);
  const indirect = req.operation === BLKIF_OP_INDIRECT;
  if (indirect && operation !== BLKIF_OP_READ && operation !== BLKIF_OP_WRITE) {
    return `Invalid indirect operation (${operation})`;
  }
  const nseg = indirect ? req.u.indirect.nr_segments : req.u.rw.nr_segments;
  const flush = operation === BLKIF_OP_WRITE_BARRIER || operation === BLKIF_OP_FLUSH_DISKCACHE;
  const most = indirect ? be.settings.segmentLimit : BLKIF_MAX_SEGMENTS_PER_REQUEST;
  if ((nseg === 0 && !flush) || nseg > most) {
    return `Bad number of segments in request (${nseg})`;
  }
  return null;
}

/** What the real one says to a request whose segments it has read; null where it goes on. */
function refused(
  be: backend,
  req: blkif_request,
  segments: readonly blkif_request_segment[],
): string | null {
  const lengths = segments.map(segment_sectors);
  if (lengths.some((sectors) => sectors < 1)) return "Invalid sectors of a segment";
  const first = first_sector(req);
  const end = first + lengths.reduce((sum, sectors) => sum + sectors, 0);
  const write = inner_operation(req) !== BLKIF_OP_READ;
  if ((write && be.disk_settings.readonly) || (end > first && beyond(be, first, end))) {
    return `access denied: ${write ? "write" : "read"} of [${first},${end}]`;
  }
  // Blocks of the disk may be larger than a sector, and are read and written whole.
  const block = be.disk_settings.sectorSize / 512;
  if (lengths.some((sectors) => first % block !== 0 || sectors % block !== 0)) {
    return "Misaligned I/O request from domain 1";
  }
  return null;
}

/** Sectors of 512 bytes that the disk does not have; a number of 64 bits with its highest bit set is none of it. */
function beyond(be: backend, first: number, end: number): boolean {
  return first < 0 || end > be.sectors;
}

function first_sector(req: blkif_request): number {
  const { operation } = req;
  return operation === BLKIF_OP_INDIRECT ? req.u.indirect.sector_number : req.u.rw.sector_number;
}

/** Says why a request is refused. @returns the status to answer with */
function refuse(be: backend, why: string): number {
  message_of(be, why);
  return BLKIF_RSP_ERROR;
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
  const at_once = be.lenient ? null : refused_at_once(be, req);
  if (at_once !== null) return refuse(be, at_once);
  const indirect = req.operation === BLKIF_OP_INDIRECT;
  if (!indirect && req.u.rw.nr_segments > BLKIF_MAX_SEGMENTS_PER_REQUEST) return BLKIF_RSP_ERROR;
  const segments = indirect ? xen_blkbk_parse_indirect(be, req, used) : req.u.rw.seg;
  if (segments === null) return refuse(be, "invalid indirect frame -- could not remap it");
  const why = be.lenient ? null : refused(be, req, segments);
  if (why !== null) return refuse(be, why);

  const frames: number[] = [];
  let total = 0;
  for (const seg of segments) {
    const sectors = segment_sectors(seg);
    if (sectors < 1) return BLKIF_RSP_ERROR;
    const frame = xen_blkbk_map(be, seg.gref);
    if (frame < 0) return refuse(be, "invalid buffer -- could not remap it");
    use(be, seg.gref, used);
    frames.push(frame);
    total += sectors;
  }
  const first = first_sector(req);
  if (total > 0 && beyond(be, first, first + total)) return BLKIF_RSP_ERROR;
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

/** Zeros on the disk, a piece at a time: a discard can be as large as the disk. */
function clear_sectors(be: backend, sector: number, sectors: number): void {
  const end = (sector + sectors) * 512;
  for (let at = sector * 512; at < end;) {
    const n = Math.min(ZEROS.length - (at % ZEROS.length), end - at);
    mem_write(be.disk, at, ZEROS.subarray(0, n));
    at += n;
  }
}

/** `dispatch_discard_io`: what is discarded reads as zeros. */
function dispatch_discard_io(be: backend, req: blkif_request): number {
  const { sector_number, nr_sectors } = req.u.discard;
  const end = sector_number + nr_sectors;
  if (beyond(be, sector_number, end) || (be.disk_settings.readonly && !be.lenient)) {
    return refuse(be, `access denied: DISCARD [${sector_number}->${end}]`);
  }
  if (!be.settings.discard && !be.lenient) return BLKIF_RSP_EOPNOTSUPP;
  clear_sectors(be, sector_number, nr_sectors);
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
  } else if (!be.lenient && !KNOWN.has(operation)) {
    status = BLKIF_RSP_EOPNOTSUPP;
  } else if (!be.lenient && !can_do(be, req)) {
    status = refuse(be, `operation ${req.operation} is not offered`);
  } else {
    status = dispatch_rw_block_io(be, req, operation !== BLKIF_OP_READ, forced, used);
  }
  for (const gref of used) put_grant(be, gref);
  return status;
}

const KNOWN = new Set([
  BLKIF_OP_READ,
  BLKIF_OP_WRITE,
  BLKIF_OP_WRITE_BARRIER,
  BLKIF_OP_FLUSH_DISKCACHE,
]);

/** The other back ends know no indirect requests; xen-blkback takes them whatever it has offered. */
function can_do(be: backend, req: blkif_request): boolean {
  return req.operation !== BLKIF_OP_INDIRECT || be.settings.segmentLimit > 0;
}

/** `make_response`: writes a response into the next slot and shows it to the front end. */
export function make_response(be: backend, id: number, operation: number, status: number): void {
  const slot = ring_slot(be.nr_ents, be.rsp_prod_pvt);
  const response = new blkif_response(be.mem, be.ring + SRING_HEADER + slot * be.layout.entry);
  response.id = id;
  response.operation = operation;
  response.status = status;
  be.rsp_prod_pvt = (be.rsp_prod_pvt + 1) >>> 0;
  trace_backend_response(be, id, operation, status, slot);
  push_responses(be);
}

/** Shows the responses up to `rsp_prod_pvt`, and sends an event where the front end has asked for one. */
export function push_responses(be: backend): void {
  const sring = new blkif_sring(be.mem, be.ring);
  if (RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(sring, be.rsp_prod_pvt)) be.evtchn.pending = true;
}
