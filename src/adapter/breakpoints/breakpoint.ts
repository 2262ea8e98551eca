import type { Recording } from "../../replay/recording.js";
import type { Ascending } from "../../replay/sorted.js";
import type { StatementInfo } from "../../replay/statements.js";
import { type HitCondition, parseHitCondition } from "./hit-condition.js";
import { parse } from "../expression/parse.js";
import { ExpressionError } from "../expression/syntax.js";
import { type LogPart, parseLogMessage } from "./log-message.js";

/** What a client may ask of a breakpoint beside its place. */
export interface Wishes {
  condition?: string;
  hitCondition?: string;
  logMessage?: string;
}

/** What makes a breakpoint stop: its kinds are the protocol's reasons of a stop. */
export type Cause = "breakpoint" | "function breakpoint" | "data breakpoint" | "exception";

/** Where a breakpoint stands in time. */
export interface Stand {
  readonly cause: Cause;
  /** The statement that it stands at; null where it waits for something to happen in any of them. */
  readonly statement: StatementInfo | null;
  /** All steps of a recording at which it is reached, ascending. */
  readonly steps: (recording: Recording) => Ascending;
  /** Works out what `steps` needs, where that takes time. */
  readonly prepare?: (recording: Recording, signal: AbortSignal) => Promise<void>;
  /** What a stop there says, beyond that it is one. */
  readonly say?: (recording: Recording, step: number) => string;
}

/** A breakpoint that stands somewhere. */
export interface Breakpoint extends Stand {
  readonly id: number;
  readonly condition: string | null;
  readonly hitCondition: HitCondition | null;
  /** It writes this into the debug console instead of stopping. */
  readonly log: readonly LogPart[] | null;
}

/** A breakpoint that cannot stand anywhere, and why. */
export interface Refused {
  readonly id: number;
  readonly message: string;
}

/** An optional text of a request: an empty one means that there is none. */
function given(text: string | undefined): string | null {
  return text === undefined || text.trim() === "" ? null : text;
}

/** Where a breakpoint at a statement stands. */
export function atStatement(statement: StatementInfo, cause: Cause = "breakpoint"): Stand {
  return { cause, statement, steps: ({ columns }) => columns.stepsOf(statement.id) };
}

/** Sets a breakpoint, or says what is wrong with what is asked of it. */
export function makeBreakpoint(id: number, stand: Stand, wishes: Wishes): Breakpoint | Refused {
  const condition = given(wishes.condition);
  const hits = given(wishes.hitCondition);
  const log = given(wishes.logMessage);
  if (condition !== null) {
    try {
      parse(condition);
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      return { id, message: `Condition: ${error.message}` };
    }
  }
  const hitCondition = hits === null ? null : parseHitCondition(hits);
  if (hits !== null && hitCondition === null) {
    return { id, message: `Hit count: '${hits}' is none of 5, > 5, >= 5, < 5, <= 5, != 5, % 5.` };
  }
  return {
    ...stand,
    id,
    condition,
    hitCondition,
    log: log === null ? null : parseLogMessage(log),
  };
}

export function isRefused(set: Breakpoint | Refused): set is Refused {
  return "message" in set;
}
