/** What the driver can go through that one may want to stop at: the protocol's exception filters, bugs and broken invariants apart. */
import type { DebugProtocol } from "@vscode/debugprotocol";
import type { Recording } from "../../replay/recording.js";
import type { EventKind, LoggedEvent, RecordedEvent } from "../../replay/trace-log.js";
import { operationName, statusName } from "../present/constants.js";
import type { Stand } from "./breakpoint.js";

/** Something that a tracepoint tells of. */
export interface Happening {
  readonly filter: string;
  readonly label: string;
  readonly description: string;
  readonly kind: EventKind;
  /** What it says; null for an event of the kind that is none. */
  text(event: RecordedEvent): string | null;
}

function happening<K extends EventKind>(
  kind: K,
  about: Pick<Happening, "filter" | "label" | "description">,
  text: (event: Extract<RecordedEvent, { kind: K }>) => string | null,
): Happening {
  return { ...about, kind, text: (event) => text(event as Extract<RecordedEvent, { kind: K }>) };
}

export const HAPPENINGS: readonly Happening[] = [
  happening(
    "message",
    {
      filter: "warn",
      label: "WARN",
      description: "Stops where the guest's kernel warns that something should not be.",
    },
    ({ level, text }) => (level === "warn" ? text : null),
  ),
  happening(
    "response_taken",
    {
      filter: "errorResponse",
      label: "Error response",
      description: "Stops where the driver takes a response whose status is no success.",
    },
    ({ id, operation, status }) =>
      status === 0
        ? null
        : `${operationName(operation) ?? `operation ${operation}`}, id ${id}: ${statusName(status) ?? `status ${status}`}`,
  ),
  happening(
    "request_busy",
    {
      filter: "noGrants",
      label: "Out of grants",
      description:
        "Stops where a request goes back to the queue because there are not enough grants.",
    },
    ({ max_grefs }) => `A request that can need ${max_grefs} grants has to wait for them.`,
  ),
];

/** The filters as the protocol announces them. */
export const HAPPENING_FILTERS: readonly DebugProtocol.ExceptionBreakpointsFilter[] =
  HAPPENINGS.map(({ filter, label, description }) => ({
    filter,
    label,
    description,
    default: false,
    supportsCondition: true,
    conditionDescription:
      "An expression in C that has to be true, such as info->persistent_gnts_c > 0",
  }));

const found = new WeakMap<Recording, Map<Happening, readonly LoggedEvent[]>>();

/** All of one kind in a recording, in order of time. What happens in the last statement has no step after it. */
function all(recording: Recording, what: Happening): readonly LoggedEvent[] {
  let known = found.get(recording);
  if (known === undefined) {
    known = new Map();
    found.set(recording, known);
  }
  let events = known.get(what);
  if (events === undefined) {
    const { tracepoints, length } = recording;
    events = Array.from({ length: tracepoints.count(what.kind) }, (_, n) =>
      tracepoints.nth(what.kind, n),
    ).filter(({ step, event }) => step < length && what.text(event) !== null);
    known.set(what, events);
  }
  return events;
}

/** What has happened right before a step, of these; with what it says. */
export function happenedAt(
  recording: Recording,
  step: number,
  of: readonly Happening[] = HAPPENINGS,
): { readonly what: Happening; readonly text: string }[] {
  return of.flatMap((what) =>
    all(recording, what)
      .filter((event) => event.step === step)
      .map(({ event }) => ({ what, text: what.text(event) as string })),
  );
}

/** Where a breakpoint on something that happens stands: right after it. */
export function atHappening(what: Happening): Stand {
  return {
    cause: "exception",
    statement: null,
    steps: (recording) => all(recording, what).map(({ step }) => step),
    say: (recording, step) =>
      happenedAt(recording, step, [what])
        .map(({ text }) => `${what.label}: ${text}`)
        .join("\n"),
  };
}
