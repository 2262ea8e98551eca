/** What the disk, the caller's data and untouched memory hold: fixed patterns, so that every byte can be told. */
import {
  FRAME_SIZE,
  mem_frame_for_write,
  mem_has_frame,
  mem_put_content,
  type frame_fill,
  type memory,
} from "../linux/memory.js";
import type { BufferSegment, DiskContent } from "../scenario.js";

/** The byte at `address` of a disk that nobody has written. */
export function disk_byte(address: number, seed = 0): number {
  return Math.imul(address + Math.imul(seed, 0x01000193), 0x9e3779b1) >>> 24;
}

/** Byte `k` of the data that request `id` writes. */
export function write_byte(id: number, k: number): number {
  const x = (k + Math.imul(id, 0x01000193) + 0x811c9dc5) | 0;
  return Math.imul(x, 0x85ebca6b) >>> 24;
}

/** The byte that fills a data page which the guest has not written. @param page Linux pfn */
export function page_byte(page: number): number {
  return 0x5a ^ ((page * 17) & 0xff);
}

/** What fills the blocks of 4096 bytes of a disk that nobody has written; null for zeros. */
export function disk_content(content: DiskContent): frame_fill | null {
  switch (content.kind) {
    case "zeros":
      return null;
    case "pattern":
      return (block, bytes) => {
        const start = block * FRAME_SIZE;
        for (let i = 0; i < FRAME_SIZE; i++) bytes[i] = disk_byte((start + i) | 0, content.seed);
      };
    case "bytes":
      return (block, bytes) => {
        const start = block * FRAME_SIZE;
        bytes.set(content.bytes.subarray(start, start + FRAME_SIZE));
      };
  }
}

/** Gives the pages of a buffer their first content, where they have none. @param page_size in bytes */
export function touch_pages(
  mem: memory,
  page_size: number,
  segments: readonly BufferSegment[],
): void {
  const frames = page_size / FRAME_SIZE;
  for (const { page } of segments) {
    for (let n = 0; n < frames; n++) {
      const gfn = page * frames + n;
      if (!mem_has_frame(mem, gfn))
        mem_put_content(mem, gfn, (bytes) => bytes.fill(page_byte(page)));
    }
  }
}

/** Writes the data of request `id` into its buffer. @param page_size in bytes */
export function store_write_data(
  mem: memory,
  page_size: number,
  id: number,
  segments: readonly BufferSegment[],
): void {
  let k = 0;
  for (const { page, offset, length } of segments) {
    const end = page * page_size + offset + length;
    for (let addr = end - length; addr < end;) {
      const at = addr % FRAME_SIZE;
      const n = Math.min(FRAME_SIZE - at, end - addr);
      const gfn = (addr - at) / FRAME_SIZE;
      const first = k;
      if (n === FRAME_SIZE) {
        mem_put_content(mem, gfn, (bytes) => fill_write_data(bytes, id, first));
      } else {
        fill_write_data(mem_frame_for_write(mem, gfn).subarray(at, at + n), id, first);
      }
      k += n;
      addr += n;
    }
  }
}

/** Fills `bytes` with the data of request `id` from its byte `first` on. */
function fill_write_data(bytes: Uint8Array, id: number, first: number): void {
  for (let i = 0; i < bytes.length; i++) bytes[i] = write_byte(id, first + i);
}
