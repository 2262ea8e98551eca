/** Gives captures their language where their name says nothing, or something else. */
import * as vscode from "vscode";
import { beginsAsCapture } from "./configurations.js";

const CAPTURE_LANGUAGE = "blkfront-capture";

/** What VS Code makes of `capture.txt` and `capture.log`, whatever is in them: a name wins over a first line. */
const BY_NAME = ["plaintext", "log"];

/** Makes captures of texts that begin as such. */
export function registerLanguages(): vscode.Disposable {
  // Who takes the language away again is obeyed.
  const known = new Set<string>();

  const look = (document: vscode.TextDocument) => {
    const key = document.uri.toString();
    if (!BY_NAME.includes(document.languageId) || !beginsAsCapture(document)) return;
    if (known.has(key)) return;
    known.add(key);
    void vscode.languages.setTextDocumentLanguage(document, CAPTURE_LANGUAGE);
  };

  vscode.workspace.textDocuments.forEach(look);
  return vscode.workspace.onDidOpenTextDocument(look);
}
