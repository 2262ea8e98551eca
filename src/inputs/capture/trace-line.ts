/** The common part of a line of ftrace text: task, processor, context, event. */

/** Where an event happened. */
export interface TracePlace {
  /** Line of the file, from 1. */
  line: number;
  pid: number;
  cpu: number;
  /**
   * Whether the event happened in a hardware interrupt (the `h` or `H` of the context column); null
   * when the trace has no such column.
   */
  inInterrupt: boolean | null;
}

export interface TraceLine {
  place: TracePlace;
  event: string;
  /** What follows the event's name. */
  rest: string;
}

/*
 *  kworker/0:1H-39      [000] d..2.   432.319396: grant: (blkif_...) gfn=0x1f407f off=0
 * A column with the thread group may stand before the processor, the context column may be missing.
 */
const LINE =
  /^\s*\S.*?-(\d+)\s+(?:\(\s*[-\d]+\)\s+)?\[(\d+)\]\s+(?:([^\s\d]\S*)\s+)?\d+(?:\.\d+)?:\s+(?:[a-z_]+:)?([A-Za-z_]\w*):(?:\s(.*))?$/;

/** Reads one line; null when it is no event. */
export function parseTraceLine(text: string, line: number): TraceLine | null {
  const match = LINE.exec(text);
  if (!match) return null;
  const [, pid, cpu, context, event = "", rest = ""] = match;
  const inInterrupt = context === undefined ? null : /[hH]/.test(context);
  return { place: { line, pid: Number(pid), cpu: Number(cpu), inInterrupt }, event, rest };
}

/** The text of ` name=value`; null when the field is missing. */
export function fieldText(rest: string, name: string): string | null {
  const key = ` ${name}=`;
  // What comes first is the probe's address in parentheses.
  const at = rest.indexOf(key);
  if (at < 0) return null;
  const from = at + key.length;
  const to = rest.indexOf(" ", from);
  const text = to < 0 ? rest.slice(from) : rest.slice(from, to);
  // Where a probe could not read memory, the kernel prints (fault).
  return text === "" || text.startsWith("(") ? null : text;
}

/** A field's number, decimal or with 0x; null when it is missing or too large to be exact. */
export function fieldNumber(rest: string, name: string): number | null {
  const text = fieldText(rest, name);
  if (text === null) return null;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : null;
}
