/**
 * The model's own TypeScript, as the debugger shows it: read-only files of a scheme of their own. They lie in
 * the extension; under their own scheme nobody edits them by mistake, no language server judges them, and
 * their addresses are the same on a desktop, on a remote machine and in a browser.
 */
import * as vscode from "vscode";

export const MODEL_SCHEME = "grantwalk-model";

/** The URI of a source of the model. @param file a path below `src/core`, with slashes */
export function modelUri(file: string): vscode.Uri {
  return vscode.Uri.from({ scheme: MODEL_SCHEME, path: `/${file}` });
}

/** Where a source of the model lies. */
export function shippedUri(extensionUri: vscode.Uri, file: string): vscode.Uri {
  return vscode.Uri.joinPath(extensionUri, "dist", "model", file);
}

class ModelFiles implements vscode.FileSystemProvider {
  readonly onDidChangeFile = new vscode.EventEmitter<vscode.FileChangeEvent[]>().event;

  constructor(private readonly extensionUri: vscode.Uri) {}

  private shipped(uri: vscode.Uri): vscode.Uri {
    return shippedUri(this.extensionUri, uri.path);
  }

  watch(): vscode.Disposable {
    return new vscode.Disposable(() => undefined);
  }

  async stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    const stat = await vscode.workspace.fs.stat(this.shipped(uri));
    return { ...stat, permissions: vscode.FilePermission.Readonly };
  }

  readDirectory(uri: vscode.Uri): Thenable<[string, vscode.FileType][]> {
    return vscode.workspace.fs.readDirectory(this.shipped(uri));
  }

  readFile(uri: vscode.Uri): Thenable<Uint8Array> {
    return vscode.workspace.fs.readFile(this.shipped(uri));
  }

  createDirectory(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  writeFile(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  delete(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  rename(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }
}

/** Makes the model's sources readable under their scheme. */
export function registerModelFiles(extensionUri: vscode.Uri): vscode.Disposable {
  const files = new ModelFiles(extensionUri);
  return vscode.workspace.registerFileSystemProvider(MODEL_SCHEME, files, {
    isReadonly: true,
    isCaseSensitive: true,
  });
}
