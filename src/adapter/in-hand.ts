/** Which request and which shadow entry a stop is about: what the scopes of those names show. */
import type { blk_shadow } from "../core/blkfront/patch-v2/blkfront-info.js";
import type { pending_req } from "../core/blkback/backend.js";
import type { bio } from "../core/linux/bio.js";
import type { request } from "../core/linux/request.js";
import type { Machine } from "../core/machine.js";
import type { blkif_request } from "../core/xen/blkif.js";
import type { Frame, Moment } from "../replay/moment.js";
import type { EventKind, LoggedEvent, TraceLog } from "../replay/trace-log.js";
import { recognise } from "./present/plain.js";

export interface InHand {
  readonly request: request | null;
  readonly shadow: blk_shadow | null;
}

const NOTHING: InHand = { request: null, shadow: null };

function byShadow(machine: Machine, shadow: blk_shadow | undefined): InHand {
  if (shadow === undefined || !machine.info.shadow.includes(shadow)) return NOTHING;
  return { request: shadow.request, shadow };
}

function byRequest(machine: Machine, held: request | undefined): InHand {
  if (held === undefined) return NOTHING;
  const shadow = machine.info.shadow.find((entry) => entry.request === held) ?? null;
  return { request: held, shadow };
}

/** The names under which a shadow id goes, in the driver and in what it hands to each grant. */
const IDS = new Set(["id", "free"]);

/** What a variable of a frame says. */
function ofVariable(machine: Machine, name: string, value: unknown): InHand {
  if (typeof value === "number" && IDS.has(name)) {
    return byShadow(machine, machine.info.shadow[value]);
  }
  if (typeof value !== "object" || value === null) return NOTHING;
  switch (recognise(value)) {
    case "blk_shadow":
      return byShadow(machine, value as blk_shadow);
    case "request":
      return byRequest(machine, value as request);
    case "blkif_request":
      // All that the back end knows a request by.
      return byShadow(machine, machine.info.shadow[(value as blkif_request).u.rw.id]);
    case "pending_req":
      return ofVariable(machine, "req", (value as pending_req).req);
    case "bio":
      return byRequest(
        machine,
        machine.requests.find((req) => req.bio.includes(value as bio)),
      );
    case null:
      if ("s" in value) return ofVariable(machine, "s", value.s);
      if ("req" in value) return ofVariable(machine, "req", value.req);
      return "id" in value ? ofVariable(machine, "id", value.id) : NOTHING;
    default:
      return NOTHING;
  }
}

function better(one: InHand, other: InHand): InHand {
  return { request: one.request ?? other.request, shadow: one.shadow ?? other.shadow };
}

function whole(found: InHand): boolean {
  return found.request !== null && found.shadow !== null;
}

function ofFrame(machine: Machine, frame: Frame): InHand {
  let found = NOTHING;
  for (const [name, value] of frame.variables) {
    found = better(found, ofVariable(machine, name, value));
    if (whole(found)) break;
  }
  return found;
}

/** The tracepoints that say which request is being worked on. */
const TELLING = [
  "request_start",
  "request_id",
  "request_queued",
  "backend_response",
  "response_taken",
  "request_end",
] as const satisfies readonly EventKind[];

function ofTrace(machine: Machine, trace: TraceLog, step: number): InHand {
  let last: LoggedEvent<(typeof TELLING)[number]> | null = null;
  for (const kind of TELLING) {
    // An event has the step at which it is true, so those of this step are to be counted.
    const event = trace.lastBefore(kind, step + 1);
    if (event !== null && (last === null || event.index > last.index)) last = event;
  }
  if (last === null) return NOTHING;
  const { event } = last;
  if ("req" in event) return byRequest(machine, machine.requests[event.req]);
  return byShadow(machine, machine.info.shadow[event.id]);
}

/**
 * What the frames name, the innermost first; else what the last thing that happened was about, so that the
 * scopes do not go empty between two functions.
 */
export function inHand(moment: Moment, trace: TraceLog): InHand {
  const { machine } = moment;
  let found = NOTHING;
  for (const frame of moment.stack) {
    found = better(found, ofFrame(machine, frame));
    if (whole(found)) return found;
  }
  return found.request !== null || found.shadow !== null
    ? found
    : ofTrace(machine, trace, moment.step);
}
