/** To the statement that wrote a value, or that is going to write it. */
import type { WriteArguments } from "../custom-requests.js";
import { ExpressionError } from "../expression/syntax.js";
import { Failure, FailureId } from "../failure.js";
import type { MovementContext } from "../movement-requests.js";
import type { Handlers } from "../wire.js";
import { changesOf, lastWrite, nextWrite } from "./changes.js";
import { findPlace } from "./find-place.js";
import type { Place } from "./place.js";

export function writeRequests(context: MovementContext): Handlers {
  const request =
    (which: Which) =>
    async ({ expression, frameId }: WriteArguments, signal: AbortSignal) => {
      // The search takes time, in which another walk can begin, or this one can end.
      const { mover } = context;
      const step = await writeOf(context, which, expression, signal, frameId);
      return { after: () => mover.goTo(step) };
    };
  return { "grantwalk/lastWrite": request("last"), "grantwalk/nextWrite": request("next") };
}

/** The write before the step where the walk stands, or after it. */
export type Which = "last" | "next";

/**
 * The step of the statement that changes what an expression gives.
 * @throws Failure where it lies nowhere, or no such statement changes it
 */
export async function writeOf(
  context: MovementContext,
  which: Which,
  expression: unknown,
  signal: AbortSignal,
  frameId?: number,
): Promise<number> {
  if (typeof expression !== "string" || expression.trim() === "") {
    throw new Failure(FailureId.badArguments, "There is no expression of which to find the write.");
  }
  const { walk, stop } = context;
  const place = placeAt(expression, stop.names(frameId));
  const changes = await changesOf(walk.recording, place, signal);
  const find = which === "last" ? lastWrite : nextWrite;
  const step = find(changes, stop.moment.step);
  if (step >= 0) return step;
  const where = which === "last" ? "before" : "after";
  throw new Failure(
    FailureId.badArguments,
    `Nothing changes ${expression} ${where} this step, in this recording.`,
    true,
  );
}

function placeAt(expression: string, names: Parameters<typeof findPlace>[1]): Place {
  try {
    const place = findPlace(expression, names);
    if (place !== null) return place;
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    throw new Failure(FailureId.expression, error.message);
  }
  const why = `${expression} lies nowhere: it is computed, or a variable of a function.`;
  throw new Failure(FailureId.badArguments, why, true);
}
