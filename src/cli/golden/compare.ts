/** Finds where a model's run first differs from a recorded one. */

export interface Difference {
  /** Where, as a path below the compared value. */
  path: string;
  recorded: unknown;
  model: unknown;
}

function is_object(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** The first difference in the order of the recorded keys, or null. Keys that only the model has differ too. */
export function first_difference(recorded: unknown, model: unknown, path = ""): Difference | null {
  if (!is_object(recorded) || !is_object(model)) {
    return Object.is(recorded, model) ? null : { path, recorded, model };
  }
  for (const key of new Set([...Object.keys(recorded), ...Object.keys(model)])) {
    const below = path === "" ? key : `${path}.${key}`;
    const found = first_difference(recorded[key], model[key], below);
    if (found !== null) return found;
  }
  return null;
}

/** Of `model`, what `recorded` has: not every step says all of the derived values. */
export function recorded_part(recorded: unknown, model: unknown): unknown {
  if (!is_object(recorded) || !is_object(model) || Array.isArray(recorded)) return model;
  return Object.fromEntries(
    Object.keys(recorded).map((key) => [key, recorded_part(recorded[key], model[key])]),
  );
}

/** Hexadecimal text with every byte outside the `from-to` ranges replaced. */
export function mask_bytes(raw: string, ranges: string): string {
  const keep = ranges.split(",").map((range) => range.split("-").map(Number));
  const bytes = raw.match(/../g) ?? [];
  return bytes
    .map((byte, i) => (keep.some(([from, to]) => i >= (from ?? 0) && i < (to ?? 0)) ? byte : ".."))
    .join("");
}
