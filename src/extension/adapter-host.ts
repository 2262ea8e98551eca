import * as vscode from "vscode";
import type { AdapterHost } from "../adapter/host.js";
import type { FilesBeside } from "../inputs/disk-image.js";
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

/** What VS Code says of a file, in words. */
function reasonOf(error: unknown): unknown {
  if (!(error instanceof vscode.FileSystemError)) return error;
  const reasons: Readonly<Record<string, string>> = {
    FileNotFound: "there is no such file",
    FileIsADirectory: "it is a folder",
    NoPermissions: "there is no permission to read it",
    Unavailable: "its file system is not available",
  };
  return new Error(reasons[error.code] ?? error.message, { cause: error });
}

/** The files in the folder of a scenario and below, wherever VS Code has it. */
export function filesBeside(scenario: vscode.Uri): FilesBeside {
  const uriOf = (name: string): vscode.Uri => vscode.Uri.joinPath(scenario, "..", name);
  return {
    size: async (name) => {
      try {
        const { size, type } = await vscode.workspace.fs.stat(uriOf(name));
        if ((type & vscode.FileType.File) === 0) throw new Error("it is no file");
        return size;
      } catch (error) {
        throw reasonOf(error);
      }
    },
    read: async (name) => {
      try {
        return await vscode.workspace.fs.readFile(uriOf(name));
      } catch (error) {
        throw reasonOf(error);
      }
    },
  };
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
        throw reasonOf(error);
      }
    },
    filesBeside: (program) => filesBeside(programUri(program)),
    sourcePath: (file) => modelUri(file).toString(),
    readSource: async (file) => {
      const bytes = await vscode.workspace.fs.readFile(shippedUri(extensionUri, file));
      return new TextDecoder().decode(bytes);
    },
  };
}
