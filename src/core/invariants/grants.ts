/** The rules about the pool of grants. */
import {
  BLK_RING_SIZE,
  INDIRECT_GREFS,
  type blkfront_info,
} from "../blkfront/patch-v2/blkfront-info.js";
import type { Machine } from "../machine/state.js";
import { type Held, type Pool, grant_name, grants_per_request } from "./pool.js";

/**
 * `live-grants-first`: on the list, the grants that have a reference stand before those that have none, and
 * `persistent_gnts_c` is their number.
 *
 * The driver reserves references for what the count does not cover, and takes from the head without looking:
 * where the two do not agree, `get_grant` runs out of references (`BUG_ON`), or takes some that it need not.
 * Breaks after a response that came twice: its grants are counted again.
 */
export function live_grants_first({ info }: Machine, pool: Pool): string | null {
  const { listed } = pool;
  let live = 0;
  let bare = -1;
  for (let place = 0; place < listed.length; place++) {
    const gref = listed[place]?.gref;
    if (gref === 0) {
      if (bare < 0) bare = place;
      continue;
    }
    live++;
    if (bare >= 0) {
      return `Place ${place} of the list of grants has reference ${gref}, but place ${bare} in front of it has none.`;
    }
  }
  if (live === info.persistent_gnts_c) return null;
  return `persistent_gnts_c is ${info.persistent_gnts_c}, but the grants on the list that have a reference number ${live}.`;
}

function held_at({ id, indirect, index }: Held): string {
  return `in ${indirect ? "indirect_grants" : "grants_used"}[${index}] of id ${id}`;
}

/**
 * `one-place-per-grant`: while the driver is connected, each grant is in one place: on the list, or in
 * `grants_used` or `indirect_grants` of one request on the ring.
 *
 * A grant in two places is lent to two requests, whose data overwrite each other; one in none is lost. Breaks
 * after a response that came twice, which puts grants on the list that are on it (`blkif_completion` runs before
 * the id is checked), and the list's links do not agree any more; and after one that calls a read a discard, for
 * which no grants are given back. The sweep of unused grants in 4.19-rc lost them.
 */
export function one_place_per_grant({ info }: Machine, pool: Pool): string | null {
  if (info.connected !== "CONNECTED") return null;
  const { listed, flaw, held, alive } = pool;
  if (flaw !== null) return flaw;
  // By the entry's number: 0 nowhere, 1 on the list, else 2 and more: its place among those held.
  const places = new Uint32Array(info.grant_slab.length);
  for (const entry of listed) {
    places[entry.nr] = 1;
    if (info.grant_slab[entry.nr] === null) {
      return `The list of grants has ${grant_name(entry)}, which was freed.`;
    }
  }
  for (let i = 0; i < held.length; i++) {
    const one = held[i] as Held;
    if (one.grant === null) return `There is no grant ${held_at(one)}, which a request needs.`;
    const { nr } = one.grant;
    if (info.grant_slab[nr] === null) {
      return `A freed grant, ${grant_name(one.grant)}, is ${held_at(one)}.`;
    }
    const place = places[nr] as number;
    if (place !== 0) {
      const other = place === 1 ? "on the list" : held_at(held[place - 2] as Held);
      return `In two places, ${other} and ${held_at(one)}, is ${grant_name(one.grant)}.`;
    }
    places[nr] = i + 2;
  }
  const lost = alive.find(({ nr }) => places[nr] === 0);
  if (lost === undefined) return null;
  return `Neither on the list nor with a request is ${grant_name(lost)}.`;
}

/** Entries that the pool of a connected driver has. */
function pool_size(info: blkfront_info): number {
  const grants = grants_per_request(info);
  return (grants + INDIRECT_GREFS(grants)) * BLK_RING_SIZE(info);
}

/**
 * `pool-size-constant`: while the driver is connected, its pool has a grant for each piece and each indirect
 * frame of the largest request, for every slot of the ring; and when the ring is gone, none.
 *
 * With fewer a full ring empties the list (`BUG_ON` in `get_free_grant`). Breaks where the back end announces 0
 * indirect segments, which the driver takes at its word for the pool, and for 11 elsewhere; the later driver's
 * teardown of a split request left five grants behind.
 */
export function pool_size_constant({ info }: Machine, { alive }: Pool): string | null {
  if (info.ring.sring === null) {
    if (alive.length === 0) return null;
    return `The ring is gone, but ${alive.length} grants are left, the first of them ${grant_name(alive[0] as (typeof alive)[0])}.`;
  }
  if (info.connected !== "CONNECTED") return null;
  const size = pool_size(info);
  if (alive.length === size) return null;
  const grants = grants_per_request(info);
  const frames = INDIRECT_GREFS(grants);
  return `The pool has ${alive.length} grants; ${BLK_RING_SIZE(info)} slots of ${grants} and ${frames} for indirect frames make ${size}.`;
}
