/** Expressions as they stand in a line of source, TypeScript or C: what an editor shows values of. */

/** A chain of a name, members and indexes. Columns count from 0; `end` is the first column behind it. */
export interface ExpressionInSource {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const NAME = "[A-Za-z_]\\w*";
const CHAIN = new RegExp(`(?<![\\w.$"'])${NAME}(?:(?:\\?\\.|!?\\.|->)${NAME}|\\[\\w+\\])*`, "g");

/** Words that no variable has for a name. */
const WORDS = new Set(
  (
    "as break case const continue default do else enum export extern false for function goto if import in inline " +
    "int interface let long new null of readonly return short signed sizeof static struct switch this throw true " +
    "type typeof undefined unsigned var void volatile while number boolean string"
  ).split(" "),
);

/** What is text or comment in a line, with as many blanks in its place. */
function codeOf(line: string): string {
  return line.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\/\*.*?(?:\*\/|$)|\/\/.*$/g, (found) =>
    " ".repeat(found.length),
  );
}

/** All expressions of a line, without calls, in their order. */
export function expressionsIn(line: string): ExpressionInSource[] {
  const code = codeOf(line);
  if (/^\s*\*/.test(code)) return [];
  const found: ExpressionInSource[] = [];
  for (const { 0: text, index } of code.matchAll(CHAIN)) {
    const end = index + text.length;
    // What is called has no value, and a type's name stands behind a colon or `as`.
    const before = code.slice(0, index);
    if (/^\s*\(/.test(code.slice(end)) || /(?::|\bas|\bnew|\bstruct)\s*$/.test(before)) continue;
    if (WORDS.has(text)) continue;
    found.push({ text: text.replaceAll("?.", ".").replaceAll("!.", "."), start: index, end });
  }
  return found;
}

/**
 * The expression at a column, up to the member that the column is in: of `info->ring.nr_ents` with the column in
 * `ring` it is `info->ring`.
 */
export function expressionAt(line: string, column: number): ExpressionInSource | null {
  const code = codeOf(line);
  for (const { 0: text, index } of code.matchAll(CHAIN)) {
    const end = index + text.length;
    if (column < index || column >= end) continue;
    const rest = /^\w*\]?/.exec(text.slice(column - index))?.[0] ?? "";
    const part = text.slice(0, column - index + rest.length).replace(/(?:\?\.|!?\.|->|\[)$/, "");
    if (WORDS.has(part)) return null;
    return {
      text: part.replaceAll("?.", ".").replaceAll("!.", "."),
      start: index,
      end: index + part.length,
    };
  }
  return null;
}
