/** The commands: walking a file, and moving in the walk. */
import * as vscode from "vscode";
import type { CustomRequests } from "../adapter/custom-requests.js";
import { configurationFor } from "./configurations.js";
import type { Panel } from "./panel.js";
import type { Walks } from "./walks.js";

async function request<K extends keyof CustomRequests>(
  walks: Walks,
  command: K,
  args?: CustomRequests[K]["arguments"],
): Promise<void> {
  await walks.activeSession()?.customRequest(command, args);
}

async function walkFile(uri: vscode.Uri | undefined, more: object = {}): Promise<void> {
  const target = uri ?? vscode.window.activeTextEditor?.document.uri;
  if (target === undefined) {
    void vscode.window.showErrorMessage("Grantwalk: open a scenario or a capture first.");
    return;
  }
  const folder = vscode.workspace.getWorkspaceFolder(target);
  await vscode.debug.startDebugging(folder, { ...configurationFor(target), ...more });
}

async function walkFileOnPages(uri: vscode.Uri | undefined): Promise<void> {
  const choice = await vscode.window.showQuickPick(
    [
      { label: "64 KB", description: "16 grants a page", pageSize: "64K" },
      { label: "16 KB", description: "4 grants a page", pageSize: "16K" },
      { label: "4 KB", description: "1 grant a page", pageSize: "4K" },
    ],
    { placeHolder: "Lay the same buffers on pages of this size" },
  );
  if (choice !== undefined) await walkFile(uri, { pageSize: choice.pageSize });
}

async function goToStep(walks: Walks): Promise<void> {
  const cursor = walks.active?.walk.cursor;
  if (cursor === undefined) return request(walks, "grantwalk/position");
  const last = cursor.recording.length - 1;
  const answer = await vscode.window.showInputBox({
    prompt: `Step, from 0 to ${last.toLocaleString("en-US")}`,
    value: String(cursor.step),
    validateInput: (text) => {
      const step = Number(text.replaceAll(",", ""));
      if (Number.isInteger(step) && step >= 0 && step <= last) return undefined;
      return `A whole number from 0 to ${last.toLocaleString("en-US")}`;
    },
  });
  if (answer === undefined) return;
  await request(walks, "grantwalk/goTo", { step: Number(answer.replaceAll(",", "")) });
}

/** Registers every command of the extension. */
export function registerCommands(walks: Walks, panel: Panel): vscode.Disposable {
  const commands: Record<string, (uri?: vscode.Uri) => unknown> = {
    walkFile: (uri) => walkFile(uri),
    walkFileOnPages,
    showPanel: () => panel.reveal(),
    nextGrant: () => request(walks, "grantwalk/next", { what: "grant" }),
    previousGrant: () => request(walks, "grantwalk/previous", { what: "grant" }),
    nextRequest: () => request(walks, "grantwalk/next", { what: "request" }),
    previousRequest: () => request(walks, "grantwalk/previous", { what: "request" }),
    stepBackInto: () => request(walks, "grantwalk/stepBackInto"),
    goToStep: () => goToStep(walks),
    goToWrong: () => request(walks, "grantwalk/goToWrong"),
  };
  return vscode.Disposable.from(
    ...Object.entries(commands).map(([name, run]) =>
      vscode.commands.registerCommand(`grantwalk.${name}`, run),
    ),
  );
}
