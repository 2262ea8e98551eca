/** Marks what is wrong with the scenarios and captures that are open. */
import * as vscode from "vscode";
import { checkInput } from "../inputs/open.js";
import type { Problem } from "../inputs/problem.js";
import { filesBeside } from "./adapter-host.js";
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

  const check = async (document: vscode.TextDocument) => {
    if (!isWalkable(document)) return;
    const { uri, version } = document;
    const problems = await checkInput(uri.path, document.getText(), filesBeside(uri));
    // The file that a scenario names took a while to find; meanwhile the text may have changed.
    if (document.isClosed || document.version !== version) return;
    // VS Code checks the schema itself and marks those places.
    const own = problems.filter(({ code }) => !code.startsWith("schema."));
    collection.set(uri, own.map(diagnosticOf));
  };
  const checkSoon = (document: vscode.TextDocument) => {
    const key = document.uri.toString();
    clearTimeout(waiting.get(key));
    waiting.set(
      key,
      setTimeout(() => {
        waiting.delete(key);
        if (!document.isClosed) void check(document);
      }, QUIET),
    );
  };

  vscode.workspace.textDocuments.forEach((document) => void check(document));
  return vscode.Disposable.from(
    collection,
    vscode.workspace.onDidOpenTextDocument(check),
    vscode.workspace.onDidChangeTextDocument(({ document }) => checkSoon(document)),
    vscode.workspace.onDidCloseTextDocument(({ uri }) => collection.delete(uri)),
    new vscode.Disposable(() => waiting.forEach((timer) => clearTimeout(timer))),
  );
}
