/**
 * Words for the debug console of clients that have no buttons for going back. They begin with a dot, which no
 * expression does.
 */
import type { Recording } from "../replay/recording.js";
import { movementToWrong } from "./about-walk.js";
import { type Which, writeOf } from "./data/write-requests.js";
import { Failure, FailureId } from "./failure.js";
import { inject } from "./fork/branch-requests.js";
import { branchText } from "./fork/branches.js";
import { compareBranches } from "./fork/compare.js";
import type { ForkContext } from "./fork/context.js";
import { FAULTS } from "./fork/faults.js";
import { setValue } from "./fork/set-value.js";
import { landmark, LANDMARKS, LANDMARK_NAMES } from "./landmarks.js";
import { noSuchStep, type MovementContext } from "./movement-requests.js";
import { type Movement, toEnd, toStart } from "./movement.js";
import { threadName } from "./threads.js";

/** The answer to a word, and what happens after it. */
export interface Spoken {
  readonly text: string;
  readonly after?: () => void | Promise<void>;
}

const FAULT_NAMES = FAULTS.map(({ name }) => name);

const HELP = [
  ".next WHAT     to the next " + LANDMARK_NAMES.join(", ") + ", or tracepoint by its name",
  ".prev WHAT     to the previous one",
  ".back          one statement back in the same function; the same as .prev over",
  ".continue      to the next breakpoint",
  ".reverse       to the breakpoint before",
  ".goto STEP     to a step of the recording",
  ".wrong         to where the scenario goes wrong",
  ".last EXPR     to the statement that last changed what the expression gives",
  ".coming EXPR   to the statement that changes it next",
  ".set A = B     runs the future again from here with A set to B",
  ".inject FAULT  runs it again with a fault of the back end: " + FAULT_NAMES.join(", "),
  ".branches      the runs so far",
  ".branch N      walks on in another one",
  ".compare N     where this one and another one part",
  ".where         where the walk stands",
  ".help          this list",
  "All else is a C expression, such as info->shadow[3].grants_used[0]->gref or RING_FULL(&info->ring);",
  ",x after it: hexadecimal; ,[8] after it: the first 8 entries",
].join("\n");

/** The words, for completion. */
export const WORDS: readonly string[] = [
  ...LANDMARKS.map((what) => `.next ${what}`),
  ...LANDMARKS.map((what) => `.prev ${what}`),
  ".back",
  ".continue",
  ".reverse",
  ".goto ",
  ".wrong",
  ".last ",
  ".coming ",
  ".set ",
  ...FAULT_NAMES.map((name) => `.inject ${name}`),
  ".branches",
  ".branch ",
  ".compare ",
  ".where",
  ".help",
];

/** Whether a text of the debug console is a word, and not an expression. */
export function isWord(text: string): boolean {
  return text.startsWith(".");
}

/** Words that take all that follows them for one thing. */
const TAKES_ALL = new Set([".last", ".coming", ".set"]);

/** Answers a word. @throws Failure for one that does not exist */
export function speak(
  context: ForkContext,
  text: string,
  signal: AbortSignal,
): Spoken | Promise<Spoken> {
  const [word = "", what = "", ...rest] = text.trim().split(/\s+/);
  if (rest.length > 0 && !TAKES_ALL.has(word)) throw unknown(text);
  const all = text.trim().slice(word.length).trim();
  switch (word) {
    case ".last":
      return write(context, "last", all, signal);
    case ".coming":
      return write(context, "next", all, signal);
    case ".set":
      return set(context, all, signal);
    case ".inject":
      return inject(context, what, signal).then((after) => ({ text: "", after }));
    case ".branches":
      return { text: branches(context) };
    case ".branch": {
      const branch = context.branches.get(what);
      return moving(context, branchText(branch, branch), () => context.switchTo(branch));
    }
    case ".compare":
      return { text: compareBranches(context.branch, context.branches.get(what)).text };
    case ".help":
      return { text: HELP };
    case ".where":
      return { text: where(context.walk.recording, context.stop.moment.step) };
    case ".back":
      return jump(context, landmark("previous", what === "" ? "over" : what), text);
    case ".next":
      return jump(context, landmark("next", what), text);
    case ".prev":
    case ".previous":
      return jump(context, landmark("previous", what), text);
    case ".continue":
      return run(context, toEnd);
    case ".reverse":
      return run(context, toStart);
    case ".wrong":
      return jump(context, movementToWrong(context.walk), text);
    case ".goto":
      return goTo(context, what);
    default:
      throw unknown(text);
  }
}

/** A step in one line. */
export function where(recording: Recording, step: number): string {
  const { function: fn, line, text } = recording.statementAt(step);
  const place = `step ${step} of ${recording.length - 1} · ${threadName(recording.threadAt(step))}`;
  return `${place} · ${fn.name} (${fn.file}:${line}) · ${text}`;
}

async function write(
  context: ForkContext,
  which: Which,
  expression: string,
  signal: AbortSignal,
): Promise<Spoken> {
  const step = await writeOf(context, which, expression, signal);
  return moving(context, where(context.walk.recording, step), () => context.mover.goTo(step));
}

async function set(context: ForkContext, text: string, signal: AbortSignal): Promise<Spoken> {
  const [, target, value] = /^(.*?[^=!<>])=(?!=)(.*)$/s.exec(text) ?? [];
  if (target === undefined || value === undefined) {
    throw new Failure(FailureId.expression, "It is .set A = B, such as .set info->is_ready = 0");
  }
  const { apply } = setValue(target.trim(), value.trim(), context.stop.names());
  const name = `${target.trim()} = ${value.trim()}`;
  return { text: "", after: await context.fork(name, apply, signal) };
}

function branches({ branches: { all }, branch }: ForkContext): string {
  return all.map((one) => branchText(one, branch)).join("\n");
}

function jump(context: MovementContext, movement: Movement | undefined, text: string): Spoken {
  if (movement === undefined) throw unknown(text);
  const { mover, walk } = context;
  const { step, reason } = movement(walk.recording, walk.cursor.step);
  const end = reason === "end" || reason === "start" ? `there is none up to the ${reason}: ` : "";
  return moving(context, end + where(walk.recording, step), () => mover.jump(movement));
}

function run(context: MovementContext, movement: Movement): Spoken {
  const { mover } = context;
  return moving(context, "", () => mover.run(movement));
}

function goTo(context: MovementContext, what: string): Spoken {
  const { mover, walk } = context;
  const step = what === "" ? NaN : Number(what);
  if (!Number.isInteger(step) || step < 0 || step >= walk.recording.length) {
    throw new Failure(FailureId.badArguments, noSuchStep(what, walk.recording.length));
  }
  return moving(context, where(walk.recording, step), () => mover.goTo(step));
}

/**
 * A word that moves the walk. To the client an expression leaves everything as it stands, and a stop out of the blue
 * is one of a second thread: some clients do not show it, some continue that thread at once.
 */
function moving(context: MovementContext, text: string, move: () => void | Promise<void>): Spoken {
  const after = (): void | Promise<void> => {
    context.resumed();
    return move();
  };
  return { text, after };
}

function unknown(text: string): Failure {
  return new Failure(FailureId.expression, `There is no word '${text.trim()}'. Try .help.`);
}
