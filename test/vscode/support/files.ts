// The files of the folder that is open, and new ones in it.
import * as vscode from "vscode";

/** The folder that is open: a copy of the examples. */
export function folder(): vscode.WorkspaceFolder {
  const [first] = vscode.workspace.workspaceFolders ?? [];
  if (first === undefined) throw new Error("No folder is open");
  return first;
}

/** A file of the examples, such as `captures/write-48k.trace.txt`. */
export function example(name: string): vscode.Uri {
  return vscode.Uri.joinPath(folder().uri, name);
}

let written = 0;

/** Writes a file into a folder of its own, so that no test finds what another has left. */
export async function write(name: string, content: string): Promise<vscode.Uri> {
  const place = `${Date.now().toString(36)}-${written++}`;
  const uri = vscode.Uri.joinPath(folder().uri, "written", place, name);
  await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(content));
  return uri;
}

export async function read(uri: vscode.Uri): Promise<string> {
  return new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
}

/** Opens a file in the first column, as a double-click does. */
export function show(uri: vscode.Uri): Thenable<vscode.TextEditor> {
  return vscode.window.showTextDocument(uri, {
    preview: false,
    viewColumn: vscode.ViewColumn.One,
  });
}

/** Replaces the whole text of a document and saves it: nothing is left that could ask for it. */
export async function rewrite(document: vscode.TextDocument, text: string): Promise<void> {
  const edit = new vscode.WorkspaceEdit();
  const everything = new vscode.Range(0, 0, document.lineCount, 0);
  edit.replace(document.uri, everything, text);
  if (!(await vscode.workspace.applyEdit(edit))) throw new Error("The edit was refused");
  await document.save();
}

export async function closeEditors(): Promise<void> {
  await vscode.commands.executeCommand("workbench.action.closeAllEditors");
}
