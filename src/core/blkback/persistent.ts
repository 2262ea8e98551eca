/** The grants that the back end keeps mapped from request to request. */
import type { backend } from "./backend.js";
import { message_of } from "./says.js";
import { xen_blkbk_unmap } from "./map.js";

/** `LRU_PERCENT_CLEAN`: hundredths of the most that may be kept, of which a purge makes room. */
const LRU_PERCENT_CLEAN = 5;

/** Whether the scenario lets a reference stay mapped. */
function may_stay(be: backend, gref: number): boolean {
  const { keepsMapped } = be.settings;
  if (keepsMapped === "all") return true;
  if (keepsMapped === "none") return false;
  let n = 0;
  for (const ref of be.seen) {
    if (n++ >= keepsMapped) return false;
    if (ref === gref) return true;
  }
  return false;
}

/** `add_persistent_gnt`: a reference that was mapped for a request stays mapped, if there is room. */
export function add_persistent_gnt(be: backend, gref: number): void {
  const known = be.persistent_gnts.get(gref);
  if (known !== undefined) {
    known.active = true;
    return;
  }
  if (!may_stay(be, gref)) return;
  const { maxPersistentGrants } = be.settings;
  if (maxPersistentGrants !== null && be.persistent_gnts.size >= maxPersistentGrants) {
    if (!be.overflow_max_grants) {
      message_of(be, "the guest is using the maximum number of persistent grants");
    }
    be.overflow_max_grants = true;
    return;
  }
  be.persistent_gnts.set(gref, { active: true, was_active: false });
}

/** A reference that an earlier request left mapped. */
export function stay_mapped(be: backend, gref: number): void {
  be.persistent_gnts.set(gref, { active: false, was_active: true });
}

/** `put_persistent_gnt` or an unmap: the request that used the reference is done with it. */
export function put_grant(be: backend, gref: number): void {
  const kept = be.persistent_gnts.get(gref);
  if (kept !== undefined && may_stay(be, gref)) {
    kept.active = false;
    kept.was_active = true;
    return;
  }
  be.persistent_gnts.delete(gref);
  xen_blkbk_unmap(be, gref);
}

/**
 * `purge_persistent_gnt`: where as many grants are kept as may be and more were wanted, room is made for a
 * twentieth: first of those that were not used since the last purge, in the order of their references.
 */
export function purge_persistent_gnt(be: backend): void {
  const { persistent_gnts } = be;
  const most = be.settings.maxPersistentGrants;
  if (most === null || persistent_gnts.size < most) return;
  if (persistent_gnts.size === most && !be.overflow_max_grants) return;

  let num_clean = Math.floor(most / 100) * LRU_PERCENT_CLEAN;
  num_clean = Math.min(persistent_gnts.size, persistent_gnts.size - most + num_clean);
  const in_use = [...persistent_gnts.values()].filter(({ active }) => active).length;
  if (num_clean === 0 || num_clean > persistent_gnts.size - in_use) return;

  const in_order = [...persistent_gnts.keys()].sort((a, b) => a - b);
  for (const scan_used of [false, true]) {
    for (const gref of in_order) {
      const kept = persistent_gnts.get(gref);
      if (num_clean === 0 || kept === undefined || kept.active) continue;
      if (kept.was_active && !scan_used) continue;
      persistent_gnts.delete(gref);
      xen_blkbk_unmap(be, gref);
      num_clean--;
    }
  }
  for (const kept of persistent_gnts.values()) kept.was_active = false;
  be.overflow_max_grants = false;
}
