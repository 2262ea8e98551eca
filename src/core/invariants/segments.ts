/** The rules about what a request becomes: its segments, and the sectors in them. */
import type { blk_shadow, blkfront_info, grant } from "../blkfront/patch-v2/blkfront-info.js";
import { mem_get16, mem_get32 } from "../linux/memory.js";
import { page_address, page_to_gfn } from "../linux/pages.js";
import { type request, blk_rq_pos, blk_rq_sectors } from "../linux/request.js";
import type { Machine } from "../machine/state.js";
import {
  BLKIF_OP_DISCARD,
  BLKIF_OP_INDIRECT,
  SEGMENT_SIZE,
  type blkif_request_segment,
  get_segment,
} from "../xen/blkif.js";
import { GTF_permit_access, grant_entry_addr } from "../xen/grant-table.js";
import { XEN_PAGE_SIZE } from "../xen/page.js";
import type { StreamRule } from "./rule.js";

/** What one segment has to be: bytes of a request that lie in one Xen frame. */
interface Piece {
  /** The caller's Xen frame. */
  readonly gfn: number;
  /** Bytes from the beginning of that frame. */
  readonly offset: number;
  /** Bytes. */
  readonly len: number;
}

/** The scatterlist of a request, cut at every Xen page: in the rule's own words, not in the driver's. */
function pieces_of({ kernel }: blkfront_info, { sg, num_sg }: blk_shadow): Piece[] {
  const pieces: Piece[] = [];
  for (const { page, offset, length } of sg.slice(0, num_sg)) {
    for (let at = offset; at < offset + length;) {
      const end = Math.min(at - (at % XEN_PAGE_SIZE) + XEN_PAGE_SIZE, offset + length);
      const gfn = page_to_gfn(kernel, page) + Math.floor(at / XEN_PAGE_SIZE);
      pieces.push({ gfn, offset: at % XEN_PAGE_SIZE, len: end - at });
      at = end;
    }
  }
  return pieces;
}

/** The segments that were written, into the slot or into the indirect frames. */
function emitted_segments({ kernel }: blkfront_info, shadow: blk_shadow): blkif_request_segment[] {
  const { req } = shadow;
  if (req.operation !== BLKIF_OP_INDIRECT) return req.u.rw.seg;
  const per_frame = XEN_PAGE_SIZE / SEGMENT_SIZE;
  const segments: blkif_request_segment[] = [];
  for (let i = 0; i < req.u.indirect.nr_segments; i++) {
    const page = shadow.indirect_grants[Math.floor(i / per_frame)]?.page ?? 0;
    const addr = page_address(kernel, page) + (i % per_frame) * SEGMENT_SIZE;
    segments.push(get_segment(kernel.mem, addr));
  }
  return segments;
}

/** What is wrong with a segment that stands for a piece, or null. */
function compare(
  info: blkfront_info,
  used: grant | null | undefined,
  i: number,
  piece: Piece,
  segment: blkif_request_segment,
): string | null {
  const { gref, first_sect, last_sect } = segment;
  const first = piece.offset / 512;
  const last = first + piece.len / 512 - 1;
  if (first_sect !== first || last_sect !== last) {
    return `Segment ${i} names sectors ${first_sect} to ${last_sect} of its frame, but its data lie in ${first} to ${last}.`;
  }
  const { gnttab, mem, PAGE_SIZE } = info.kernel;
  const entry = grant_entry_addr(gnttab, gref);
  if ((mem_get16(mem, entry) & 3) !== GTF_permit_access) {
    return `Segment ${i} names reference ${gref}, which grants nothing.`;
  }
  // Where grants persist, the data are copied to the grant's own page.
  const own = used ? (used.page * PAGE_SIZE) / XEN_PAGE_SIZE : -1;
  const gfn = info.feature_persistent ? own : piece.gfn;
  const granted = mem_get32(mem, entry + 4);
  if (granted === gfn) return null;
  return `Segment ${i} names reference ${gref}, which grants frame 0x${granted.toString(16)}, but its data lie in 0x${gfn.toString(16)}.`;
}

/** What is wrong with the emitted read, write or flush `id`, or null. */
function compare_rw(info: blkfront_info, req: request, id: number): string | null {
  const shadow = info.shadow[id] as blk_shadow;
  const pieces = pieces_of(info, shadow);
  const indirect = shadow.req.operation === BLKIF_OP_INDIRECT;
  const nr = indirect ? shadow.req.u.indirect.nr_segments : shadow.req.u.rw.nr_segments;
  if (nr !== pieces.length) {
    return `The ring request has ${nr} segments, but its data lie in ${pieces.length} pieces of 4 KB pages.`;
  }
  const segments = emitted_segments(info, shadow);
  let sectors = 0;
  for (const [i, segment] of segments.entries()) {
    const wrong = compare(info, shadow.grants_used[i], i, pieces[i] as Piece, segment);
    if (wrong !== null) return wrong;
    sectors += segment.last_sect - segment.first_sect + 1;
  }
  if (sectors === blk_rq_sectors(req)) return null;
  return `The segments have ${sectors} sectors, but the request has ${blk_rq_sectors(req)}.`;
}

/**
 * `segments-cover-request`: the segments of an emitted request are its buffer, piece by piece: the first sector
 * is the request's, each segment goes on where the one before ended, in the frame that holds these bytes, and
 * together they are as long as the request.
 *
 * Everything else moves other data than was asked for, and is answered with success. Breaks where grants do not
 * persist and the back end keeps them mapped: they are used again for other pages. The split requests of 4.5 to
 * 6.12 place their second half by a constant.
 */
export function segments_cover_request({ info }: Machine): StreamRule {
  return {
    event(event) {
      if (event.kind !== "request_queued") return null;
      const { req, id } = event;
      const { operation, u } = (info.shadow[id] as blk_shadow).req;
      // The members of the union have it in the same place.
      const { sector_number } = u.rw;
      if (sector_number !== blk_rq_pos(req)) {
        return `The ring request begins at sector ${sector_number}, but the request at ${blk_rq_pos(req)}.`;
      }
      if (operation !== BLKIF_OP_DISCARD) return compare_rw(info, req, id);
      if (u.discard.nr_sectors === blk_rq_sectors(req)) return null;
      return `The ring request discards ${u.discard.nr_sectors} sectors, but the request ${blk_rq_sectors(req)}.`;
    },
  };
}

/** Sectors of 512 bytes in a Xen page. */
const SECTORS = XEN_PAGE_SIZE / 512;

/**
 * `sectors-in-frame`: no piece is empty, and each segment lies in its frame: 0 <= `first_sect` <= `last_sect` <= 7.
 *
 * The back end refuses the whole request otherwise. Breaks with a piece of less than a sector, whose last sector
 * lies before its first and wraps to 255 in the byte that the ring has for it.
 */
export function sectors_in_frame(): StreamRule {
  return {
    event(event) {
      if (event.kind === "grant_taken" && event.len <= 0) {
        return `Piece ${event.grant_idx} of the request is empty.`;
      }
      if (event.kind !== "segment_written") return null;
      const { grant_idx, first_sect, last_sect } = event;
      if (first_sect >= 0 && first_sect <= last_sect && last_sect < SECTORS) return null;
      return `Segment ${grant_idx} goes from sector ${first_sect} to ${last_sect}; a frame has 0 to ${SECTORS - 1}.`;
    },
  };
}
