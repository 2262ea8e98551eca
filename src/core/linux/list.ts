/**
 * The kernel's circular doubly linked list (`include/linux/list.h`), with the same pointers, so that a list
 * which the driver corrupts is corrupted here in the same way.
 */

import { OOPS } from "./bug.js";

/** A list head, or the node inside an entry. `entry` is what `container_of` would give; null in a head. */
export interface list_head<T> {
  next: list_head<T>;
  prev: list_head<T>;
  readonly entry: T | null;
}

/** `INIT_LIST_HEAD`: an empty list, or a node that is on no list. */
export function list_init<T>(entry: T | null): list_head<T> {
  const head = { entry } as { -readonly [K in keyof list_head<T>]: list_head<T>[K] };
  head.next = head;
  head.prev = head;
  return head;
}

/**
 * `LIST_POISON1` and `LIST_POISON2`: what the pointers of a deleted node are set to, so that whoever follows
 * them faults.
 */
const LIST_POISON = Object.assign(list_init<never>(null), { poison: true });

/** Whether a pointer leads nowhere because the node that it stands in was deleted. */
export function is_poison(node: object): boolean {
  return "poison" in node;
}

/** The poison, in a pointer of a node on lists of any kind. */
export function list_poison<T>(): list_head<T> {
  return LIST_POISON;
}

function __list_add<T>(node: list_head<T>, prev: list_head<T>, next: list_head<T>): void {
  next.prev = node;
  node.next = next;
  node.prev = prev;
  prev.next = node;
}

/** `list_add`: puts the node right behind the head. */
export function list_add<T>(node: list_head<T>, head: list_head<T>): void {
  __list_add(node, head, head.next);
}

/** `list_add_tail`: puts the node at the end. */
export function list_add_tail<T>(node: list_head<T>, head: list_head<T>): void {
  __list_add(node, head.prev, head);
}

/**
 * `list_del`: the neighbours close up, and the node's own pointers are poisoned. A node that was deleted before
 * faults in `func`.
 */
export function list_del<T>(node: list_head<T>, func = "list_del"): void {
  const { next, prev } = node;
  if (next === LIST_POISON) OOPS("LIST_POISON1->prev of a deleted list entry", func);
  next.prev = prev;
  if (prev === LIST_POISON) OOPS("LIST_POISON2->next of a deleted list entry", func);
  prev.next = next;
  node.next = node.prev = LIST_POISON;
}

/** `list_empty`. */
export function list_empty<T>(head: list_head<T>): boolean {
  return head.next === head;
}

/** `list_first_entry`: of a list that is not empty. */
export function list_first_entry<T>(head: list_head<T>): T {
  return head.next.entry as T;
}

/**
 * The entries in list order, read ahead by one as `list_for_each_entry_safe` does, at most `limit` of them:
 * a corrupted list can be a cycle that never comes back to its head, or end at a node that was deleted.
 */
export function* list_entries<T>(head: list_head<T>, limit = Infinity): Generator<T> {
  let node = head.next;
  for (let n = 0; node !== head && node !== LIST_POISON && n < limit; n++) {
    const { next, entry } = node;
    yield entry as T;
    node = next;
  }
}

/**
 * The entries in list order, for a loop that deletes and frees each of them (`list_for_each_entry_safe`). A list
 * that leads to an entry a second time leads to one that is freed by then: the kernel follows its poisoned
 * pointers, and faults in `func`.
 */
export function* list_entries_to_free<T>(head: list_head<T>, func: string): Generator<T> {
  for (let node = head.next; node !== head;) {
    // Either the entry is freed, or what lies before it is, and leads nowhere.
    if (node === LIST_POISON || node.next === LIST_POISON) {
      OOPS("LIST_POISON1 of a freed list entry", func);
    }
    const { next, entry } = node;
    yield entry as T;
    node = next;
  }
}
