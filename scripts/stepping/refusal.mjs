/** Why a file cannot be instrumented, and where: esbuild prints it with the line. */
export class Refusal extends Error {
  /**
   * @param {import("typescript").SourceFile} source
   * @param {import("typescript").Node} node
   * @param {string} reason
   */
  constructor(source, node, reason) {
    const start = node.getStart(source);
    const { line, character } = source.getLineAndCharacterOfPosition(start);
    super(`${source.fileName}:${line + 1}: ${reason}`);
    this.reason = reason;
    this.file = source.fileName;
    /** From 1. */
    this.line = line + 1;
    /** From 0, as esbuild counts columns. */
    this.column = character;
    this.lineText = source.text.split(/\r?\n/)[line] ?? "";
  }
}
