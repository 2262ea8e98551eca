/** Watches a run and tells which invariants broke in it, and where. */
import type { Machine } from "../machine/state.js";
import type { TraceEvent, TraceListener } from "../tracepoints.js";
import { pool_of } from "./pool.js";
import { INVARIANTS, type InvariantName, type StreamRule } from "./rule.js";
import { RULES } from "./rules.js";

/** Where in a run an invariant was found broken. */
export interface BrokenAt {
  /** The task, from 0; the connection is task 0. */
  readonly task: number;
  /** The event, counted from 0 since the beginning; at the end of a task the one that comes next. */
  readonly event: number;
  /** The event's kind, or `task_end` where the state of the machine was wrong after the task. */
  readonly kind: TraceEvent["kind"] | "task_end";
}

/** The first break of an invariant. */
export interface Broken {
  readonly invariant: InvariantName;
  /** One sentence with the numbers. */
  readonly text: string;
  /** The scenario's number of the request in hand, or null. */
  readonly request: number | null;
  readonly at: BrokenAt;
}

/** A task in which the state broke, or may have: only its end was looked at, or not even that. */
export interface Doubt {
  readonly task: number;
  /** The number of the first event after the task. */
  readonly end: number;
  /** What a closer look can find. */
  readonly invariants: readonly InvariantName[];
}

export interface Watch {
  /** Is given every event of every task. */
  readonly listen: TraceListener;
  /** Is called after each task. */
  afterTask(): void;
  /** In order of time, each invariant once. */
  readonly broken: readonly Broken[];
  /** The tasks that are worth a closer look, in order. */
  readonly doubts: readonly Doubt[];
}

/** The events at which the driver is at rest, so that the rules on the state hold. */
export const REST_EVENTS: ReadonlySet<TraceEvent["kind"]> = new Set([
  "request_start",
  "request_queued",
  "request_busy",
  "response_taken",
  "id_recycled",
  "request_end",
]);

/**
 * Watches a machine from its first task on. Only what happens is looked at while a task runs; the state when it
 * has ended, which takes time in proportion to the pool. Since when in that task it was wrong, and what was wrong
 * before the kernel stopped, is for `watchClosely` to find in a second run of the task.
 */
export function watchInvariants(machine: Machine): Watch {
  return new Watcher(machine, 0, INVARIANTS, false);
}

/**
 * Watches the state at every event at which the driver is at rest, in a run of tasks that is known to break it.
 * @param task the number of the task that the machine runs next; events are counted from there
 * @param invariants those to look for
 */
export function watchClosely(
  machine: Machine,
  task: number,
  invariants: readonly InvariantName[],
): Watch {
  return new Watcher(machine, task, invariants, true);
}

class Watcher implements Watch {
  readonly broken: Broken[] = [];
  readonly doubts: Doubt[] = [];
  private readonly left: Set<InvariantName>;
  private readonly streams: [InvariantName, StreamRule][];
  private events = 0;
  /** The response that is being dealt with: its id, and the number of its request. */
  private response: { readonly id: number; readonly request: number | null } | null = null;

  constructor(
    private readonly machine: Machine,
    private task: number,
    invariants: readonly InvariantName[],
    /** Looks at the state only, but often. */
    private readonly close: boolean,
  ) {
    this.left = new Set(invariants);
    this.streams = invariants.flatMap((name): [InvariantName, StreamRule][] => {
      const { stream } = RULES[name];
      return stream === undefined || close ? [] : [[name, stream(machine)]];
    });
  }

  readonly listen = (event: TraceEvent): void => {
    const { kind } = event;
    if (kind === "response_taken") this.response = { id: event.id, request: this.owner(event.id) };
    for (const [name, rule] of this.streams) {
      const text = this.left.has(name) ? rule.event(event) : null;
      if (text !== null) this.report(name, text, kind, this.inHand(event));
    }
    if (this.close && REST_EVENTS.has(kind)) {
      this.checkState(kind, this.inHand(event));
    }
    this.events++;
  };

  afterTask(): void {
    // Where the kernel stopped the driver is in the middle of something.
    if (this.machine.bug !== null) {
      this.doubt(this.left);
    } else {
      for (const [name, rule] of this.streams) {
        const text = this.left.has(name) ? (rule.rest?.() ?? null) : null;
        if (text !== null) this.report(name, text, "task_end", null);
      }
      const before = this.broken.length;
      this.checkState("task_end", null);
      this.doubt(this.broken.slice(before).map(({ invariant }) => invariant));
    }
    this.task++;
  }

  private doubt(names: Iterable<InvariantName>): void {
    const invariants = [...names].filter((name) => RULES[name].state !== undefined);
    if (invariants.length === 0) return;
    this.doubts.push({ task: this.task, end: this.events, invariants });
  }

  private owner(id: number): number | null {
    return this.machine.info.shadow[id]?.request?.nr ?? null;
  }

  /** The request that an event is about, by the scenario's number for it. */
  private inHand(event: TraceEvent): number | null {
    if ("req" in event) return event.req.nr;
    if (!("id" in event)) return null;
    // An id that has been recycled has no request any more.
    return this.owner(event.id) ?? (this.response?.id === event.id ? this.response.request : null);
  }

  private checkState(kind: BrokenAt["kind"], request: number | null): void {
    if (this.left.size === 0) return;
    const pool = pool_of(this.machine.info);
    for (const name of this.left) {
      const text = RULES[name].state?.(this.machine, pool) ?? null;
      if (text !== null) this.report(name, text, kind, request);
    }
  }

  private report(
    invariant: InvariantName,
    text: string,
    kind: BrokenAt["kind"],
    request: number | null,
  ): void {
    this.left.delete(invariant);
    this.broken.push({
      invariant,
      text,
      request,
      at: { task: this.task, event: this.events, kind },
    });
  }
}
