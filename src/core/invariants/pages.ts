/** The rule about the driver's pages. */
import type { blkfront_info, grant } from "../blkfront/patch-v2/blkfront-info.js";
import { get_order } from "../linux/pages.js";
import type { Machine } from "../machine/state.js";
import { XEN_PAGE_SIZE } from "../xen/page.js";
import { type Pool, grant_name } from "./pool.js";
import type { StreamRule } from "./rule.js";

/** The pages on `info.indirect_pages`, and the one to which a list that is a cycle comes back. */
function spare_pages(info: blkfront_info): { spare: Set<number>; cycle: number | null } {
  const spare = new Set<number>();
  for (let node = info.indirect_pages.next; node.entry !== null; node = node.next) {
    if (spare.has(node.entry)) return { spare, cycle: node.entry };
    spare.add(node.entry);
  }
  return { spare, cycle: null };
}

/** The grants whose `page` is theirs: all where grants persist, else those of indirect frames in use. */
function owners(info: blkfront_info, { alive, held }: Pool): readonly grant[] {
  if (info.feature_persistent) return alive.filter(({ page }) => page !== 0);
  return held.flatMap((one) => (one.indirect && one.grant !== null ? [one.grant] : []));
}

/** Marks pages and counts those that are marked. A table, since there are thousands at every look. */
class PageMarks {
  count = 0;
  private readonly first: number;
  private readonly marks: Uint8Array;

  /** @param all every page that will be marked; a driver's pages lie close together */
  constructor(all: Iterable<number>) {
    let first = Infinity;
    let last = -Infinity;
    for (const page of all) {
      if (page < first) first = page;
      if (page > last) last = page;
    }
    this.first = first;
    this.marks = new Uint8Array(Math.max(0, last - first + 1));
  }

  /** @returns false where the page was marked before */
  mark(page: number): boolean {
    if (this.marks[page - this.first] !== 0) return false;
    this.marks[page - this.first] = 1;
    this.count++;
    return true;
  }
}

/**
 * `pages-accounted`: each Linux page that the driver has allocated and not freed belongs to it in one way: to a
 * grant, to the spare pages for indirect frames, or to the ring.
 *
 * A page with two owners is freed twice, one without is lost. Breaks where grants persist and the back end
 * unmaps an indirect frame: its page goes to the spare pages and stays the grant's (`BUG_ON` in `blkif_free`).
 */
export function pages_of_driver({ info, kernel }: Machine, pool: Pool): string | null {
  const { spare, cycle } = spare_pages(info);
  if (cycle !== null) return `The list of spare pages is a cycle: it comes back to page ${cycle}.`;
  const with_page = pool.alive.filter(({ page }) => page !== 0);
  const marks = new PageMarks([...with_page.map(({ page }) => page), ...spare]);
  for (const page of spare) marks.mark(page);
  const own = owners(info, pool);
  for (const entry of own) {
    const { page } = entry;
    if (marks.mark(page)) continue;
    const other = own.find((one) => one.page === page) as grant;
    const who = spare.has(page) ? "a spare one" : `that of ${grant_name(other)}`;
    return `Page ${page} is ${who}, but also that of ${grant_name(entry)}.`;
  }
  // Where grants do not persist, one that the back end keeps mapped keeps the frame that it had.
  for (const { gref, page } of with_page) if (gref !== 0) marks.mark(page);
  const { sring } = info.ring;
  const ring = sring === null ? 0 : 1 << get_order(kernel, info.nr_ring_pages * XEN_PAGE_SIZE);
  const { pages_allocated } = kernel;
  if (pages_allocated === marks.count + ring) return null;
  const of_grants = marks.count - spare.size;
  return `The driver has ${of_grants} pages of grants, ${spare.size} spare ones and ${ring} of the ring, but ${pages_allocated} are allocated.`;
}

/**
 * `pages-accounted`, when they are freed: with the order with which they were allocated.
 *
 * Breaks in `blkif_free`, which counts the ring in Linux pages, though it was allocated in Xen pages: on 64 KB
 * pages a ring of several pages takes memory along that belongs to others.
 */
export function pages_freed_as_allocated(): StreamRule {
  return {
    event(event) {
      if (event.kind !== "free_pages_order") return null;
      const [freed, allocated] = [1 << event.freed, 1 << event.allocated];
      return `The ring had ${allocated} Linux page(s), and ${freed} were freed.`;
    },
  };
}
