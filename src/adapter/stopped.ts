/** What the client is told when the walk stops. */
import type { DebugProtocol } from "@vscode/debugprotocol";
import type { Cause } from "../replay/cursor.js";
import type { Recording } from "../replay/recording.js";
import type { Breakpoint } from "./breakpoints/breakpoint.js";
import { brokenAt, brokenText } from "./broken.js";
import { bugOf } from "./exception.js";
import { threadId } from "./threads.js";

/** Why the walk stands where it stands: what moved the cursor, or the user's wish to pause. */
export type Why = Cause | "pause";

const AT_END = "End of the recording";
const AT_START = "Start of the recording";

function atEnd(recording: Recording): string {
  switch (recording.end) {
    case "bug":
      return `${AT_END}: the kernel stopped`;
    case "limit":
      return `${AT_END}: it has as many steps as it may have`;
    case "cancelled":
      return `${AT_END}: it was cancelled here`;
    case "done":
      return AT_END;
  }
}

/** Of several breakpoints the one that says the most gives the reason. */
const REASONS: readonly Breakpoint["cause"][] = [
  "exception",
  "data breakpoint",
  "breakpoint",
  "function breakpoint",
];

function hitBody(recording: Recording, step: number, hits: readonly Breakpoint[]) {
  const reason = REASONS.find((cause) => hits.some((hit) => hit.cause === cause)) ?? "breakpoint";
  const texts = hits.flatMap(({ say }) => say?.(recording, step) ?? []);
  return {
    reason,
    hitBreakpointIds: hits.map(({ id }) => id),
    ...(texts.length > 0 ? { description: `Paused on ${reason}`, text: texts.join("\n") } : {}),
  };
}

/**
 * The body of a `stopped` event.
 * @param hits the breakpoints that stop at this step
 * @param stopsAtBug whether the end of the machine counts as an exception
 */
export function stoppedBody(
  recording: Recording,
  step: number,
  why: Why,
  hits: readonly Breakpoint[],
  stopsAtBug: boolean,
): DebugProtocol.StoppedEvent["body"] {
  const common = { threadId: threadId(recording.threadAt(step)), allThreadsStopped: true };
  switch (why) {
    case "breakpoint":
      return { ...common, ...hitBody(recording, step, hits) };
    case "end": {
      const bug = bugOf(recording);
      if (bug !== null && stopsAtBug) {
        return {
          ...common,
          reason: "exception",
          description: `Paused on ${bug.what}`,
          text: bug.text,
        };
      }
      const text = atEnd(recording);
      return { ...common, reason: "step", description: text, text };
    }
    case "broken":
      return {
        ...common,
        reason: "exception",
        description: "Paused on a broken invariant",
        text: brokenAt(recording, step).map(brokenText).join("\n"),
      };
    case "start":
      return { ...common, reason: "step", description: AT_START, text: AT_START };
    default:
      return { ...common, reason: why };
  }
}
