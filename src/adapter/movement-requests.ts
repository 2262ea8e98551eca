/** Stepping, running and jumping, in both directions. Each is answered before the walk stops elsewhere. */
import type { DebugProtocol } from "@vscode/debugprotocol";
import { reverseOut } from "../replay/moves/reverse-out.js";
import { reverseOver } from "../replay/moves/reverse-over.js";
import { stepBack } from "../replay/moves/step-back.js";
import { stepIn } from "../replay/moves/step-in.js";
import { stepOut } from "../replay/moves/step-out.js";
import { stepOver } from "../replay/moves/step-over.js";
import { movementToWrong } from "./about-walk.js";
import type { Context } from "./context.js";
import type { GoToArguments, LandmarkArguments, Position } from "./custom-requests.js";
import { Failure, FailureId } from "./failure.js";
import { landmark, LANDMARK_NAMES } from "./landmarks.js";
import { type Mover, type Movement, toEnd, toStart } from "./movement.js";
import type { Handlers, Reply } from "./wire.js";

/** What the requests move. */
export interface MovementContext extends Context {
  /** @throws Failure while there is no recording */
  readonly mover: Mover;
  /** Tells the client that the walk stands still at the user's wish. */
  paused(): void;
  /** Tells the client that the walk goes on, where no request of the client says so. */
  resumed(): void;
}

export function movementRequests(context: MovementContext): Handlers {
  const run = (movement: Movement, body?: object): Reply => {
    const { mover } = context;
    return { ...(body ? { body } : {}), after: () => mover.run(movement) };
  };
  const jump = (movement: Movement): Reply => {
    const { mover } = context;
    return { after: () => mover.jump(movement) };
  };
  const byInstruction = (args: { granularity?: string }): boolean =>
    args.granularity === "instruction";
  return {
    continue: () => run(toEnd, { allThreadsContinued: true }),
    reverseContinue: () => run(toStart),
    next: (args: DebugProtocol.NextArguments) => run(byInstruction(args) ? stepIn : stepOver),
    stepIn: () => run(stepIn),
    stepOut: () => run(stepOut),
    // The reverse of "over": a step back does not descend into what the statement before has called.
    stepBack: (args: DebugProtocol.StepBackArguments) =>
      run(byInstruction(args) ? stepBack : reverseOver),
    pause: () => {
      const { mover } = context;
      return {
        after: () => {
          mover.interrupt();
          context.paused();
        },
      };
    },
    "grantwalk/next": (args: LandmarkArguments) => jump(movementTo("next", args)),
    "grantwalk/previous": (args: LandmarkArguments) => jump(movementTo("previous", args)),
    "grantwalk/stepBackInto": () => run(stepBack),
    "grantwalk/stepBackOut": () => run(reverseOut),
    "grantwalk/goTo": (args: GoToArguments) => {
      const { mover, walk } = context;
      if (args.step >= walk.recording.length) {
        throw new Failure(FailureId.badArguments, noSuchStep(args.step, walk.recording.length));
      }
      return { after: () => mover.goTo(args.step) };
    },
    "grantwalk/goToWrong": () => jump(movementToWrong(context.walk)),
    "grantwalk/position": () => ({ body: position(context) }),
  };
}

/** Says that a step lies outside of a recording. */
export function noSuchStep(step: unknown, length: number): string {
  return `There is no step ${step}: the recording has the steps 0 to ${length - 1}.`;
}

function movementTo(direction: "next" | "previous", args: Partial<LandmarkArguments>): Movement {
  const { what } = args;
  const movement = typeof what === "string" ? landmark(direction, what) : undefined;
  if (movement === undefined) {
    const names = LANDMARK_NAMES.map((name) => `"${name}"`).join(", ");
    throw new Failure(
      FailureId.badArguments,
      `"what" is one of ${names}, or the name of a tracepoint.`,
    );
  }
  return movement;
}

function position(context: Context): Position {
  const { walk, client, stop } = context;
  const { statement, thread, step } = stop.moment;
  return {
    step,
    length: walk.recording.length,
    entry: walk.recording.entry,
    end: walk.recording.end,
    thread,
    function: statement.function.name,
    file: statement.function.file,
    line: statement.line + client.lineShift,
    column: statement.column + client.columnShift,
    text: statement.text,
  };
}
