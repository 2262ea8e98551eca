/** Launch configurations: from launch.json, or made up for the file that is open. */
import * as vscode from "vscode";
import { programOf } from "./adapter-host.js";

const SCENARIO = /\.blkfront\.json$/i;

/** Whether a document looks like something that can be walked. */
export function isWalkable(document: vscode.TextDocument): boolean {
  return (
    document.languageId === "blkfront-capture" ||
    SCENARIO.test(document.uri.path) ||
    (document.lineCount > 0 && document.lineAt(0).text.startsWith("#== xenblk-capture"))
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

/** Registers what makes F5 work without a launch.json. */
export function registerConfigurations(): vscode.Disposable {
  return vscode.debug.registerDebugConfigurationProvider("blkfront", {
    async resolveDebugConfiguration(_folder, configuration) {
      const isEmpty = !configuration.type && !configuration.request && !configuration.name;
      if (!isEmpty) return configuration;
      const document = vscode.window.activeTextEditor?.document;
      if (document !== undefined && isWalkable(document)) return configurationFor(document.uri);
      await vscode.window.showErrorMessage(
        "Grantwalk: open a scenario (*.blkfront.json) or a capture of a live guest, then press F5.",
      );
      return undefined;
    },
  });
}
