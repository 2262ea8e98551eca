/** Values beside the lines of the model's source at a stop, and under the mouse there and in any C source. */
import * as vscode from "vscode";
import { expressionAt, expressionsIn } from "../adapter/expression/in-source.js";
import { MODEL_SCHEME } from "./model-files.js";

/** Lines before the stop whose values are shown. Each value is asked for at each stop, which has to stay quick. */
const LINES_BEFORE = 30;

/** The first line of the function that a line is in: as functions are written here, one that begins unindented. */
function functionStart(document: vscode.TextDocument, line: number): number {
  const first = Math.max(0, line - LINES_BEFORE);
  for (let at = line; at >= first; at--) {
    if (/^(?:export )?function /.test(document.lineAt(at).text)) return at;
  }
  return first;
}

const inlineValues: vscode.InlineValuesProvider = {
  provideInlineValues: (document, viewport, { stoppedLocation }) => {
    const last = stoppedLocation.end.line;
    const from = Math.max(viewport.start.line, functionStart(document, last));
    const values: vscode.InlineValue[] = [];
    const shown = new Set<string>();
    // From the stop upwards: what stands on several lines is shown on the nearest.
    for (let line = Math.min(viewport.end.line, last); line >= from; line--) {
      for (const { text, start, end } of expressionsIn(document.lineAt(line).text)) {
        if (shown.has(text)) continue;
        shown.add(text);
        const range = new vscode.Range(line, start, line, end);
        values.push(new vscode.InlineValueEvaluatableExpression(range, text));
      }
    }
    return values;
  },
};

const evaluatable: vscode.EvaluatableExpressionProvider = {
  provideEvaluatableExpression: (document, { line, character }) => {
    // Other debuggers have C too, and hovers of their own.
    const isOurs = vscode.debug.activeDebugSession?.type === "blkfront";
    const found = isOurs ? expressionAt(document.lineAt(line).text, character) : null;
    if (found === null) return undefined;
    const range = new vscode.Range(line, found.start, line, found.end);
    return new vscode.EvaluatableExpression(range, found.text);
  },
};

export function registerValuesInSource(): vscode.Disposable {
  const model: vscode.DocumentFilter = { scheme: MODEL_SCHEME };
  return vscode.Disposable.from(
    vscode.languages.registerInlineValuesProvider(model, inlineValues),
    vscode.languages.registerEvaluatableExpressionProvider([model, { language: "c" }], evaluatable),
  );
}
