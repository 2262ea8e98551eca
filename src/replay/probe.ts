/**
 * What the probes of the stepped core call. A probe costs a nanosecond or two, so what it touches is laid
 * out for the engine's compiler: arrays off the heap whose addresses it can put into the code, and no call.
 * Of all that runs in one thread there is one such state: whoever runs the stepped core begins with `arm`.
 */

/** Entries of the track. The instrumented code has the number in it. */
export const TRACK_LENGTH = 1 << 16;

/**
 * [PLACE] steps since the track was last emptied, [STOP] the place at which a probe calls `reached`,
 * [DEPTH] how many functions are being run, times 65536. Longer than needed: short arrays lie on the heap.
 */
export const counters = new Int32Array(64);
const PLACE = 0;
const STOP = 1;
const DEPTH = 2;

/** The latest steps, each its statement's number and, above the low 16 bits, its depth. A ring. */
export const track = new Uint32Array(TRACK_LENGTH);

/** Thrown by the probe of the step at which the machine has to stand still. */
export const pause: unique symbol = Symbol("pause");

/** The entries of the track that were added since the last call, oldest first. */
export type TrackReader = (track: Uint32Array, count: number) => void;

/** Looks at the machine, or changes it, right before some steps of a run. */
export interface Visitor {
  /** The step before which it comes next; Infinity when it comes no more. Whoever is visited may change it. */
  next: number;
  /** Comes before the step `next`, and sets `next` to a later one. What it calls of the core is no step. */
  visit(): void;
}

/** A function that was being run when the machine stood still. */
export interface CapturedFrame {
  /** Number of the function. */
  readonly function: number;
  /** Number of the statement it was on. */
  readonly statement: number;
  /** Innermost first: name, number of the statement that sets it (or -1), value, and so on. */
  readonly scopes: readonly (readonly unknown[])[];
}

let before = 0;
let stopAt = Infinity;
let reader: TrackReader | null = null;
let visitor: Visitor | null = null;
let frames: CapturedFrame[] = [];
let scopes: unknown[][] = [];

counters[STOP] = TRACK_LENGTH;

/**
 * Begins a run: the next step is step 0.
 * @param stop the step before which `pause` is thrown; Infinity for none
 * @param read is given the steps; without it they are only counted, and the run is a little faster
 * @param visits comes before the steps that it names, counted from the same step 0; before the pause of the same step
 */
export function arm(
  stop: number,
  read: TrackReader | null = null,
  visits: Visitor | null = null,
): void {
  before = 0;
  stopAt = stop;
  reader = read;
  visitor = visits;
  frames = [];
  scopes = [];
  counters[PLACE] = 0;
  counters[DEPTH] = 0;
  setStop();
}

/** Ends a run: gives the reader what it has not been given and lets nothing stop later ones. */
export function disarm(): void {
  flush();
  stopAt = Infinity;
  reader = null;
  visitor = null;
  setStop();
}

/** Tells the probes that a task begins: no function is being run. */
export function beginTask(): void {
  counters[DEPTH] = 0;
}

/** Steps begun since `arm`, the one that a pause holds back included. */
export function stepsBegun(): number {
  return before + (counters[PLACE] as number);
}

/** The frames that the last pause went through, innermost first. */
export function capturedFrames(): readonly CapturedFrame[] {
  return frames;
}

function setStop(): void {
  const most = reader === null ? 0x7fffffff : TRACK_LENGTH;
  const next = Math.min(stopAt, visitor?.next ?? Infinity);
  counters[STOP] = Math.min(most, next + 1 - before);
}

function flush(): void {
  const count = counters[PLACE] as number;
  if (reader !== null) reader(track, count);
  before += count;
  counters[PLACE] = 0;
}

function reached(): void {
  flush();
  if (visitor !== null && before === visitor.next + 1) receive(visitor);
  setStop();
  // Not a class of error: there is no stack to collect, and nothing else can be it.
  if (before === stopAt + 1) throw pause;
}

/** Lets a visitor in. What it runs of the core passes probes too: they count from here and are forgotten. */
function receive(visits: Visitor): void {
  const depth = counters[DEPTH] as number;
  counters[STOP] = 0x7fffffff;
  visits.visit();
  counters[PLACE] = 0;
  counters[DEPTH] = depth;
}

/**
 * A probe that has to stop deletes a property of this. A call would do, but a call that has never been made
 * makes the engine throw its compiled code away when it is made; a deletion is compiled without such trust.
 */
export const probe: { now?: never } = new Proxy(
  {},
  {
    deleteProperty() {
      reached();
      return true;
    },
  },
);

/**
 * A function tells its frame to the pause that passes through it, and what it knows of its outermost block.
 * @returns what was thrown, to be thrown on
 */
export function frame(
  thrown: unknown,
  fn: number,
  statement: number,
  variables: unknown[],
): unknown {
  if (thrown === pause) {
    frames.push({ function: fn, statement, scopes: [...scopes, variables] });
    scopes = [];
  }
  return thrown;
}

/** A block inside a function tells its variables to the pause that passes through it. */
export function scope(thrown: unknown, variables: unknown[]): unknown {
  if (thrown === pause) scopes.push(variables);
  return thrown;
}
