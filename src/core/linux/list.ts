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
 * `list_del`. The kernel poisons the node's pointers; here they keep their values, which no code that
 * follows the kernel's rules can see.
 */
export function list_del<T>(node: list_head<T>): void {
  node.next.prev = node.prev;
  node.prev.next = node.next;
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
 * a corrupted list can be a cycle that never comes back to its head.
 */
export function* list_entries<T>(head: list_head<T>, limit = Infinity): Generator<T> {
  let node = head.next;
  for (let n = 0; node !== head && n < limit; n++) {
    const next = node.next;
    yield node.entry as T;
    node = next;
  }
}

/**
 * The entries in list order, for a loop that deletes and frees each of them (`list_for_each_entry_safe`). A list
 * that leads to an entry a second time leads to one that is freed by then: the kernel follows its poisoned
 * pointers, and faults in `func`.
 */
export function* list_entries_to_free<T>(head: list_head<T>, func: string): Generator<T> {
  const freed = new Set<T>();
  for (const entry of list_entries(head)) {
    if (freed.has(entry)) OOPS("LIST_POISON1 of a freed list entry", func);
    freed.add(entry);
    yield entry;
  }
}
