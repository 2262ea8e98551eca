/** Which request and which shadow entry a stop is about: what the scopes of those names show. */
import type { blk_shadow } from "../core/blkfront/patch-v2/blkfront-info.js";
import type { request } from "../core/linux/request.js";
import type { Machine } from "../core/machine.js";
import type { TraceEvent } from "../core/tracepoints.js";
import { recognise } from "./present/plain.js";
import type { FrameView, MomentView, StepEvent } from "./recording.js";

export interface InHand {
  readonly request: request | null;
  readonly shadow: blk_shadow | null;
}

const NOTHING: InHand = { request: null, shadow: null };

function byShadow(machine: Machine, shadow: blk_shadow | undefined): InHand {
  if (shadow === undefined || !machine.info.shadow.includes(shadow)) return NOTHING;
  return { request: shadow.request, shadow };
}

function byRequest(machine: Machine, held: request): InHand {
  const shadow = machine.info.shadow.find((entry) => entry.request === held) ?? null;
  return { request: held, shadow };
}

/** What a variable of a frame says. */
function ofVariable(machine: Machine, name: string, value: unknown): InHand {
  if (name === "id" && typeof value === "number") return byShadow(machine, machine.info.shadow[value]);
  if (typeof value !== "object" || value === null) return NOTHING;
  const kind = recognise(value);
  if (kind === "blk_shadow") return byShadow(machine, value as blk_shadow);
  if (kind === "request") return byRequest(machine, value as request);
  // What the driver hands to each grant, and what the back end works on, carry the entry or its id.
  if ("s" in value) return ofVariable(machine, "s", value.s);
  if (kind === null && "id" in value) return ofVariable(machine, "id", value.id);
  return NOTHING;
}

function better(one: InHand, other: InHand): InHand {
  return { request: one.request ?? other.request, shadow: one.shadow ?? other.shadow };
}

function ofFrame(machine: Machine, frame: FrameView): InHand {
  let found = NOTHING;
  for (const { name, value } of frame.variables) {
    found = better(found, ofVariable(machine, name, value));
    if (found.request !== null && found.shadow !== null) break;
  }
  return found;
}

/** The same request in another copy of the machine. */
function sameRequest(machine: Machine, held: { nr: number; part: number }): request | undefined {
  return machine.requests.find((own) => own.nr === held.nr && own.part === held.part);
}

function ofEvent(machine: Machine, event: TraceEvent): InHand {
  if ("req" in event) {
    const own = sameRequest(machine, event.req);
    if (own !== undefined) return byRequest(machine, own);
  }
  if ("id" in event) return byShadow(machine, machine.info.shadow[event.id]);
  return NOTHING;
}

/** The index of the first event of a step after this one. */
function eventsUpTo(events: readonly StepEvent[], step: number): number {
  let [low, high] = [0, events.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((events[middle] as StepEvent).step < step) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** How far back the trace is searched for a request: between two of them there are never so many events. */
const FAR = 64;

/**
 * What the frames name, the innermost first; else what the last thing that happened was about, so that the
 * scopes do not go empty between two functions.
 */
export function inHand(moment: MomentView, events: readonly StepEvent[]): InHand {
  const { machine } = moment;
  let found = NOTHING;
  for (const frame of moment.stack) {
    found = better(found, ofFrame(machine, frame));
    if (found.request !== null && found.shadow !== null) return found;
  }
  if (found.request !== null || found.shadow !== null) return found;
  const end = eventsUpTo(events, moment.step);
  for (let at = end - 1; at >= Math.max(0, end - FAR); at--) {
    found = ofEvent(machine, (events[at] as StepEvent).event);
    if (found.request !== null || found.shadow !== null) return found;
  }
  return NOTHING;
}
