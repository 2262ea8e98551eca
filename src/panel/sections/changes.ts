/** What differs from the last stop, in words: the marks in the other sections say where. */
import { count } from "../format.js";
import { unpackInt32s } from "../pack.js";
import { type Change, type Changes, GrantState, type PanelState } from "../state.js";

/** Changes that are listed; the rest is counted. */
const LISTED = 8;

const GRANT_STATES: Record<GrantState, string> = {
  [GrantState.waiting]: "not yet",
  [GrantState.taken]: "taken",
  [GrantState.copied]: "copied",
  [GrantState.written]: "segment written",
  [GrantState.moved]: "moved by the back end",
  [GrantState.copiedBack]: "copied back",
  [GrantState.returned]: "returned",
};

/** What a grant's state is called. */
export function grantStateName(state: number): string {
  return GRANT_STATES[state as GrantState] ?? String(state);
}

type Sections = Omit<PanelState, "changes">;

function grantChanges(before: Sections, after: Sections): Change[] {
  const old = before.progress;
  const now = after.progress;
  if (old === null || now === null || old.key !== now.key) return [];
  const grefs = unpackInt32s(now.grefs);
  const changed: Change[] = [];
  let first = -1;
  let last = -1;
  let number = 0;
  for (let grant = 0; grant < now.states.length; grant++) {
    if (now.states[grant] === old.states[grant]) continue;
    if (first < 0) first = grant;
    last = grant;
    number++;
  }
  if (number === 0) return [];
  const was = grantStateName(old.states[first] ?? 0);
  const is = grantStateName(now.states[first] ?? 0);
  if (number === 1) {
    const gref = grefs[first] ?? 0;
    const name = gref === 0 ? `grant ${first}` : `grant ${first} (gref ${gref})`;
    changed.push({ name, before: was, after: is, key: `grant:${first}` });
  } else {
    changed.push({
      name: `grants ${first}–${last}`,
      before: was,
      after: is,
      key: null,
    });
  }
  return changed;
}

function ringChanges(after: Sections): Change[] {
  return (after.ring?.indexes ?? [])
    .filter(({ was }) => was !== null)
    .map(({ name, value, was, slot }) => ({
      name,
      before: count(was ?? 0),
      after: count(value),
      key: `slot:${slot}`,
    }));
}

function number(name: string, before: number | undefined, after: number | undefined): Change[] {
  if (before === undefined || after === undefined || before === after) return [];
  return [{ name, before: count(before), after: count(after), key: null }];
}

function bytesChange(after: Sections): Change[] {
  const view = after.bytes;
  if (view === null || view.changed.length === 0) return [];
  let total = 0;
  for (let i = 0; i < view.changed.length; i += 2) {
    total += (view.changed[i + 1] ?? 0) - (view.changed[i] ?? 0);
  }
  const where = view.kind === "frame" ? `indirect frame ${view.index}` : `ring slot ${view.index}`;
  return [{ name: where, before: "", after: `${count(total)} B changed`, key: null }];
}

/** The changes from one stop to the next; both are what the panel shows of them. */
export function changesSince(before: Sections | null, after: Sections): Changes {
  if (before === null) return { since: null, items: [], more: 0 };
  const phases: Change[] = [];
  if (
    before.progress !== null &&
    after.progress !== null &&
    before.progress.key === after.progress.key &&
    before.progress.phase !== after.progress.phase
  ) {
    phases.push({
      name: "request",
      before: before.progress.phase,
      after: after.progress.phase,
      key: null,
    });
  }
  const all = [
    ...phases,
    ...grantChanges(before, after),
    ...number("persistent_gnts_c", before.free?.persistentCount, after.free?.persistentCount),
    ...number("free list", before.free?.total, after.free?.total),
    ...number("free grefs in the table", before.free?.tableFree, after.free?.tableFree),
    ...number("grant table", before.free?.tableSize, after.free?.tableSize),
    ...number("ring slots", before.ring?.entries, after.ring?.entries),
    ...bytesChange(after),
    ...ringChanges(after),
  ];
  return {
    since: before.position.step,
    items: all.slice(0, LISTED),
    more: Math.max(0, all.length - LISTED),
  };
}
