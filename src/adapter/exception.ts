/** The kernel's ways of stopping, and invariants that broke, as the protocol's exceptions. */
import type { DebugProtocol } from "@vscode/debugprotocol";
import type { RecordedBreak } from "../replay/breaks.js";
import type { Moment } from "../replay/moment.js";
import type { Recording } from "../replay/recording.js";
import { happenedAt } from "./breakpoints/filters.js";
import { brokenAt, brokenText } from "./broken.js";
import type { Context } from "./context.js";
import { Failure, FailureId } from "./failure.js";
import type { Handlers } from "./wire.js";

export interface Bug {
  readonly what: "BUG" | "OOPS" | "HANG";
  /** The C expression of a `BUG_ON`, or `BUG()`; what could not be accessed; or what is waited for. */
  readonly expr: string;
  readonly func: string;
  /** The first line of what the kernel prints. */
  readonly text: string;
}

/** Where the kernel stopped in a recording, or null. */
export function bugOf(recording: Recording): Bug | null {
  const { tracepoints } = recording;
  const count = tracepoints.count("bug");
  if (count === 0) return null;
  const { what, expr, func } = tracepoints.nth("bug", count - 1).event;
  const told = expr === "BUG()" ? expr : `BUG_ON(${expr})`;
  const texts = {
    BUG: `kernel BUG in ${func}: ${told}`,
    OOPS: `Oops in ${func}: ${expr}`,
    HANG: `The kernel hangs in ${func}: ${expr}`,
  };
  const text = texts[what];
  return { what, expr, func, text };
}

/** So many steps at most lie between a statement and the last of the calls among its operands. */
const FAR = 1000;

/**
 * The step of the statement that stopped the kernel. The last steps can be those of functions which were called
 * for an operand of a `BUG_ON`.
 */
export function bugStep(recording: Recording): number {
  const last = recording.length - 1;
  const func = bugOf(recording)?.func;
  for (let step = last; step >= Math.max(0, last - FAR); step--) {
    const { function: own, text } = recording.statementAt(step);
    // A part of the kernel's function can be one of its own here, and then it names the kernel's.
    if (own.name === func || text.includes(`"${func}"`)) return step;
  }
  return last;
}

type ExceptionInfo = DebugProtocol.ExceptionInfoResponse["body"];

/** The stack as text, innermost first. */
function stackText({ stack }: Moment): string {
  const lines = stack.map(({ statement }) => {
    const { name, file } = statement.function;
    return `${name} (${file}:${statement.line}:${statement.column})`;
  });
  return lines.join("\n");
}

function bugInfo(bug: Bug, moment: Moment, stops: boolean): ExceptionInfo {
  return {
    exceptionId: bug.what,
    description: bug.text,
    breakMode: stops ? "always" : "never",
    details: {
      message: bug.expr,
      typeName: { BUG: "BUG_ON", OOPS: "Oops", HANG: "Hang" }[bug.what],
      fullTypeName: `${bug.what} in ${bug.func}`,
      stackTrace: stackText(moment),
    },
  };
}

/** What is wrong from a step on. @param broken not empty */
function brokenInfo(
  broken: readonly RecordedBreak[],
  moment: Moment,
  stops: boolean,
): ExceptionInfo {
  const names = broken.map(({ invariant }) => invariant).join(", ");
  return {
    exceptionId: names,
    description: broken.map(brokenText).join("\n"),
    breakMode: stops ? "always" : "never",
    details: {
      message: broken.map(({ text }) => text).join("\n"),
      typeName: "Invariant broken",
      fullTypeName: `Invariant broken: ${names}`,
      stackTrace: stackText(moment),
    },
  };
}

/** What the driver went through right before a step. @param happened not empty */
function happenedInfo(happened: ReturnType<typeof happenedAt>, moment: Moment): ExceptionInfo {
  const [first] = happened;
  return {
    exceptionId: first?.what.label ?? "",
    description: happened.map(({ text }) => text).join("\n"),
    breakMode: "userUnhandled",
    details: {
      message: happened.map(({ text }) => text).join("\n"),
      typeName: first?.what.label ?? "",
      stackTrace: stackText(moment),
    },
  };
}

/** `exceptionInfo`. */
export function exceptionRequests(context: Context): Handlers {
  return {
    exceptionInfo: () => {
      const { recording } = context.walk;
      const { stopsAtBug, stopsAtBroken } = context.breakpoints;
      const { moment } = context.stop;
      const bug = bugOf(recording);
      if (bug !== null && moment.step >= bugStep(recording)) {
        return { body: bugInfo(bug, moment, stopsAtBug) };
      }
      const broken = brokenAt(recording, moment.step);
      if (broken.length > 0) return { body: brokenInfo(broken, moment, stopsAtBroken) };
      const happened = happenedAt(recording, moment.step);
      if (happened.length > 0) return { body: happenedInfo(happened, moment) };
      throw new Failure(
        FailureId.badArguments,
        "At this step the kernel has not stopped, no invariant broke, and nothing went wrong.",
      );
    },
  };
}
