/** The text of a scenario file as a syntax tree, and problems that point into it. */

import { findNodeAtLocation, type JSONPath, type Node } from "jsonc-parser";
import type { Problem, TextRange } from "./problem.js";
import type { TextLines } from "./text-lines.js";

/** `workload[2].submit[0].sector`: a path as the messages and the command line show it. */
export function sayPath(path: JSONPath): string {
  let text = "";
  for (const part of path) {
    if (typeof part === "number") text += `[${part}]`;
    else if (/^[A-Za-z_$][\w$]*$/.test(part)) text += text === "" ? part : `.${part}`;
    else text += `[${JSON.stringify(part)}]`;
  }
  return text;
}

/** Enough problems to see what is wrong; a generated file may have one in each of a million lines. */
const MOST_PROBLEMS = 200;

/** Collects the problems of one scenario file. */
export class ScenarioSource {
  readonly problems: Problem[] = [];
  private unsaid = 0;

  constructor(
    private readonly lines: TextLines,
    private readonly root: Node | undefined,
  ) {}

  get hasErrors(): boolean {
    return this.problems.some((problem) => problem.severity === "error");
  }

  /** Where the value at a path is in the text. */
  rangeOf(path: JSONPath): TextRange {
    const { offset, length } = this.nodeAt(path);
    return this.rangeAt(offset, length);
  }

  error(code: string, path: JSONPath, message: string): void {
    this.report("error", code, path, message, this.nodeAt(path));
  }

  warning(code: string, path: JSONPath, message: string): void {
    this.report("warning", code, path, message, this.nodeAt(path));
  }

  /** Points at the key of a property in place of its value. */
  errorAtKey(code: string, path: JSONPath, message: string): void {
    const value = this.nodeAt(path);
    const key = value.parent?.type === "property" ? value.parent.children?.[0] : undefined;
    this.report("error", code, path, message, key ?? value);
  }

  /** A problem of the text itself, where there may be no node. */
  errorInText(code: string, offset: number, length: number, message: string): void {
    this.report("error", code, [], message, { offset, length });
  }

  /** Says how many problems were left out, once everything has been reported. */
  finish(): Problem[] {
    const last = this.problems[this.problems.length - 1];
    if (this.unsaid > 0 && last) {
      last.message += ` (${this.unsaid} more problems are not shown.)`;
    }
    return this.problems;
  }

  /** The node of a value, or the innermost one that exists on the way to it. */
  private nodeAt(path: JSONPath): Node | { offset: number; length: number; parent?: Node } {
    if (this.root) {
      for (let length = path.length; length >= 0; length--) {
        const node = findNodeAtLocation(this.root, path.slice(0, length));
        if (node) return node;
      }
    }
    return { offset: 0, length: 0 };
  }

  private report(
    severity: Problem["severity"],
    code: string,
    path: JSONPath,
    message: string,
    span: { offset: number; length: number },
  ): void {
    if (this.problems.length >= MOST_PROBLEMS) {
      this.unsaid++;
      return;
    }
    const range = this.rangeAt(span.offset, span.length);
    this.problems.push({
      severity,
      message,
      path: sayPath(path),
      range,
      line: range.start.line + 1,
      code,
    });
  }

  private rangeAt(offset: number, length: number): TextRange {
    const start = this.lines.positionAt(offset);
    return { start, end: this.lines.positionAt(offset + length) };
  }
}
