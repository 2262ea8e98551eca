/** One sentence that says what the statement at the cursor is about to do, with this moment's numbers. */
import type { RecordedEventOf } from "../recording.js";
import type { Scene } from "../scene.js";
import type { Sentence, TextPart } from "../state.js";
import { backend } from "./backend.js";
import { backendDevice } from "./backend-device.js";
import { backendGrants } from "./backend-grants.js";
import { closing } from "./closing.js";
import { completion } from "./completion.js";
import { connect } from "./connect.js";
import { disk } from "./disk.js";
import { free } from "./free.js";
import { grants } from "./grants.js";
import { helpers, loops } from "./helpers.js";
import { interrupt } from "./interrupt.js";
import { probe } from "./probe.js";
import { queueRequest } from "./queue-request.js";
import { recover } from "./recover.js";
import { requestFunction } from "./request-function.js";
import { ringSetup } from "./ring-setup.js";
import { setupGrant } from "./setup-grant.js";
import { toldAt } from "./told.js";
import { type Area, code, NotInScope, type Rule, say, Words } from "./words.js";

/** What is said, area by area; the first rule that a statement meets says it. */
export const AREAS: readonly Area[] = [
  setupGrant,
  grants,
  queueRequest,
  requestFunction,
  interrupt,
  completion,
  backend,
  backendGrants,
  backendDevice,
  probe,
  ringSetup,
  connect,
  disk,
  free,
  closing,
  recover,
  helpers,
];

const WHO = {
  submit: "The driver",
  interrupt: "The interrupt handler",
  backend: "The back end",
} as const;

/** The general sentence: the statement itself, and who runs it. */
function plainly(scene: Scene): TextPart[] {
  const { text } = scene.moment.statement;
  const short = text.length > 160 ? `${text.slice(0, 157)}…` : text;
  return say`${WHO[scene.moment.thread]} runs ${code(short)}.`;
}

type Spoken = Pick<Sentence, "parts" | "tone">;

function byRule(words: Words, rules: readonly Rule[]): Spoken | null {
  for (const rule of rules) {
    if (!rule.when.test(words.text)) continue;
    try {
      const parts = rule.say(words);
      if (parts !== null) return { parts, tone: rule.tone?.(words) ?? "plain" };
    } catch (error) {
      // A variable that is not in scope yet, or that holds what no sound driver has in it.
      if (!(
        error instanceof NotInScope ||
        error instanceof TypeError ||
        error instanceof RangeError
      )) {
        throw error;
      }
    }
  }
  return null;
}

/** What the statement is about to do. */
function ahead(words: Words): Spoken | null {
  const { name } = words.scene.moment.statement.function;
  for (const area of AREAS) {
    const found = byRule(words, area[name] ?? []);
    if (found !== null) return found;
  }
  return byRule(words, loops);
}

function spoken(scene: Scene, words: Words): Spoken {
  const told = toldAt(scene);
  if (told?.whole === true) return told;
  const next = ahead(words);
  if (told === null) return next ?? { parts: plainly(scene), tone: "plain" };
  const tone = next === null || next.tone === "plain" ? told.tone : next.tone;
  return { parts: next === null ? told.parts : say`${told.parts} ${next.parts}`, tone };
}

/** The sentence of a moment. */
export function sentenceOf(scene: Scene): Sentence {
  const { moment, machine, recording } = scene;
  const { name } = moment.statement.function;
  const words = new Words(scene);
  const found = spoken(scene, words);
  const ends = moment.step === recording.length - 1;
  if (machine.bug !== null || (ends && lastBug(scene) !== null)) {
    const bug = lastBug(scene);
    const end = bug === null ? say`The kernel stops here` : endOf(bug);
    return { function: name, parts: say`${end}. ${found.parts}`, tone: "bug" };
  }
  return { function: name, ...found };
}

/** The kernel's end, in words. */
function endOf({ what, expr }: RecordedEventOf<"bug">): TextPart[] {
  if (what === "HANG") return say`The kernel hangs here: ${expr}`;
  if (what === "OOPS") return say`The kernel stops here, with an oops: ${expr}`;
  return say`The kernel stops here, at ${code(expr === "BUG()" ? expr : `BUG_ON(${expr})`)}`;
}

/** The tracepoint of a kernel that stopped is the last one there is. */
function lastBug(scene: Scene): RecordedEventOf<"bug"> | null {
  const { events } = scene.index;
  if (events.length === 0) return null;
  const { event } = events.at(events.length - 1);
  return event.kind === "bug" ? event : null;
}
