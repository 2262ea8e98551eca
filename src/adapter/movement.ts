/** Every way in which a request moves the cursor. The cursor tells of the move; nothing here sends a stop. */
import type { Cause } from "../replay/cursor.js";
import type { Recording } from "../replay/recording.js";
import type { Move } from "../replay/moves/move.js";
import { continueBackwards, continueForwards } from "../replay/moves/run-to-breakpoint.js";
import { BreakpointCheck } from "./breakpoints/check.js";
import type { Breakpoint } from "./breakpoints/breakpoint.js";
import { brokenOnTheWay } from "./broken.js";
import { bugStep } from "./exception.js";
import type { BreakpointTable } from "./breakpoints/table.js";
import type { Walk } from "./walk.js";

/** A movement of a recording, such as `stepOver`. */
export type Movement = (recording: Recording, step: number) => Move;

/** What a logpoint, or a breakpoint that makes no sense, writes. */
export type Say = (breakpoint: Breakpoint, text: string, isError: boolean) => void;

/** To the last step, or to the statement that stopped the kernel. */
export const toEnd: Movement = (recording) => ({
  step: recording.end === "bug" ? bugStep(recording) : recording.length - 1,
  reason: "end",
});

/** Where a movement leads. What meets the end of the machine meets the statement that ended it. */
function target(movement: Movement, recording: Recording, step: number): Move {
  const move = movement(recording, step);
  return move.reason === "end" ? toEnd(recording, step) : move;
}

/** Where a movement has ended, and why there. */
interface Stopped {
  readonly step: number;
  readonly reason: Cause;
}

/** To the first step. */
export const toStart: Movement = () => ({ step: 0, reason: "start" });

/** Milliseconds of looking at breakpoints after which the client's other requests get their turn. */
const TURN = 20;

/** Moves the cursor of one walk. A movement that is under way ends when another begins. */
export class Mover {
  private readonly check: BreakpointCheck;
  private underWay: AbortController | null = null;

  constructor(
    private readonly walk: Walk,
    private readonly table: BreakpointTable,
    private readonly say: Say,
  ) {
    this.check = new BreakpointCheck(walk.recording, (breakpoint, text) =>
      say(breakpoint, `The condition '${breakpoint.condition}' has no value: ${text}`, true),
    );
  }

  /** Whether a movement is looking for its end. */
  get isUnderWay(): boolean {
    return this.underWay !== null;
  }

  /** Ends the movement that is under way; the cursor has not moved. */
  interrupt(): void {
    this.underWay?.abort();
    this.underWay = null;
  }

  /** Goes where the movement leads, or to the first breakpoint or break of an invariant that stops it. */
  async run(movement: Movement): Promise<void> {
    this.interrupt();
    const controller = new AbortController();
    this.underWay = controller;
    const { cursor, recording } = this.walk;
    const move = target(movement, recording, cursor.step);
    let stopped: Stopped = { step: cursor.step, reason: "step" };
    try {
      await this.table.prepare(recording, controller.signal);
      stopped = await this.untilBreakpoint(this.untilBroken(move), controller.signal);
    } finally {
      // Whatever has happened: the client waits for a stop.
      if (!controller.signal.aborted) {
        this.underWay = null;
        cursor.moveTo(stopped.step, stopped.reason);
      }
    }
  }

  /** Goes to a step. */
  goTo(step: number): void {
    this.interrupt();
    this.walk.cursor.moveTo(step, "goto");
  }

  /** Goes where the movement leads, past all breakpoints. */
  jump(movement: Movement): void {
    this.interrupt();
    const { cursor, recording } = this.walk;
    cursor.follow(target(movement, recording, cursor.step));
  }

  /** The breakpoints that stop at a step. */
  stopsAt(step: number): readonly Breakpoint[] {
    return this.check.at(step, this.table.at(this.walk.recording, step)).stops;
  }

  /** A movement, cut short where an invariant broke on its way. */
  private untilBroken(move: Move): Stopped {
    if (!this.table.stopsAtBroken) return move;
    const { cursor, recording } = this.walk;
    const step = brokenOnTheWay(recording, cursor.step, move.step);
    // Where the kernel stops at that very step, that is what one comes for.
    const stops = move.reason === "end" && recording.end === "bug" && step === move.step;
    return step === null || stops ? move : { step, reason: "broken" };
  }

  private async untilBreakpoint(move: Stopped, signal: AbortSignal): Promise<Stopped> {
    const { cursor, recording } = this.walk;
    const stops = this.table.all().map((breakpoint) => breakpoint.steps(recording));
    const forwards = move.step > cursor.step;
    const next = forwards ? continueForwards : continueBackwards;
    let turnEnds = Date.now() + TURN;
    for (let at = cursor.step; stops.length > 0;) {
      const hit = next(recording, at, stops);
      const beyond = forwards ? hit.step > move.step : hit.step < move.step;
      if (hit.reason !== "breakpoint" || beyond) break;
      const reached = this.check.at(hit.step, this.table.at(recording, hit.step));
      for (const log of reached.logs) this.say(log, this.check.message(log, hit.step), false);
      // Of a step that has both, the break says more.
      if (reached.stops.length > 0)
        return hit.step === move.step && move.reason === "broken" ? move : hit;
      at = hit.step;
      if (Date.now() >= turnEnds) {
        await new Promise((resolve) => setTimeout(resolve, 0));
        if (signal.aborted) break;
        turnEnds = Date.now() + TURN;
      }
    }
    return move;
  }
}
