/** The driver's list of free grants in list order, and the grant table's free references behind it. */
import type { grant } from "../../core/blkfront/patch-v2/blkfront-info.js";
import { type list_head, is_poison } from "../../core/linux/list.js";
import { GNTTAB_LIST_END } from "../../core/xen/grant-table.js";
import type { Scene } from "../scene.js";
import { clampWindow, type ListWindow } from "../scene.js";
import type { FreeGrants, FreeItem, Window } from "../state.js";

interface Walk {
  total: number;
  live: number;
  items: number;
  corrupt: string | null;
}

/**
 * Walks the list, which a hostile response may have bent into a cycle that never comes back to its head.
 * Neighbours without a reference are one item.
 * @param visit gets each item with its place: an entry with a reference, or null and a run's length so far
 */
function walk(head: list_head<grant>, visit: (item: number, entry: grant | null) => void): Walk {
  const result: Walk = { total: 0, live: 0, items: 0, corrupt: null };
  let seen = new Uint8Array(1024);
  let inRun = false;
  for (let node = head.next; node !== head; node = node.next) {
    const { entry } = node;
    if (entry === null) {
      result.corrupt = is_poison(node)
        ? `The list breaks off: entry ${result.total.toLocaleString("en-US")} was deleted (LIST_POISON).`
        : "The list leads into another list's head.";
      break;
    }
    if (entry.nr >= seen.length) {
      const larger = new Uint8Array(Math.max(entry.nr + 1, seen.length * 4));
      larger.set(seen);
      seen = larger;
    }
    if (seen[entry.nr] === 1) {
      result.corrupt =
        entry.gref === 0
          ? `After ${result.total.toLocaleString("en-US")} entries the list comes back to pool entry ${entry.nr}, not to its head.`
          : `After ${result.total.toLocaleString("en-US")} entries the list comes back to gref ${entry.gref}, not to its head.`;
      break;
    }
    seen[entry.nr] = 1;
    result.total++;
    if (entry.gref !== 0) {
      result.live++;
      visit(result.items++, entry);
      inRun = false;
    } else {
      if (!inRun) result.items++;
      visit(result.items - 1, null);
      inRun = true;
    }
  }
  return result;
}

/** The items of the free list in a window, and what the whole list is like. */
function gather(scene: Scene, wanted: ListWindow): { window: Window<FreeItem>; walk: Walk } {
  const items: FreeItem[] = [];
  const end = wanted.from + wanted.count;
  const walked = walk(scene.machine.info.grants, (item, entry) => {
    if (item < wanted.from || item >= end) return;
    if (entry !== null) {
      items.push({ gref: entry.gref, page: entry.page, changed: false });
      return;
    }
    const last = items[item - wanted.from];
    if (last !== undefined && "without" in last) last.without++;
    else items.push({ without: 1 });
  });
  return { window: { total: walked.items, from: wanted.from, items }, walk: walked };
}

/** Items `wanted.from` and on of the free list. */
export function freeItems(scene: Scene, wanted: ListWindow): Window<FreeItem> {
  return gather(scene, wanted).window;
}

function markNew(items: Window<FreeItem>, before: Window<FreeItem>): void {
  const old = new Set(before.items.map((item) => ("gref" in item ? item.gref : -1)));
  // What lay outside the last window is not known, so nothing behind its end can be called new.
  const known = before.items.length < before.total ? before.items.length : Infinity;
  items.items.forEach((item, at) => {
    if ("gref" in item) item.changed = at < known && !old.has(item.gref);
  });
}

/** The list of free grants. */
export function freeGrants(scene: Scene): FreeGrants {
  const { kernel, info } = scene.machine;
  const { gnttab } = kernel;
  let { window, walk: walked } = gather(scene, scene.windows.free);
  // The list got shorter than where it was scrolled to.
  const clamped = clampWindow(scene.windows.free, walked.items);
  if (clamped.from !== window.from) ({ window, walk: walked } = gather(scene, clamped));
  const before = scene.previous?.free ?? null;
  if (before !== null && before.items.from === window.from) markNew(window, before.items);
  const changed = <T>(was: T | undefined, is: T): T | null =>
    was === undefined || was === is ? null : was;
  const { gnttab_free_head, gnttab_free_count } = gnttab;
  return {
    total: walked.total,
    live: walked.live,
    persistentCount: info.persistent_gnts_c,
    persistentWas: changed(before?.persistentCount, info.persistent_gnts_c),
    corrupt: walked.corrupt,
    items: window,
    tableFree: gnttab_free_count,
    tableFreeWas: changed(before?.tableFree, gnttab_free_count),
    tableSize: gnttab.nr_entries,
    tableNext: gnttab_free_head === GNTTAB_LIST_END ? null : gnttab_free_head,
  };
}
