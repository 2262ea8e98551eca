/** A bio: what the file system or a user asks of the disk, before requests are made of it. */
import type { BufferSegment, RequestSettings } from "../scenario.js";
import { HANG } from "./bug.js";
import type { kernel } from "./kernel.js";
import { message } from "./printk.js";

/** `struct bio_vec`: bytes in one Linux page. */
export interface bio_vec {
  /** Linux pfn. */
  readonly bv_page: number;
  /** Bytes. */
  readonly bv_len: number;
  /** Bytes from the beginning of the page. */
  readonly bv_offset: number;
}

/** `struct split_bio`: a bio whose clones have to end before it ends. */
export interface split_bio {
  readonly bio: bio;
  pending: number;
  /** The error of a clone, or 0. */
  err: number;
}

/** `struct bio`. */
export interface bio {
  /** The scenario's request that asks for it. */
  readonly nr: number;
  readonly settings: RequestSettings;
  /** Bios that were made of that request together with this one. */
  readonly of: number;
  /** First sector, of 512 bytes. */
  bi_sector: number;
  /** Bytes. */
  bi_size: number;
  /** `REQ_WRITE` and its like. */
  bi_rw: number;
  bi_io_vec: readonly bio_vec[];
  /** The bio that this is a clone of, with what is known of its other clones. */
  bi_private: split_bio | null;
  /** How often it was ended: once, when all is well. */
  ended: number;
  /** The error that it ended with: 0, or a negative errno. */
  error: number;
}

/**
 * A bio of these bytes.
 * @param bi_size in bytes: of a discard, which has no buffer, what it discards
 * @param of bios that are made of the scenario's request
 */
export function bio_alloc(
  settings: RequestSettings,
  bi_rw: number,
  bi_sector: number,
  segments: readonly BufferSegment[],
  bi_size: number,
  of = 1,
): bio {
  return {
    nr: settings.id,
    settings,
    of,
    bi_sector,
    bi_size,
    bi_rw,
    bi_io_vec: segments.map(({ page, offset, length }) => ({
      bv_page: page,
      bv_len: length,
      bv_offset: offset,
    })),
    bi_private: null,
    ended: 0,
    error: 0,
  };
}

/** `bio_sectors`, of 512 bytes. */
export function bio_sectors(bio: bio): number {
  return bio.bi_size >>> 9;
}

/** `bio_segments`: the pieces of its buffer. */
export function bio_segments(bio: bio): number {
  return bio.bi_io_vec.length;
}

/** `bio_clone`: the same bytes of the same buffer. */
export function bio_clone(bio: bio): bio {
  return {
    nr: bio.nr,
    settings: bio.settings,
    of: bio.of,
    bi_sector: bio.bi_sector,
    bi_size: bio.bi_size,
    bi_rw: bio.bi_rw,
    bi_io_vec: bio.bi_io_vec,
    bi_private: null,
    ended: 0,
    error: 0,
  };
}

/**
 * `bio_trim`: leaves `size` sectors from sector `offset` of the bio on. Beyond its end the kernel warns, and
 * then looks for the rest without end.
 */
export function bio_trim(k: kernel, bio: bio, offset: number, size: number): void {
  bio_advance(k, bio, offset * 512);
  bio.bi_size = size * 512;
  bio.bi_io_vec = first_bytes(bio.bi_io_vec, bio.bi_size);
}

function bio_advance(k: kernel, bio: bio, bytes: number): void {
  if (bytes > bio.bi_size) {
    message(k, "warn", "Attempted to advance past end of bvec iter");
    HANG("bvec_iter_advance never comes to the end of a bio that is too short", "bio_trim");
  }
  let left = bytes;
  const rest: bio_vec[] = [];
  for (const { bv_page, bv_len, bv_offset } of bio.bi_io_vec) {
    const gone = Math.min(left, bv_len);
    left -= gone;
    if (gone < bv_len) rest.push({ bv_page, bv_len: bv_len - gone, bv_offset: bv_offset + gone });
  }
  bio.bi_io_vec = rest;
  bio.bi_sector += bytes / 512;
}

function first_bytes(vecs: readonly bio_vec[], bytes: number): bio_vec[] {
  const kept: bio_vec[] = [];
  let left = bytes;
  for (const { bv_page, bv_len, bv_offset } of vecs) {
    const taken = Math.min(left, bv_len);
    if (taken > 0) kept.push({ bv_page, bv_len: taken, bv_offset });
    left -= taken;
  }
  return kept;
}

/** `bio_endio`: the bio is done; a clone ends its parent with the last of its kind. @param error 0 or a negative errno */
export function bio_endio(k: kernel, bio: bio, error: number): void {
  bio.ended++;
  bio.error = error;
  const { nr, bi_sector: sector, ended: times } = bio;
  k.trace?.({ kind: "bio_end", nr, sector, sectors: bio_sectors(bio), error, times });
  const split = bio.bi_private;
  if (split === null) return;
  // The clone is freed; copies of the machine share what has ended, which must lead to nothing that goes on.
  bio.bi_private = null;
  split_bio_end(k, split, error);
}

/** `split_bio_end`, which is the driver's: it gives its clones this end. */
function split_bio_end(k: kernel, split: split_bio, error: number): void {
  if (error) split.err = error;
  split.pending--;
  if (split.pending === 0) bio_endio(k, split.bio, split.err);
}
