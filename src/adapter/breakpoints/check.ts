/** Whether a breakpoint that the walk has reached stops it, and what a logpoint says there. */
import type { Recording } from "../../replay/recording.js";
import { firstAbove } from "../../replay/sorted.js";
import { isTrue } from "../expression/arithmetic.js";
import { evaluate } from "../expression/evaluate.js";
import { ExpressionError } from "../expression/syntax.js";
import { DECIMAL } from "../present/value.js";
import { Stop } from "../stop.js";
import type { Breakpoint } from "./breakpoint.js";

/** What is found at a step: the breakpoints that stop there, and the logpoints that write. */
export interface Reached {
  readonly stops: readonly Breakpoint[];
  readonly logs: readonly Breakpoint[];
}

/**
 * Looks at breakpoints in one recording. A hit count is the place of the step among all steps of the recording
 * that fulfil the condition: so it does not depend on the way the user has gone, and means the same backwards.
 */
export class BreakpointCheck {
  /** By breakpoint: how many of its first steps were looked at, and which of them counted. */
  private readonly counted = new WeakMap<Breakpoint, { looked: number; hits: number[] }>();
  private readonly told = new WeakSet<Breakpoint>();

  /** @param complain is told once of a breakpoint whose condition means nothing where it stands */
  constructor(
    private readonly recording: Recording,
    private readonly complain: (breakpoint: Breakpoint, text: string) => void,
  ) {}

  /** Which of the breakpoints that are reached at the step take effect. */
  at(step: number, breakpoints: readonly Breakpoint[]): Reached {
    const effective = breakpoints.filter((breakpoint) => this.takesEffect(breakpoint, step));
    return {
      stops: effective.filter((breakpoint) => breakpoint.log === null),
      logs: effective.filter((breakpoint) => breakpoint.log !== null),
    };
  }

  /** What a logpoint writes at a step. */
  message(breakpoint: Breakpoint, step: number): string {
    const names = new Stop(this.recording, step).names();
    return (breakpoint.log ?? [])
      .map((part) => {
        if ("text" in part) return part.text;
        try {
          return evaluate(part.expression, names).text(DECIMAL);
        } catch (error) {
          if (!(error instanceof ExpressionError)) throw error;
          return `{${part.expression}: ${error.message}}`;
        }
      })
      .join("");
  }

  private takesEffect(breakpoint: Breakpoint, step: number): boolean {
    if (!this.fulfils(breakpoint, step)) return false;
    if (breakpoint.hitCondition === null) return true;
    return breakpoint.hitCondition(this.count(breakpoint, step));
  }

  private fulfils(breakpoint: Breakpoint, step: number): boolean {
    if (breakpoint.condition === null) return true;
    try {
      return isTrue(evaluate(breakpoint.condition, new Stop(this.recording, step).names()));
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      if (!this.told.has(breakpoint)) this.complain(breakpoint, error.message);
      this.told.add(breakpoint);
      return false;
    }
  }

  /** How often the breakpoint has been reached in the recording up to a step, which is one of its steps. */
  private count(breakpoint: Breakpoint, step: number): number {
    const steps = breakpoint.steps(this.recording);
    const place = firstAbove(steps, step - 1);
    if (breakpoint.condition === null) return place + 1;
    let counted = this.counted.get(breakpoint);
    if (counted === undefined) {
      counted = { looked: 0, hits: [] };
      this.counted.set(breakpoint, counted);
    }
    for (; counted.looked <= place; counted.looked++) {
      const looked = steps[counted.looked] as number;
      if (this.fulfils(breakpoint, looked)) counted.hits.push(looked);
    }
    return counted.hits.indexOf(step) + 1;
  }
}
