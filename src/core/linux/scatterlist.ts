import { OOPS } from "./bug.js";
import type { kernel } from "./kernel.js";

/** One run of bytes in one Linux page. `page` is a Linux pfn; offset and length are in bytes. */
export interface scatterlist {
  page: number;
  offset: number;
  length: number;
  /** The mark of `sg_mark_end`: no entry follows. */
  last: boolean;
}

/** `kzalloc` of a table. */
export function alloc_scatterlist(nents: number): scatterlist[] {
  const table: scatterlist[] = [];
  for (let i = 0; i < nents; i++) table.push({ page: 0, offset: 0, length: 0, last: false });
  return table;
}

/**
 * `sg_init_table`: clears the table and marks its last entry. With no entries the index of the last one
 * wraps, and the mark is written 32 GB and more behind the table.
 */
export function sg_init_table(k: kernel, sgl: scatterlist[], nents: number): void {
  for (let i = 0; i < nents; i++) {
    const sg = sgl[i] as scatterlist;
    sg.page = sg.offset = sg.length = 0;
    sg.last = false;
  }
  const end = sgl[(nents - 1) >>> 0];
  if (end !== undefined) {
    end.last = true;
    return;
  }
  k.trace?.({ kind: "empty_sg_table", nents });
  if (k.survives_empty_sg_table) return;
  OOPS(
    `sg_init_table(sgl=ZERO_SIZE_PTR, nents=${nents}) writes sgl[nents-1] = sgl[${(nents - 1) >>> 0}]`,
    "sg_init_table",
  );
}
