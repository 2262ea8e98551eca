/** The driver's pool of grants as it stands, gathered once for all rules that are about it. */
import {
  BLK_RING_SIZE,
  INDIRECT_GREFS,
  type blk_shadow,
  type blkfront_info,
  type grant,
} from "../blkfront/patch-v2/blkfront-info.js";
import { type list_head, is_poison } from "../linux/list.js";
import {
  BLKIF_MAX_SEGMENTS_PER_REQUEST,
  BLKIF_OP_DISCARD,
  BLKIF_OP_INDIRECT,
} from "../xen/blkif.js";

/** A grant that a request on the ring holds; `grant` is null where the driver would follow a NULL pointer. */
export interface Held {
  readonly id: number;
  readonly indirect: boolean;
  /** Its index in `grants_used` or `indirect_grants`. */
  readonly index: number;
  readonly grant: grant | null;
}

export interface Pool {
  /** The entries on `info.grants`, head first, each once: a list which comes back to one of them ends there. */
  readonly listed: readonly grant[];
  /** What is wrong with the links of that list, as a sentence; null where they are sound. */
  readonly flaw: string | null;
  readonly held: readonly Held[];
  /** The entries that were allocated and not freed. */
  readonly alive: readonly grant[];
}

/** Grants for data that one request of the connected driver can have. */
export function grants_per_request(info: blkfront_info): number {
  return info.max_indirect_segments || BLKIF_MAX_SEGMENTS_PER_REQUEST;
}

/** An entry and its reference, as a sentence calls it. */
export function grant_name({ nr, gref }: grant): string {
  return `grant ${nr} (${gref === 0 ? "no reference" : `reference ${gref}`})`;
}

/** The entries of the list. It may be corrupt: no entry is followed twice. */
function list_of(info: blkfront_info): Pick<Pool, "listed" | "flaw"> {
  const seen = new Uint8Array(info.grant_slab.length);
  const listed: grant[] = [];
  let flaw: string | null = null;
  for (let node = info.grants; ; node = node.next) {
    const { next } = node;
    if (next.prev !== node) {
      flaw ??= `The list of grants has ${name_of(next)} behind ${name_of(node)}, but ${name_of(next.prev)} in front of it.`;
    }
    const { entry } = next;
    if (entry === null) return { listed, flaw };
    if (seen[entry.nr]) {
      return {
        listed,
        flaw: `The list of grants is a cycle: after ${listed.length} entries it comes back to ${grant_name(entry)}.`,
      };
    }
    seen[entry.nr] = 1;
    listed.push(entry);
  }
}

/** The name of an entry of the list, or of its head, or of what a deleted node points to. */
function name_of(node: list_head<grant>): string {
  if (node.entry !== null) return grant_name(node.entry);
  return is_poison(node) ? "LIST_POISON" : "its head";
}

/** Reads the pool, which may be corrupt. */
export function pool_of(info: blkfront_info): Pool {
  const held: Held[] = [];
  for (let id = 0; id < BLK_RING_SIZE(info); id++) hold(held, id, info.shadow[id] as blk_shadow);
  return { ...list_of(info), held, alive: info.grant_slab.filter((entry) => entry !== null) };
}

/** Adds what a shadow entry holds. Of a free one the arrays still say what it held last. */
function hold(held: Held[], id: number, shadow: blk_shadow): void {
  const { request, req } = shadow;
  if (request === null || req.operation === BLKIF_OP_DISCARD) return;
  const indirect = req.operation === BLKIF_OP_INDIRECT;
  const nr_page = indirect ? req.u.indirect.nr_segments : req.u.rw.nr_segments;
  for (let index = 0; index < nr_page; index++) {
    held.push({ id, indirect: false, index, grant: shadow.grants_used[index] ?? null });
  }
  if (!indirect) return;
  for (let index = 0; index < INDIRECT_GREFS(nr_page); index++) {
    held.push({ id, indirect: true, index, grant: shadow.indirect_grants[index] ?? null });
  }
}
