/** The rule about grant references. */
import type { Machine } from "../machine/state.js";
import { GRANT_INVALID_REF, NR_RESERVED_ENTRIES } from "../xen/grant-table.js";
import type { Pool } from "./pool.js";
import type { StreamRule } from "./rule.js";

/**
 * `references-accounted`: of the references that were reserved for a request, each is used by it or returned
 * when the request is queued.
 *
 * What is neither is lost to the whole guest, whose table has a fixed size: sooner or later no driver can grant
 * anything, and requests wait for ever. The patch reserves for whole pages, so that it returns references almost
 * every time. Would break where the rest of the chain is not given back.
 */
export function references_of_request({ kernel }: Machine): StreamRule {
  const { gnttab } = kernel;
  /** The reservation in hand: references reserved, used, and free in the table when it was made. */
  let hand: { readonly reserved: number; readonly free: number; used: number } | null = null;
  return {
    event(event) {
      switch (event.kind) {
        case "grefs_alloc": {
          const { count, ok } = event;
          hand = ok ? { reserved: count, free: gnttab.gnttab_free_count, used: 0 } : null;
          return null;
        }
        case "request_id":
          hand ??= { reserved: 0, free: gnttab.gnttab_free_count, used: 0 };
          return null;
        case "grant_taken":
        case "indirect_frame":
          if (hand !== null && event.fresh) hand.used++;
          return null;
        case "request_queued": {
          if (hand === null) return null;
          const { reserved, used, free } = hand;
          const returned = gnttab.gnttab_free_count - free;
          hand = null;
          if (reserved === used + returned) return null;
          return `${reserved} references were reserved, but ${used} used and ${returned} returned.`;
        }
        default:
          return null;
      }
    },
  };
}

/**
 * `references-accounted`, of the whole table: each reference is free, or a grant's or a ring page's, or another
 * driver's, or waits for the back end to unmap it.
 *
 * Breaks after a response that came twice: the driver ends the access to grants that have no reference, and so
 * frees reference 0, which is not its own.
 */
export function references_of_table(machine: Machine, { alive }: Pool): string | null {
  const { info, reserved } = machine;
  const { gnttab } = machine.kernel;
  const table = gnttab.nr_entries - NR_RESERVED_ENTRIES;
  const free = gnttab.gnttab_free_count;
  const grants = alive.filter(({ gref }) => gref !== GRANT_INVALID_REF).length;
  const ring = info.ring_ref.filter((ref) => ref !== GRANT_INVALID_REF).length;
  const deferred = gnttab.deferred.length;
  if (free + grants + ring + deferred + reserved.length === table) return null;
  const parts = [
    `${free} free`,
    `${grants} of grants`,
    `${ring} of ring pages`,
    `${reserved.length} of other drivers`,
    `${deferred} deferred`,
  ];
  return `The grant table has ${table} references to give, but they are ${parts.join(", ")}.`;
}
