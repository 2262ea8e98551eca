// Run by VS Code in place of extension tests: says in a file whether the extension starts and what
// folder is open. GRANTWALK_CHECK has the extension's identifier and the file.
/* eslint @typescript-eslint/no-require-imports: "off" -- VS Code requires this file */
"use strict";
const fs = require("fs");
const vscode = require("vscode");

exports.run = async () => {
  const { id, file } = JSON.parse(process.env.GRANTWALK_CHECK ?? "{}");
  /** @type {{ folder: string | undefined, error?: string }} */
  const report = { folder: vscode.workspace.workspaceFolders?.[0]?.uri.fsPath };
  try {
    const extension = vscode.extensions.getExtension(id);
    if (!extension) throw new Error(`VS Code does not know ${id}`);
    await extension.activate();
    if (!report.folder) throw new Error("no folder is open");
  } catch (error) {
    report.error = String(error);
  }
  // Renamed, so that whoever waits for the file never reads half of it.
  fs.writeFileSync(`${file}.part`, JSON.stringify(report));
  fs.renameSync(`${file}.part`, file);
};
