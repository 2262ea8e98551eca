/** What watches, hovers and the debug console show: an expression with its suffixes. */
import { type Format, type Value, array } from "../present/value.js";
import type { Placed } from "../variable-store.js";
import { entriesOf } from "./access.js";
import { type Names, evaluate } from "./evaluate.js";
import { asOperand } from "./parse.js";
import { splitSuffix } from "./suffix.js";

export interface Look extends Placed {
  /** What a suffix asks for; null where the client's own wish counts. */
  readonly format: Format | null;
}

/** @throws ExpressionError */
export function look(whole: string, names: Names): Look {
  const { text, suffix, count } = splitSuffix(whole);
  let value = evaluate(text, names);
  let expression = asOperand(text);
  // What a `void *` points to is bytes.
  if (suffix === "b" || (count !== null && value.type === "void *" && value.raw !== null)) {
    expression = `$bytes(${text})`;
    value = evaluate(expression, names);
  }
  const format = suffix === "x" || suffix === "d" ? { hex: suffix === "x" } : null;
  if (count !== null) value = firstEntries(value, count, format);
  return { value, expression, format };
}

/** The first entries of what a value has or points to, as an array. */
function firstEntries(of: Value, wanted: number, format: Format | null): Value {
  const entries = entriesOf(of);
  const count = Math.min(wanted, entries.count);
  const at = (index: number): Value => {
    const entry = entries.at(index);
    return format === null ? entry : { ...entry, text: () => entry.text(format) };
  };
  const type = count > 0 ? `${at(0).type} ` : "";
  const all = entries.count === 1 ? "1 entry" : `${entries.count} entries`;
  return array(`${type}[${count}]`, of.raw, count, at, `${count} of ${all}`);
}
