/** A `struct grant` in the kernel's memory: allocated, freed, and reached through a pointer. */
import { OOPS } from "../../linux/bug.js";
import { list_init } from "../../linux/list.js";
import type { blkfront_info, grant } from "./blkfront-info.js";

/** A new entry, all zero. */
export function new_grant(nr: number): grant {
  const entry = { nr, gref: 0, page: 0 } as { -readonly [K in keyof grant]: grant[K] };
  entry.node = list_init<grant>(entry);
  return entry;
}

/** `kzalloc(sizeof(struct grant))`. */
export function kzalloc_grant(info: blkfront_info): grant {
  const entry = new_grant(info.grant_slab.length);
  info.grant_slab.push(entry);
  return entry;
}

/** `kfree`. The entry's number is not given out again. */
export function kfree_grant(info: blkfront_info, entry: grant): void {
  info.grant_slab[entry.nr] = null;
}

/** An entry of `grants_used` or `indirect_grants`; following a NULL pointer is an oops in `func`. */
export function grant_at(grants: readonly (grant | null)[], i: number, func: string): grant {
  return grants[i] ?? OOPS("NULL struct grant", func);
}
