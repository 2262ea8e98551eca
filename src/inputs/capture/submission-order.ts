/**
 * When each request went to the ring. For reads and writes their grants show it. A flush or discard
 * has none: it went somewhere between its `queue_rq` and the return of it, and the ring index that an
 * interrupt in between shows tells on which side.
 */

import type { CapturedInterrupt } from "./completions.js";
import { isPutBack, isRefused, type CapturedRequest } from "./requests.js";

/** Just before an event. */
const BEFORE = 0.5;

function isOnRing(request: CapturedRequest): boolean {
  return !isPutBack(request) && !isRefused(request);
}

/** Sets `submitted` of the requests of one disk, and sorts them by it. */
export function orderSubmissions(
  requests: CapturedRequest[],
  interrupts: readonly CapturedInterrupt[],
  ringIndex: number | null,
): void {
  for (const interrupt of interrupts) {
    for (const { request } of interrupt.answers) {
      request.submitted = Math.min(request.submitted, interrupt.at - BEFORE);
    }
  }
  if (ringIndex !== null) advanceByRingIndex(requests, interrupts, ringIndex);
  requests.sort((a, b) => a.submitted - b.submitted);
}

function advanceByRingIndex(
  requests: readonly CapturedRequest[],
  interrupts: readonly CapturedInterrupt[],
  ringIndex: number,
): void {
  const onRing = requests.filter(isOnRing);
  const withGrants = onRing.filter((request) => request.grants.length > 0);
  const without = onRing.filter((request) => request.grants.length === 0);
  for (const interrupt of interrupts) {
    const produced = interrupt.event?.requestsProduced ?? null;
    if (produced === null || without.length === 0) continue;
    const isBefore = ({ submitted }: CapturedRequest): boolean => submitted < interrupt.at;
    const open = without.filter(
      (request) => request.begun < interrupt.at && request.submitted > interrupt.at,
    );
    if (open.length === 0) continue;
    const known = withGrants.filter(isBefore).length + without.filter(isBefore).length;
    const more = ((produced - ringIndex) >>> 0) - known;
    for (const request of open.slice(0, Math.max(0, more)))
      request.submitted = interrupt.at - BEFORE;
  }
}

/**
 * The value of the ring's indexes when the capture began: the first interrupt shows how many requests
 * there were until then. Null without an interrupt, or when its probe could not read the ring.
 */
export function ringIndexAtStart(
  requests: readonly CapturedRequest[],
  interrupts: readonly CapturedInterrupt[],
): number | null {
  const first = interrupts.find(({ event }) => typeof event?.requestsProduced === "number");
  const event = first?.event;
  if (!first || !event || event.requestsProduced === null) return null;
  const answered = new Set<CapturedRequest>();
  for (const interrupt of interrupts) {
    if (interrupt.at > first.at) break;
    for (const { request } of interrupt.answers) answered.add(request);
  }
  const certain = requests.filter(
    (request) => isOnRing(request) && (request.submitted < first.at || answered.has(request)),
  ).length;
  const open = requests.filter(
    (request) =>
      isOnRing(request) &&
      request.grants.length === 0 &&
      request.begun < first.at &&
      request.submitted > first.at &&
      !answered.has(request),
  ).length;
  const index = (event.requestsProduced - certain) >>> 0;
  const consumed = event.responsesConsumed;
  // With nothing in flight at the start the consumer's index is the same; that decides about a
  // request of which the interrupt came in the middle.
  return open > 0 && consumed !== null && index !== consumed && (index - open) >>> 0 === consumed
    ? consumed
    : index;
}
