/** The table of statements that the build writes beside the stepped core. */

/** Lines and columns count from 1, columns in UTF-16 units; the end is the place behind the last character. */
export interface SourceRange {
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

export interface FunctionInfo extends SourceRange {
  readonly id: number;
  readonly name: string;
  /** Path below `src/core`, with slashes. */
  readonly file: string;
  readonly parameters: readonly string[];
}

/** A statement, or the head of one that holds others. */
export interface StatementInfo extends SourceRange {
  readonly id: number;
  readonly function: FunctionInfo;
  /** Its source, white space folded. Of an `if`, a `switch` or a loop the head only. */
  readonly text: string;
  /**
   * The increment and test of a `for` is an entry of its own, since the head runs in two parts: then this is
   * the number of the `for`. Otherwise -1.
   */
  readonly again: number;
}
