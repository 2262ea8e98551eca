/** What may follow an expression after a comma: how its value is to be shown. */

/** `,x` hexadecimal, `,d` decimal, `,b` its bytes. */
export type Suffix = "x" | "d" | "b" | null;

export interface Asked {
  /** The expression alone. */
  readonly text: string;
  readonly suffix: Suffix;
  /** `,[8]` or `,8`: that many entries of what it points to; null for the value itself. */
  readonly count: number | null;
}

const LAST = /,\s*(?:([xdb])|(?:\[\s*(\d+)\s*\]|(\d+))\s*([xdb]?))\s*$/;

/** Cuts the suffixes off an expression; they come in any order. */
export function splitSuffix(text: string): Asked {
  const match = LAST.exec(text);
  if (match === null) return { text, suffix: null, count: null };
  const before = splitSuffix(text.slice(0, match.index));
  const [, alone, inBrackets, bare, behind] = match;
  const count = inBrackets ?? bare;
  return {
    text: before.text,
    suffix: ((alone ?? behind) || before.suffix) as Suffix,
    count: count === undefined ? before.count : Number(count),
  };
}
