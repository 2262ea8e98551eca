/** The steps at which what lies at a place is another than before, and what it was and is there. */
import { findChanges } from "../../replay/changes.js";
import type { Recording } from "../../replay/recording.js";
import { type Ascending, firstAbove, lastBelow } from "../../replay/sorted.js";
import type { Stand } from "../breakpoints/breakpoint.js";
import { DECIMAL } from "../present/value.js";
import { worldOf } from "../present/stop.js";
import type { Place } from "./place.js";

/** Bytes that can be watched at once: they are read before each step. */
export const MOST_WATCHED = 4096;

/** By the key of the place: looking once through a recording is enough. */
const found = new WeakMap<Recording, Map<string, Ascending>>();

function known(recording: Recording): Map<string, Ascending> {
  let places = found.get(recording);
  if (places === undefined) {
    places = new Map();
    found.set(recording, places);
  }
  return places;
}

/** The steps that are the first to show another value; none is kept of a search that was given up. */
export async function changesOf(
  recording: Recording,
  place: Place,
  signal: AbortSignal,
): Promise<Ascending> {
  const places = known(recording);
  let steps = places.get(place.key);
  if (steps === undefined) {
    steps = await findChanges(recording, (machine) => place.look(machine), signal);
    if (!signal.aborted) places.set(place.key, steps);
  }
  return steps;
}

/** Where a breakpoint on a place stands: right after each write that changes what lies there. */
export function atChanges(place: Place): Stand {
  return {
    cause: "data breakpoint",
    statement: null,
    steps: (recording) => known(recording).get(place.key) ?? [],
    prepare: async (recording, signal) => void (await changesOf(recording, place, signal)),
    say: (recording, step) => {
      const [before, after] = [step - 1, step].map((at) => textAt(recording, place, at));
      return before === after ? place.key : `${place.key}: ${before} → ${after}`;
    },
  };
}

function textAt(recording: Recording, place: Place, step: number): string {
  const { machine } = recording.momentAt(step);
  return worldOf(machine).any(nameOf(place), place.read(machine)).text(DECIMAL);
}

/** What the source calls it: by its name a number is told to be an address, a reference or a count. */
function nameOf({ key }: Place): string {
  return /\.(\w+)(?:\[\d+\])*(?: \*)?$/.exec(key)?.[1] ?? "";
}

/** The step of the last statement before `step` that changed the place; -1 without one. */
export function lastWrite(changes: Ascending, step: number): number {
  const n = lastBelow(changes, step + 1);
  return n < 0 ? -1 : (changes[n] as number) - 1;
}

/** The step of the first statement from `step` on, but not that one, that changes the place; -1 without one. */
export function nextWrite(changes: Ascending, step: number): number {
  const next = changes[firstAbove(changes, step + 1)];
  return next === undefined ? -1 : next - 1;
}
