/** Where a breakpoint can stand: at the beginning of a statement. */
import type { StatementInfo } from "../../replay/statements.js";

/** Lines and columns count from 1. */
export interface Place {
  line: number;
  column?: number | undefined;
}

function before(statement: StatementInfo, place: Place): boolean {
  if (statement.line !== place.line) return statement.line < place.line;
  return statement.column < (place.column ?? 1);
}

/** The order of the source, which that of the numbers is not where one statement holds another. */
function bySource(a: StatementInfo, b: StatementInfo): number {
  return a.line - b.line || a.column - b.column || a.id - b.id;
}

/**
 * The statement at which a breakpoint that was set at a place stands: the first that begins there or later in
 * the file. The second part of a `for`'s head has no breakpoint of its own.
 */
export function snap(
  statements: readonly StatementInfo[],
  place: Place,
): StatementInfo | undefined {
  return statements
    .filter((statement) => statement.again < 0 && !before(statement, place))
    .sort(bySource)[0];
}

/** The statements that begin in a range, in the order of the source. */
export function within(
  statements: readonly StatementInfo[],
  from: Place,
  to: Place,
): StatementInfo[] {
  const last = to.column ?? Infinity;
  return statements
    .filter((statement) => statement.again < 0 && !before(statement, from))
    .filter(({ line, column }) => line < to.line || (line === to.line && column <= last))
    .sort(bySource);
}

/** The statement with which a kernel function begins. */
export function functionEntry(
  statements: readonly StatementInfo[],
  name: string,
): StatementInfo | undefined {
  return statements.filter((statement) => statement.function.name === name).sort(bySource)[0];
}
