/** Launch configurations: from launch.json, or made up for the file that is open. */
import * as vscode from "vscode";
import { programOf, programUri } from "./adapter-host.js";

const SCENARIO = /\.blkfront\.json$/i;

/** Whether a document has the header of a capture. */
export function beginsAsCapture(document: vscode.TextDocument): boolean {
  return document.lineCount > 0 && document.lineAt(0).text.startsWith("#== xenblk-capture");
}

/** Whether a document looks like something that can be walked. */
export function isWalkable(document: vscode.TextDocument): boolean {
  return (
    document.languageId === "blkfront-capture" ||
    SCENARIO.test(document.uri.path) ||
    beginsAsCapture(document)
  );
}

/** The configuration that walks a file. */
export function configurationFor(uri: vscode.Uri): vscode.DebugConfiguration {
  return {
    type: "blkfront",
    request: "launch",
    name: `Walk ${uri.path.split("/").at(-1)}`,
    program: programOf(uri),
  };
}

/** The document to walk: the one in front if it can be walked, else one that is visible. */
function walkableDocument(): vscode.TextDocument | undefined {
  const editors = [vscode.window.activeTextEditor, ...vscode.window.visibleTextEditors];
  return editors.find((editor) => editor !== undefined && isWalkable(editor.document))?.document;
}

/** Registers what makes F5 work, with a launch.json and without one. */
export function registerConfigurations(): vscode.Disposable {
  // During a walk the model's source is in front; F5 and Restart then mean the same file again.
  let last: string | undefined;

  const openProgram = (): string | undefined => {
    const document = walkableDocument();
    return document === undefined ? last : programOf(document.uri);
  };

  return vscode.debug.registerDebugConfigurationProvider("blkfront", {
    async resolveDebugConfiguration(_folder, configuration) {
      const isEmpty = !configuration.type && !configuration.request && !configuration.name;
      const wanted = configuration.program as unknown;
      const wantsOpenFile = wanted === undefined || wanted === "${file}";
      const program = wantsOpenFile ? openProgram() : wanted;
      if (typeof program !== "string") {
        // Not awaited: until it were dismissed, VS Code would take the session for a beginning one.
        void vscode.window.showErrorMessage(
          "Grantwalk: open a scenario (*.blkfront.json) or a capture of a live guest, then press F5.",
        );
        return undefined;
      }
      last = program;
      const made = isEmpty ? configurationFor(programUri(program)) : configuration;
      // What there is to see is beside the source; the console is one click away.
      return { internalConsoleOptions: "neverOpen", ...made, program };
    },
  });
}
