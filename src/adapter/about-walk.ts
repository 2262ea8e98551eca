/** What the debug console says of a scenario that is there to show something. */
import { toWrong } from "../replay/moves/to-wrong.js";
import { Failure, FailureId } from "./failure.js";
import type { Movement } from "./movement.js";
import type { Walk } from "./walk.js";

/** The title, what to watch and how to come to where it goes wrong; null for a scenario that says nothing. */
export function aboutWalk({ scenario, recording }: Walk): string | null {
  const { title, walk } = scenario;
  if (walk === null) return null;
  const lines = [title, `Watch: ${walk.watch}`];
  if (toWrong(recording) !== null) {
    lines.push(
      'It goes wrong on the way: ".wrong" goes there, and so does the palette\'s command.',
    );
  } else if (walk.wrong !== null) {
    lines.push(notHere(walk.wrong.step));
  }
  return lines.join("\n");
}

function notHere(step: number): string {
  const where = step < 0 ? "while it connects" : `in step ${step} of its workload`;
  return `What goes wrong ${where} does not happen in this run.`;
}

/** The movement to where it goes wrong. @throws Failure where nothing does */
export function movementToWrong({ scenario, recording }: Walk): Movement {
  const move = toWrong(recording);
  if (move !== null) return () => move;
  const wrong = scenario.walk?.wrong ?? null;
  const text = wrong === null ? "Nothing goes wrong in this walk." : notHere(wrong.step);
  throw new Failure(FailureId.badArguments, text, true);
}
