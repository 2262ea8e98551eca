import type { kernel } from "./kernel.js";
import { type list_head, list_init } from "./list.js";

/** `page->lru`: the one node with which a page can be on a list. */
export function page_lru(k: kernel, page: number): list_head<number> {
  let node = k.lru.get(page);
  if (node === undefined) {
    node = list_init<number>(page);
    k.lru.set(page, node);
  }
  return node;
}
