/**
 * @typedef {object} Range the first place and the one behind the last; lines and columns from 1, columns in
 *   UTF-16 units
 * @property {number} line
 * @property {number} column
 * @property {number} endLine
 * @property {number} endColumn
 *
 * @typedef {Range & { name: string, file: string, parameters: string[] }} FunctionEntry
 * @typedef {Range & { function: number, text: string, again: number }} StatementEntry
 */

/** A statement's number is stored in 16 bits. */
const MOST_STATEMENTS = 1 << 16;

/** The functions and statements of one build, numbered from 0 in the order of the source. */
export class Table {
  constructor() {
    /** @type {FunctionEntry[]} */
    this.functions = [];
    /** @type {StatementEntry[]} */
    this.statements = [];
  }

  /** The number given out last, -1 before the first. */
  get lastStatement() {
    return this.statements.length - 1;
  }

  /**
   * @param {FunctionEntry} entry
   * @returns {number} its number
   */
  addFunction(entry) {
    return this.functions.push(entry) - 1;
  }

  /**
   * @param {StatementEntry} entry
   * @returns {number} its number
   */
  addStatement(entry) {
    if (this.statements.length === MOST_STATEMENTS) {
      throw new Error(`more than ${MOST_STATEMENTS} statements to step through`);
    }
    return this.statements.push(entry) - 1;
  }

  /** The module `stepped:statements`. Rows, not objects, because the names would be most of its bytes. */
  toModule() {
    const functions = this.functions.map((f) => [
      f.name,
      f.file,
      f.parameters,
      f.line,
      f.column,
      f.endLine,
      f.endColumn,
    ]);
    const statements = this.statements.map((s) => [
      s.function,
      s.line,
      s.column,
      s.endLine,
      s.endColumn,
      s.text,
      s.again,
    ]);
    return [
      `export const functions = ${JSON.stringify(functions)}.map(`,
      `  ([name, file, parameters, line, column, endLine, endColumn], id) =>`,
      `    ({ id, name, file, parameters, line, column, endLine, endColumn }));`,
      `export const statements = ${JSON.stringify(statements)}.map(`,
      `  ([fn, line, column, endLine, endColumn, text, again], id) =>`,
      `    ({ id, function: functions[fn], line, column, endLine, endColumn, text, again }));`,
    ].join("\n");
  }
}
