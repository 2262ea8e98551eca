import { ExpressionError } from "./syntax.js";

export interface Token {
  kind: "number" | "string" | "name" | "sign" | "end";
  text: string;
  /** Where it begins in the expression. */
  at: number;
}

/** A name of C, or one of the debugger's own, which begin with a dollar sign. */
const NAME = /[$A-Za-z_][$\w]*/y;
const NUMBER = /(?:0[xX][\da-fA-F]+|0[0-7]*|[1-9]\d*)[uUlL]*/y;
const STRING = /"(?:[^"\\]|\\.)*"/y;
const SPACE = /\s+/y;
/** Longer signs first. */
const SIGN = /->|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^~!<>?:()[\].,]/y;

/** Cuts an expression into tokens; the last one is always "end". */
export function tokens(text: string): Token[] {
  const found: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): string | null => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0] ?? null;
  };
  const kinds = [
    ["number", NUMBER],
    ["string", STRING],
    ["name", NAME],
    ["sign", SIGN],
  ] as const;
  while (at < text.length) {
    const space = match(SPACE);
    if (space !== null) {
      at += space.length;
      continue;
    }
    const hit = kinds
      .map(([kind, pattern]) => ({ kind, text: match(pattern) }))
      .find((candidate) => candidate.text !== null);
    if (hit === undefined || hit.text === null) {
      throw new ExpressionError(`'${text[at]}' does not belong in an expression.`);
    }
    found.push({ kind: hit.kind, text: hit.text, at });
    at += hit.text.length;
  }
  found.push({ kind: "end", text: "", at });
  return found;
}
