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

/** A breakpoint that stands at a statement. */
export interface Breakpoint {
  readonly id: number;
  readonly statement: StatementInfo;
  /** It was set on the function, not on a line of it. */
  readonly isFunction: boolean;
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

/** Sets a breakpoint at a statement, or says what is wrong with what is asked of it. */
export function makeBreakpoint(
  id: number,
  statement: StatementInfo,
  wishes: Wishes,
  isFunction = false,
): Breakpoint | Refused {
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
    id,
    statement,
    isFunction,
    condition,
    hitCondition,
    log: log === null ? null : parseLogMessage(log),
  };
}

export function isRefused(set: Breakpoint | Refused): set is Refused {
  return "message" in set;
}
