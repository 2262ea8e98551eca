/** Runs the debug adapter inside the extension, one for each session. */
import * as vscode from "vscode";
import type { AdapterHost } from "../adapter/host.js";
import { DebugAdapterSession } from "../adapter/session.js";
import type { Panel } from "./panel.js";
import type { Walks } from "./walks.js";

interface LaunchResponse {
  type: string;
  command?: string;
  success?: boolean;
  message?: string;
  body?: { error?: { format?: string; variables?: Record<string, string> } };
}

/** The text of a refused launch, or null when the message is none. */
function refusedLaunch(message: LaunchResponse): string | null {
  if (message.type !== "response" || message.command !== "launch" || message.success) return null;
  const { format, variables = {} } = message.body?.error ?? {};
  if (format === undefined) return message.message ?? "The launch failed.";
  return format.replace(/\{(\w+)\}/g, (whole, name: string) => variables[name] ?? whole);
}

/** Registers the adapter for the type `blkfront`. */
export function registerDebugAdapters(
  host: AdapterHost,
  walks: Walks,
  panel: Panel,
): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.debug.registerDebugAdapterDescriptorFactory("blkfront", {
      createDebugAdapterDescriptor: (session) => {
        const adapter = new DebugAdapterSession(host);
        adapter.onDidBeginWalk((walk) => walks.begin(session, walk));
        return new vscode.DebugAdapterInlineImplementation(adapter as vscode.DebugAdapter);
      },
    }),
    vscode.debug.registerDebugAdapterTrackerFactory("blkfront", {
      createDebugAdapterTracker: (session) => ({
        onWillStartSession: () => panel.begin(session),
        onDidSendMessage: (message: LaunchResponse) => {
          const refused = refusedLaunch(message);
          if (refused !== null) panel.fail(session, refused);
        },
      }),
    }),
  );
}
