/** Which sections differ between two states, so that a move sends no more than it changes. */
import type { PanelState } from "./state.js";

/** Whether two pieces of plain data, typed arrays included, hold the same. */
export function sameData(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (a instanceof Uint8Array || b instanceof Uint8Array) {
    if (!(a instanceof Uint8Array && b instanceof Uint8Array) || a.length !== b.length)
      return false;
    for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
    return true;
  }
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  return keys.every((key) => sameData(left[key], right[key]));
}

/** The sections of `after` that differ from `before`. */
export function changedSections(before: PanelState, after: PanelState): Partial<PanelState> {
  const changed: Partial<PanelState> = {};
  for (const name of Object.keys(after) as (keyof PanelState)[]) {
    if (!sameData(before[name], after[name])) Object.assign(changed, { [name]: after[name] });
  }
  return changed;
}
