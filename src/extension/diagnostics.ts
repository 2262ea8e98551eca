/** Marks what is wrong with the scenarios and captures that are open. */
import * as vscode from "vscode";
import { openInput } from "../inputs/open.js";
import type { Problem } from "../inputs/problem.js";
import { isWalkable } from "./configurations.js";

/** Milliseconds without a key before a document is read again. */
const QUIET = 250;

function diagnosticOf({ severity, message, range, code }: Problem): vscode.Diagnostic {
  const { start, end } = range;
  const diagnostic = new vscode.Diagnostic(
    new vscode.Range(start.line, start.character, end.line, end.character),
    message,
    severity === "error" ? vscode.DiagnosticSeverity.Error : vscode.DiagnosticSeverity.Warning,
  );
  diagnostic.source = "grantwalk";
  diagnostic.code = code;
  return diagnostic;
}

/** Keeps the diagnostics of open documents up to date. */
export function registerDiagnostics(): vscode.Disposable {
  const collection = vscode.languages.createDiagnosticCollection("grantwalk");
  const waiting = new Map<string, ReturnType<typeof setTimeout>>();

  const check = (document: vscode.TextDocument) => {
    if (!isWalkable(document)) return;
    const { problems } = openInput(document.uri.path, document.getText());
    // VS Code checks the schema itself and marks those places.
    const own = problems.filter(({ code }) => !code.startsWith("schema."));
    collection.set(document.uri, own.map(diagnosticOf));
  };
  const checkSoon = (document: vscode.TextDocument) => {
    const key = document.uri.toString();
    clearTimeout(waiting.get(key));
    waiting.set(
      key,
      setTimeout(() => {
        waiting.delete(key);
        if (!document.isClosed) check(document);
      }, QUIET),
    );
  };

  vscode.workspace.textDocuments.forEach(check);
  return vscode.Disposable.from(
    collection,
    vscode.workspace.onDidOpenTextDocument(check),
    vscode.workspace.onDidChangeTextDocument(({ document }) => checkSoon(document)),
    vscode.workspace.onDidCloseTextDocument(({ uri }) => collection.delete(uri)),
    new vscode.Disposable(() => waiting.forEach((timer) => clearTimeout(timer))),
  );
}
