/**
 * Plays the requests and interrupts of a capture through the driver's lists, to find where they stood
 * when the capture began and which references each request got.
 */

import { RESERVED_GRANTS } from "../driver-limits.js";
import { grantCount } from "./buffers.js";
import type { CapturedInterrupt, EndedGrant, SweptGrant } from "./completions.js";
import { FreeReferences } from "./free-references.js";
import { GrantList, takesFrame } from "./grant-list.js";
import {
  isPutBack,
  isRefused,
  kindOf,
  type CapturedGrant,
  type CapturedRequest,
} from "./requests.js";
import { ShadowIds } from "./shadow-ids.js";

/** References of one request, in the order of its grants. */
export interface RequestReferences {
  grefs: (number | null)[];
  frames: (number | null)[];
}

/** An interrupt that lacks events of grants it must have ended. */
export interface Repair {
  line: number;
  expected: number;
  seen: number;
}

export interface ReplayedLists {
  list: GrantList;
  references: FreeReferences;
  ids: ShadowIds;
  byRequest: Map<CapturedRequest, RequestReferences>;
  repairs: Repair[];
  /** Lines of grants whose new reference had to be told from what was reserved. */
  unseenReferences: number[];
}

type Item =
  | { at: number; request: CapturedRequest }
  | { at: number; interrupt: CapturedInterrupt }
  | { at: number; sweep: SweptGrant[] };

/** Sweeps with nothing between them are one walk along the list. */
function itemsInOrder(
  requests: readonly CapturedRequest[],
  interrupts: readonly CapturedInterrupt[],
  sweeps: readonly SweptGrant[],
): Item[] {
  const items: Item[] = [
    ...requests
      .filter((request) => !isPutBack(request) && !isRefused(request))
      .map((request) => ({ at: request.submitted, request })),
    ...interrupts.map((interrupt) => ({ at: interrupt.at, interrupt })),
    ...sweeps.map((grant) => ({ at: grant.at, sweep: [grant] })),
  ];
  items.sort((a, b) => a.at - b.at);
  const joined: Item[] = [];
  for (const item of items) {
    const last = joined[joined.length - 1];
    if (last && "sweep" in last && "sweep" in item) last.sweep.push(...item.sweep);
    else joined.push(item);
  }
  return joined;
}

class Replay implements ReplayedLists {
  readonly list = new GrantList();
  readonly references = new FreeReferences();
  readonly ids = new ShadowIds();
  readonly byRequest = new Map<CapturedRequest, RequestReferences>();
  readonly repairs: Repair[] = [];
  readonly unseenReferences: number[] = [];

  constructor(
    private readonly persistent: boolean,
    /** Requests that were seen to the end. */
    private readonly answered: ReadonlySet<CapturedRequest>,
  ) {}

  submit(request: CapturedRequest): void {
    this.ids.take(request);
    const taken: RequestReferences = { grefs: [], frames: [] };
    this.byRequest.set(request, taken);
    const kind = kindOf(request);
    if (kind && kind.op !== "read" && kind.op !== "write") return;
    const count = grantCount(request);
    let next = 0;
    for (let index = 0; index < count; index++) {
      const grant = request.grants[next];
      if (grant && (grant.event.index === null || grant.event.index === index)) {
        next++;
        this.takeSeen(grant, taken);
      } else if (request.returned !== null || this.answered.has(request)) {
        taken.grefs.push(this.list.takeUnseen(request.line));
      }
    }
  }

  private takeSeen(seen: CapturedGrant, taken: RequestReferences): void {
    const grant = this.withReserved(seen);
    const { gref, frame } = this.list.take(grant);
    if (frame !== null) taken.frames.push(frame);
    taken.grefs.push(gref);
    for (const fresh of grant.newReferences) this.references.take(fresh, grant.event.line);
  }

  /** A fresh reference whose event was missed is the first of those that were reserved. */
  private withReserved(grant: CapturedGrant): CapturedGrant {
    const { event, newReferences } = grant;
    const { reserved, next } = event;
    if (next === null || reserved === null || newReferences[0] === reserved) return grant;
    const fresh = takesFrame(event) ? next : next.slice(0, 1);
    if (newReferences.length >= fresh.filter((gref) => gref === null).length) return grant;
    this.unseenReferences.push(event.line);
    return { event, newReferences: [reserved, ...newReferences] };
  }

  interrupt(interrupt: CapturedInterrupt): void {
    for (const ended of this.withMissing(interrupt)) {
      this.list.putBack(ended);
      if (ended.ended) this.references.free(ended.gref);
    }
    for (const { request } of interrupt.answers) this.ids.release(request);
  }

  sweep(run: readonly SweptGrant[]): void {
    this.list.sweep(run);
    for (const { gref, ended } of run) if (ended) this.references.free(gref);
  }

  /**
   * What the interrupt did to the grants of the requests that it answered. The order is known, the
   * grants of each request and then its frames, so that events that were missed can be put in.
   */
  private withMissing(interrupt: CapturedInterrupt): readonly EndedGrant[] {
    const { ended } = interrupt;
    if (interrupt.strangers > 0) return ended;
    const expected = interrupt.answers.flatMap(({ request }) => {
      const taken = this.byRequest.get(request);
      return taken ? [...taken.grefs, ...taken.frames] : [];
    });
    if (ended.length >= expected.length) return ended;
    this.repairs.push({ line: interrupt.line, expected: expected.length, seen: ended.length });
    let next = 0;
    const repaired: EndedGrant[] = [];
    for (const gref of expected) {
      const seen = ended[next];
      if (seen && seen.gref === gref) {
        repaired.push(seen);
        next++;
      } else if (gref !== null) {
        repaired.push({ gref, ended: !this.persistent, line: interrupt.line });
      }
    }
    return next === ended.length ? repaired : ended;
  }
}

/** `requests` are those of one disk, in the order of submission. */
export function replayLists(
  requests: readonly CapturedRequest[],
  interrupts: readonly CapturedInterrupt[],
  sweeps: readonly SweptGrant[],
  persistent: boolean,
): ReplayedLists {
  const answered = new Set(interrupts.flatMap(({ answers }) => answers.map((a) => a.request)));
  const replay = new Replay(persistent, answered);
  for (const item of itemsInOrder(requests, interrupts, sweeps)) {
    if ("request" in item) replay.submit(item.request);
    else if ("interrupt" in item) replay.interrupt(item.interrupt);
    else replay.sweep(item.sweep);
  }
  replay.list.finish();
  return replay;
}

/** References that no event names, from the lowest on, for live grants whose number alone is known. */
export function inventReferences(count: number, used: ReadonlySet<number>, from: number): number[] {
  const invented: number[] = [];
  for (let gref = RESERVED_GRANTS + from; invented.length < count; gref++) {
    if (!used.has(gref)) invented.push(gref);
  }
  return invented;
}
