import * as vscode from "vscode";
import type { AdapterHost } from "../adapter/host.js";
import { modelUri, shippedUri } from "./model-files.js";

/** A program as a launch configuration names it: a path, or a URI where the file is on no disk. */
export function programUri(program: string): vscode.Uri {
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(program)
    ? vscode.Uri.parse(program, true)
    : vscode.Uri.file(program);
}

/** How a launch configuration names a file. */
export function programOf(uri: vscode.Uri): string {
  return uri.scheme === "file" ? uri.fsPath : uri.toString(true);
}

/** What the adapter needs of VS Code: files, and the model's sources. */
export function createAdapterHost(extensionUri: vscode.Uri): AdapterHost {
  return {
    readFile: async (program) => {
      const uri = programUri(program);
      const open = vscode.workspace.textDocuments.find(
        (document) => document.uri.toString() === uri.toString(),
      );
      // What is in the editor is what the user sees, saved or not.
      if (open?.isDirty || open?.isUntitled) return new TextEncoder().encode(open.getText());
      try {
        return await vscode.workspace.fs.readFile(uri);
      } catch (error) {
        if (error instanceof vscode.FileSystemError && error.code === "FileNotFound") {
          throw new Error("there is no such file", { cause: error });
        }
        throw error;
      }
    },
    sourcePath: (file) => modelUri(file).toString(),
    readSource: async (file) => {
      const bytes = await vscode.workspace.fs.readFile(shippedUri(extensionUri, file));
      return new TextDecoder().decode(bytes);
    },
  };
}
