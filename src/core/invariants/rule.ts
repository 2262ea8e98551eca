/** What a rule about the driver is, and the names of all twelve. */
import type { Machine } from "../machine/state.js";
import type { TraceEvent } from "../tracepoints.js";
import type { Pool } from "./pool.js";

/** The invariants, by the names under which they are reported. */
export const INVARIANTS = [
  "live-grants-first",
  "one-place-per-grant",
  "pool-size-constant",
  "ids-accounted",
  "segments-cover-request",
  "sectors-in-frame",
  "references-accounted",
  "ring-indexes-ordered",
  "one-answer-per-id",
  "requests-end-once",
  "pages-accounted",
  "limits-fit-grants",
] as const;

export type InvariantName = (typeof INVARIANTS)[number];

/**
 * A rule on the state of a machine whose driver is at rest: between two tasks, and at the events in
 * `REST_EVENTS`. It takes time in proportion to the pool.
 * @returns what is wrong, as a sentence with the numbers, or null
 */
export type StateRule = (machine: Machine, pool: Pool) => string | null;

/** A rule on what happens, for one run of one machine. It may remember; the machine knows nothing of it. */
export interface StreamRule {
  /**
   * Takes every event, at its moment, in time that does not depend on the pool.
   * @returns what is wrong, as a sentence with the numbers, or null
   */
  event(event: TraceEvent): string | null;
  /** A task has ended, and the kernel has not stopped in it. */
  rest?(): string | null;
}

/** Begins to watch a machine. */
export type MakeStreamRule = (machine: Machine) => StreamRule;

/** How an invariant is watched: by its state, by what happens, or both. The first break counts. */
export interface Invariant {
  readonly state?: StateRule;
  readonly stream?: MakeStreamRule;
}
