/** The extension: what VS Code starts, and how its parts are put together. */
import type * as vscode from "vscode";
import { createAdapterHost } from "./adapter-host.js";
import { registerCommands } from "./commands.js";
import { registerConfigurations } from "./configurations.js";
import { registerDebugAdapters } from "./debug-adapters.js";
import { registerDiagnostics } from "./diagnostics.js";
import { registerLanguages } from "./languages.js";
import { registerModelFiles } from "./model-files.js";
import { registerPanel } from "./panel.js";
import { registerTimeCommands } from "./time-commands.js";
import { registerValuesInSource } from "./values-in-source.js";
import { Walks } from "./walks.js";

export function activate(context: vscode.ExtensionContext): void {
  const walks = new Walks();
  const host = createAdapterHost(context.extensionUri);
  const panel = registerPanel(context, walks);
  context.subscriptions.push(
    walks,
    panel,
    registerModelFiles(context.extensionUri),
    registerDebugAdapters(host, walks, panel),
    registerLanguages(),
    registerConfigurations(),
    registerCommands(walks, panel),
    registerTimeCommands(walks),
    registerValuesInSource(),
    registerDiagnostics(),
  );
}
