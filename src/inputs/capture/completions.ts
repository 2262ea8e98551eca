/**
 * Which interrupt answered which request. `block_rq_complete` is the authority: block events are
 * never missed, while an interrupt can lack its own events and those of the driver.
 */

import { NO_SECTOR } from "../../core/linux/request.js";
import type { ResponseSettings } from "../../core/scenario.js";
import { SECTOR_BYTES } from "../driver-limits.js";
import {
  bytesOf,
  grantedBytes,
  isPutBack,
  isRefused,
  sectorOf,
  type CapturedRequest,
} from "./requests.js";
import type { InterruptEvent, TraceEvent } from "./trace-event.js";

export interface Answer {
  request: CapturedRequest;
  status: ResponseSettings["status"];
  line: number;
  /** No event shows the answer; the ring's index does. */
  inferred?: true;
}

/** An attempt of the driver to end a grant. */
export interface EndedGrant {
  gref: number;
  /** False: the back end still maps it. */
  ended: boolean;
  line: number;
}

export interface CapturedInterrupt {
  /** Position among all events. */
  at: number;
  line: number;
  /** Null when the interrupt's own event was missed. */
  event: InterruptEvent | null;
  answers: Answer[];
  /** Answers to requests that had been submitted before the capture began. */
  strangers: number;
  /** Grants that the driver tried to end, in order. */
  ended: EndedGrant[];
  /** The driver's `complete` events in it, and the answers that were seen while it ran. */
  completeEvents: number;
  answersInside: number;
  /** Responses it took, as the ring index of the next interrupt shows; null when unknown. */
  taken: number | null;
}

/** The driver's own sweep of grants that are no longer used. */
export interface SweptGrant extends EndedGrant {
  at: number;
}

export interface Completions {
  interrupts: CapturedInterrupt[];
  sweeps: SweptGrant[];
  /** Line of the first answer to a request from before the capture; null when there is none. */
  firstStranger: number | null;
}

const EOPNOTSUPP = -95;

function statusOf(error: number): ResponseSettings["status"] {
  if (error === 0) return "okay";
  return error === EOPNOTSUPP ? "unsupported" : "error";
}

function keyOf(sector: number, sectors: number): string {
  return sector === NO_SECTOR ? "flush" : `${sector}+${sectors}`;
}

/** The requests that wait for an answer, found by what an answer says. */
class Waiting {
  private readonly byPlace = new Map<string, CapturedRequest[]>();
  private readonly byPointer = new Map<string, CapturedRequest>();
  private readonly taken = new Set<CapturedRequest>();

  add(request: CapturedRequest): void {
    const sector = sectorOf(request);
    const bytes = bytesOf(request) ?? grantedBytes(request);
    if (sector !== null) {
      const key = keyOf(sector, bytes / SECTOR_BYTES);
      const queue = this.byPlace.get(key);
      if (queue) queue.push(request);
      else this.byPlace.set(key, [request]);
    }
    if (request.queued?.rq) this.byPointer.set(request.queued.rq, request);
  }

  takeAt(sector: number, sectors: number): CapturedRequest | undefined {
    const key = keyOf(sector, sectors);
    const queue = this.byPlace.get(key) ?? [];
    let request = queue.shift();
    while (request && this.taken.has(request)) request = queue.shift();
    if (queue.length === 0) this.byPlace.delete(key);
    if (request) this.taken.add(request);
    return request;
  }

  takePointer(rq: string): CapturedRequest | undefined {
    const request = this.byPointer.get(rq);
    this.byPointer.delete(rq);
    if (!request || this.taken.has(request)) return undefined;
    this.taken.add(request);
    return request;
  }
}

interface Orphan {
  at: number;
  answer: Answer;
  inInterrupt: boolean;
}

class Collector {
  readonly interrupts: CapturedInterrupt[] = [];
  readonly sweeps: SweptGrant[] = [];
  readonly orphans: Orphan[] = [];
  firstStranger: number | null = null;
  private readonly waiting = new Waiting();
  /** The interrupt that runs on a processor; null for one of another disk. */
  private readonly running = new Map<number, CapturedInterrupt | null>();
  private readonly ending = new Map<number, number>();
  /** Position of the first request that was not yet seen. */
  private next = 0;

  constructor(
    private readonly requests: readonly CapturedRequest[],
    private readonly vdev: number,
    private readonly device: string,
    private readonly byBlockEvents: boolean,
  ) {}

  take(event: TraceEvent, at: number): void {
    for (let request = this.requests[this.next]; request && request.begun <= at;) {
      if (!isPutBack(request)) this.waiting.add(request);
      request = this.requests[++this.next];
    }
    if (event.inInterrupt === false) this.running.delete(event.cpu);
    switch (event.kind) {
      case "interrupt":
        this.beginInterrupt(event, at);
        return;
      case "interrupt-return":
        this.running.delete(event.cpu);
        return;
      case "end-reference":
        this.ending.set(event.cpu, event.gref);
        return;
      case "end-reference-return": {
        const gref = this.ending.get(event.cpu);
        this.ending.delete(event.cpu);
        if (gref === undefined) return;
        const grant: EndedGrant = { gref, ended: event.ended, line: event.line };
        if (/delay_work|purge_persistent/.test(event.caller)) this.sweeps.push({ ...grant, at });
        else this.running.get(event.cpu)?.ended.push(grant);
        return;
      }
      case "complete": {
        const interrupt = this.running.get(event.cpu);
        if (interrupt) interrupt.completeEvents++;
        if (this.byBlockEvents || event.rq === null) return;
        const request =
          this.waiting.takePointer(event.rq) ??
          this.waiting.takeAt(event.sector ?? -2, (event.bytes ?? 0) / SECTOR_BYTES);
        if (request) this.answer(request, "okay", event, at);
        else if ((event.bytes ?? 0) > 0) this.stranger(event);
        return;
      }
      case "block-complete": {
        if (!this.byBlockEvents || event.device !== this.device) return;
        const request = this.waiting.takeAt(event.sector, event.sectors);
        if (request) this.answer(request, statusOf(event.error), event, at);
        // The second event of a flush has neither sector nor length.
        else if (event.sectors > 0 || event.sector === NO_SECTOR) this.stranger(event);
        return;
      }
      default:
        return;
    }
  }

  private beginInterrupt(event: InterruptEvent, at: number): void {
    if (event.vdev !== null && event.vdev !== this.vdev) {
      this.running.set(event.cpu, null);
      return;
    }
    const interrupt = newInterrupt(at, event.line, event);
    this.interrupts.push(interrupt);
    this.running.set(event.cpu, interrupt);
  }

  private answer(
    request: CapturedRequest,
    status: ResponseSettings["status"],
    event: TraceEvent,
    at: number,
  ): void {
    // What the driver refused was never on the ring; the block layer ends it by itself.
    if (isRefused(request)) return;
    const answer: Answer = { request, status, line: event.line };
    const interrupt = this.running.get(event.cpu);
    if (interrupt) {
      interrupt.answers.push(answer);
      interrupt.answersInside++;
    } else this.orphans.push({ at, answer, inInterrupt: event.inInterrupt === true });
  }

  private stranger(event: TraceEvent): void {
    this.firstStranger ??= event.line;
    const interrupt = this.running.get(event.cpu);
    if (interrupt) interrupt.strangers++;
  }
}

function newInterrupt(at: number, line: number, event: InterruptEvent | null): CapturedInterrupt {
  return {
    at,
    line,
    event,
    answers: [],
    strangers: 0,
    ended: [],
    completeEvents: 0,
    answersInside: 0,
    taken: null,
  };
}

/** From each interrupt to the next of the same ring the consumer's index grows by what it took. */
function countResponses(interrupts: readonly CapturedInterrupt[]): void {
  const nextIndex = new Map<string, number>();
  for (let i = interrupts.length - 1; i >= 0; i--) {
    const interrupt = interrupts[i];
    const from = interrupt?.event?.responsesConsumed ?? null;
    if (!interrupt || from === null) continue;
    const ring = interrupt.event?.ring ?? "";
    const to = nextIndex.get(ring);
    if (to !== undefined) interrupt.taken = (to - from) >>> 0;
    nextIndex.set(ring, from);
  }
}

/** Responses of an interrupt whose answers were not seen; null when their number is unknown. */
export function missingAnswers(interrupt: CapturedInterrupt): number | null {
  if (interrupt.taken === null) return null;
  return interrupt.taken - interrupt.answers.length - interrupt.strangers;
}

/**
 * Gives the answers that were seen outside of an interrupt to one. In a hardware interrupt the
 * interrupt's own event was missed: it gets one without. Elsewhere another processor finished what an
 * earlier interrupt had taken from the ring: it belongs to the first that lacks an answer. A trace
 * without any interrupt does not tell which answers came together: each gets its own.
 */
function placeOrphans(
  interrupts: CapturedInterrupt[],
  orphans: readonly Orphan[],
  events: readonly TraceEvent[],
): void {
  const seen = [...interrupts];
  let first = 0;
  let made: CapturedInterrupt | null = null;
  let madeAt = 0;
  for (const { at, answer, inInterrupt } of orphans) {
    if (!inInterrupt) {
      // The number that the last interrupt took is unknown: it takes what is left.
      while (first < seen.length && (missingAnswers(seen[first]!) ?? 1) <= 0) first++;
      const home = seen[first];
      if (home && home.at < at) {
        home.answers.push(answer);
        continue;
      }
    }
    const together =
      made !== null &&
      seen.length > 0 &&
      events
        .slice(madeAt + 1, at)
        .every(({ kind }) => !/^(queue|grant|interrupt|block-issue)$/.test(kind));
    if (made === null || !together) {
      made = newInterrupt(at, answer.line, null);
      interrupts.push(made);
    }
    made.answers.push(answer);
    madeAt = at;
  }
  interrupts.sort((a, b) => a.at - b.at);
}

/** Position of the next interrupt whose own event was seen. */
export function nextSeen(interrupts: readonly CapturedInterrupt[], from: number): number {
  let next = from + 1;
  while (next < interrupts.length && interrupts[next]?.event === null) next++;
  return next;
}

/**
 * Responses of an interrupt that cannot be found. What interrupts without an event of their own
 * answered after it is counted by the ring's index too, but was found.
 */
export function unfoundAnswers(interrupts: readonly CapturedInterrupt[], at: number): number {
  const interrupt = interrupts[at];
  const missing = interrupt ? (missingAnswers(interrupt) ?? 0) : 0;
  if (missing <= 0) return 0;
  const made = interrupts.slice(at + 1, nextSeen(interrupts, at));
  return Math.max(0, missing - made.reduce((sum, { answers }) => sum + answers.length, 0));
}

/**
 * A response without any event, of which the ring's index alone tells, answers the oldest request that
 * nothing else answers.
 */
function inferAnswers(
  interrupts: readonly CapturedInterrupt[],
  requests: readonly CapturedRequest[],
): void {
  const answered = new Set(interrupts.flatMap(({ answers }) => answers.map((a) => a.request)));
  const waiting = requests.filter(
    (request) => !answered.has(request) && !isPutBack(request) && !isRefused(request),
  );
  interrupts.forEach((interrupt, i) => {
    for (let left = unfoundAnswers(interrupts, i); left > 0; left--) {
      const [oldest] = waiting;
      if (!oldest || oldest.submitted > interrupt.at) return;
      waiting.shift();
      interrupt.answers.push({
        request: oldest,
        status: "okay",
        line: interrupt.line,
        inferred: true,
      });
      interrupt.answers.sort((a, b) => a.request.submitted - b.request.submitted);
    }
  });
}

/**
 * Follows the answers through the capture. `requests` are those of one disk in the order in which
 * they were first seen, `device` is the disk's `major,minor`.
 */
export function followCompletions(
  events: readonly TraceEvent[],
  requests: readonly CapturedRequest[],
  vdev: number,
  device: string,
): Completions {
  const byBlockEvents = events.some(
    (event) => event.kind === "block-complete" && event.device === device,
  );
  const collector = new Collector(requests, vdev, device, byBlockEvents);
  events.forEach((event, at) => collector.take(event, at));
  const { interrupts, orphans, sweeps, firstStranger } = collector;
  countResponses(interrupts);
  placeOrphans(interrupts, orphans, events);
  inferAnswers(interrupts, requests);
  return { interrupts, sweeps, firstStranger };
}
