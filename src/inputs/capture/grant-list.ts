/**
 * Follows the driver's list of free grants through a capture. The list's discipline is strict: a
 * request takes from the head, and what the back end keeps mapped comes back to the head. So the part
 * of the list that the capture never shows need not be known to predict the rest, and what is taken
 * from below everything that came back tells how the list began.
 */

import type { CapturedGrant } from "./requests.js";
import type { EndedGrant, SweptGrant } from "./completions.js";
import type { GrantEvent } from "./trace-event.js";

/** References that one grant of a request got. */
export interface TakenGrant {
  /** The grant of the piece itself; null when it was not seen. */
  gref: number | null;
  /** The indirect frame that was taken just before it. */
  frame: number | null;
}

export interface ListMismatch {
  line: number;
  message: string;
}

/** Entries of an indirect frame. */
const SEGMENTS_PER_FRAME = 512;
const OP_INDIRECT = 6;

/** Whether an indirect frame is taken just before this grant. */
export function takesFrame({ op, index }: GrantEvent): boolean {
  return op === OP_INDIRECT && (index ?? 0) % SEGMENTS_PER_FRAME === 0;
}

export class GrantList {
  /** Live grants at the start, head first, as far as they are known. */
  readonly initial: number[] = [];
  /** How often the head was predicted, and how often that was right. */
  predicted = 0;
  agreed = 0;
  /** The first place where the list is not what the events before it make it. */
  mismatch: ListMismatch | null = null;
  /** What is known of the head of the list now. */
  private known: number[] = [];
  /** Number of live grants at the start; null until an event tells. */
  private total: number | null = null;
  /** The list as the last sweep showed it, without what was known then. */
  private swept: number[] = [];
  /** Live grants at the start that the sweep ended before they were taken. */
  private readonly endedUnseen = new Set<number>();
  private touched = false;

  /** Live grants at the start that no event names; null when their number is unknown. */
  get unseen(): number | null {
    return this.total === null ? null : Math.max(0, this.total - this.initial.length);
  }

  /** Takes what the request's function took at this event. */
  take(grant: CapturedGrant): TakenGrant {
    this.touched = true;
    const { event } = grant;
    const fresh = [...grant.newReferences];
    if (event.live !== null) this.count(event.live, event.line);
    const [next0, next1] = event.next ?? [undefined, undefined];
    if (takesFrame(event)) {
      const frame = this.takeHead(next0, event.line) ?? fresh.shift() ?? null;
      // With a single live grant the second entry is one without reference, or the list's own head.
      const second = event.live !== null && event.live < 2 ? null : next1;
      const gref = this.takeHead(second, event.line) ?? fresh.shift() ?? null;
      return { gref, frame };
    }
    const gref = this.takeHead(next0, event.line) ?? fresh.shift() ?? null;
    const isSecondLive = event.live !== null && event.live >= 2;
    if (isSecondLive && typeof next1 === "number" && this.known.length === 0) this.learn(next1);
    return { gref, frame: null };
  }

  /** Takes for a piece whose event was missed; null when the head is not known. */
  takeUnseen(line: number): number | null {
    this.touched = true;
    const gref = this.known.shift();
    if (gref !== undefined) return gref;
    if (this.unseen !== 0) {
      this.lose(line, "Events that set up grants are missing, so the driver's list is not known");
    }
    return null;
  }

  /** Puts back what an interrupt could not end. */
  putBack(grant: EndedGrant): void {
    if (grant.ended) return;
    this.known.unshift(grant.gref);
    // It belongs to a request from before the capture; for the start it is as if it had come back.
    if (!this.touched && this.mismatch === null) this.initial.unshift(grant.gref);
  }

  /** A sweep of the driver walks the whole list from the head, and names every live grant. */
  sweep(run: readonly SweptGrant[]): void {
    for (const { gref, ended } of run) {
      if (!ended) continue;
      const at = this.known.indexOf(gref);
      if (at >= 0) this.known.splice(at, 1);
      else this.endedUnseen.add(gref);
    }
    const still = run.filter(({ ended }) => !ended).map(({ gref }) => gref);
    const head = this.known[0];
    const at = head === undefined ? 0 : still.indexOf(head);
    if (at < 0) return;
    // Of another disk's list, which the same sweep walks, nothing here is part.
    if (!this.known.every((gref, i) => still[at + i] === gref)) return;
    this.swept = still.slice(at + this.known.length);
    if (head !== undefined && this.total !== null) this.learnSwept(this.swept);
  }

  /** From here on events are missing: what is known of the list cannot be trusted any more. */
  lose(line: number, message: string): void {
    this.mismatch ??= { line, message };
    this.known = [];
    this.swept = [];
  }

  /** Completes the start with what a sweep showed and no request took. */
  finish(): void {
    if (this.mismatch === null && this.total !== null && this.swept.length > 0) {
      const last = this.initial[this.initial.length - 1];
      const at = last === undefined ? -1 : this.swept.indexOf(last);
      if (at >= 0) this.learnSwept(this.swept.slice(at + 1));
    }
    for (const gref of this.endedUnseen) {
      if (!this.initial.includes(gref)) this.initial.push(gref);
    }
  }

  private get lost(): boolean {
    return this.mismatch !== null;
  }

  private count(live: number, line: number): void {
    if (this.lost) return;
    if (this.total === null) {
      this.total = live - this.known.length + this.initial.length + this.endedUnseen.size;
      return;
    }
    const expected = this.known.length + this.total - this.initial.length - this.endedUnseen.size;
    if (live !== expected) {
      this.lose(
        line,
        `The driver's list has ${live} live grants here, but the events before this line leave ${expected}`,
      );
    }
  }

  private learn(gref: number): void {
    const at = this.swept.indexOf(gref);
    if (at >= 0 && !this.lost && this.total !== null) {
      this.learnSwept(this.swept.slice(at));
      return;
    }
    this.known.push(gref);
    if (!this.lost) this.initial.push(gref);
  }

  private learnSwept(part: readonly number[]): void {
    const room = (this.total ?? 0) - this.initial.length - this.endedUnseen.size;
    const learnt = part.slice(0, Math.max(0, room));
    this.known.push(...learnt);
    this.initial.push(...learnt);
    this.swept = [];
  }

  /**
   * Takes the head. `seen` is the reference that the event shows there: null for an entry without
   * one, undefined when the event does not tell.
   */
  private takeHead(seen: number | null | undefined, line: number): number | null {
    const known = this.known[0];
    if (seen === undefined) return this.known.shift() ?? null;
    if (known !== undefined) {
      this.predicted++;
      if (known === seen) {
        this.agreed++;
      } else {
        const found = seen === null ? "an entry without reference" : `reference ${seen}`;
        this.lose(
          line,
          `The head of the driver's list is ${found}, but the events before this line leave ${known} there`,
        );
      }
    } else if (this.unseen === 0 && !this.lost) {
      this.predicted++;
      if (seen === null) {
        this.agreed++;
      } else {
        this.lose(
          line,
          `The head of the driver's list is reference ${seen}, but the events before this line leave no live grant`,
        );
      }
    } else if (seen !== null) {
      this.learn(seen);
    } else if (!this.lost) {
      this.total ??= this.initial.length;
    }
    this.known.shift();
    return seen;
  }
}
