/** The panel in VS Code: a webview beside the source, which comes back after a reload of the window. */
import * as vscode from "vscode";
import { panelHtml } from "../panel/html.js";
import type { Command, SavedView, WebviewMessage } from "../panel/messages.js";
import { PanelSession } from "../panel/panel-session.js";
import type { SessionWalk, Walks } from "./walks.js";

const VIEW_TYPE = "grantwalk.panel";
/** Where the configuration of the last launch is kept, so that it can be launched again after a reload. */
const LAST_LAUNCH = "lastLaunch";

const COMMAND_IDS: Record<Command, string> = {
  nextGrant: "grantwalk.nextGrant",
  previousGrant: "grantwalk.previousGrant",
  nextRequest: "grantwalk.nextRequest",
  previousRequest: "grantwalk.previousRequest",
  stepOver: "workbench.action.debug.stepOver",
  stepInto: "workbench.action.debug.stepInto",
  stepOut: "workbench.action.debug.stepOut",
  stepBack: "workbench.action.debug.stepBack",
  continue: "workbench.action.debug.continue",
  reverseContinue: "workbench.action.debug.reverseContinue",
};

/** Whether a message of the webview moves the cursor: then somebody works in the panel. */
function asksForMove(message: unknown): boolean {
  const { type } = (message ?? {}) as Partial<WebviewMessage>;
  return type === "moveTo" || type === "goTo" || type === "command";
}

export class Panel implements vscode.Disposable {
  private view: vscode.WebviewPanel | null = null;
  private session: PanelSession | null = null;
  /** Where to go when the next walk begins: the step that the panel showed before a reload. */
  private resumeAt: number | null = null;
  /** A move came from the panel: the focus, which VS Code gives to the source at a stop, comes back. */
  private wantsFocusBack = false;
  private readonly disposables: vscode.Disposable[] = [];

  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly walks: Walks,
  ) {
    this.disposables.push(
      walks.onDidChangeActive((active) => this.show(active)),
      // Told when the source is open and has the focus.
      vscode.debug.onDidChangeActiveStackItem(() => this.takeFocusBack()),
      vscode.window.registerWebviewPanelSerializer(VIEW_TYPE, {
        deserializeWebviewPanel: async (view, saved: SavedView | undefined) => {
          this.adopt(view, saved ?? null);
        },
      }),
    );
  }

  /** Brings the panel to the front, without taking the focus. */
  reveal(): void {
    if (this.view !== null) {
      this.view.reveal(undefined, true);
      return;
    }
    const view = vscode.window.createWebviewPanel(
      VIEW_TYPE,
      "Grantwalk",
      { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true },
      { enableScripts: true },
    );
    this.adopt(view, null);
  }

  /** A session begins: its recording is being made. */
  begin(session: vscode.DebugSession): void {
    void this.context.workspaceState.update(LAST_LAUNCH, session.configuration);
    const wanted = vscode.workspace.getConfiguration("grantwalk").get("panel.openOnStart", true);
    if (wanted) this.reveal();
    this.session?.busy(`Recording ${session.name}…`);
  }

  /** A session could not begin. */
  fail(session: vscode.DebugSession, reason: string): void {
    this.session?.fail(`${session.name} could not start`, reason);
  }

  dispose(): void {
    this.view?.dispose();
    for (const one of this.disposables) one.dispose();
  }

  private adopt(view: vscode.WebviewPanel, saved: SavedView | null): void {
    this.view?.dispose();
    const { extensionUri } = this.context;
    const dist = vscode.Uri.joinPath(extensionUri, "dist");
    const { webview } = view;
    webview.options = { enableScripts: true, localResourceRoots: [dist] };
    view.iconPath = vscode.Uri.joinPath(extensionUri, "media", "icon.png");

    let idle: ReturnType<typeof setTimeout> | undefined;
    const session = new PanelSession(
      {
        post: (message) => void webview.postMessage(message),
        run: (command) => void vscode.commands.executeCommand(COMMAND_IDS[command]),
        launch: (again, from) => void this.launch(again, from),
        defer: (work) => {
          clearTimeout(idle);
          idle = setTimeout(work, 0);
        },
      },
      saved,
    );
    this.view = view;
    this.session = session;
    webview.onDidReceiveMessage((message: unknown) => {
      this.wantsFocusBack ||= asksForMove(message);
      session.receive(message);
    });
    view.onDidDispose(() => {
      clearTimeout(idle);
      session.dispose();
      if (this.view !== view) return;
      this.view = null;
      this.session = null;
    });
    webview.html = panelHtml({
      nonce: crypto.randomUUID(),
      cspSource: webview.cspSource,
      scriptUri: webview.asWebviewUri(vscode.Uri.joinPath(dist, "panel.js")).toString(),
      styleUri: webview.asWebviewUri(vscode.Uri.joinPath(dist, "panel.css")).toString(),
    });
    this.show(this.walks.active);
  }

  private takeFocusBack(): void {
    if (!this.wantsFocusBack) return;
    this.wantsFocusBack = false;
    this.view?.reveal(undefined, false);
  }

  private show(active: SessionWalk | null): void {
    if (this.session === null) return;
    if (active === null) {
      this.session.close();
      return;
    }
    const { walk } = active;
    this.session.open(walk.scenario.title, walk.cursor);
    if (this.resumeAt === null) return;
    const step = this.resumeAt;
    this.resumeAt = null;
    // After the stop on entry, which would otherwise follow and win.
    const waiting = walk.cursor.onDidMove(() => {
      waiting();
      walk.cursor.moveTo(step, "goto");
    });
  }

  private async launch(again: boolean, saved: SavedView | null): Promise<void> {
    const last = this.context.workspaceState.get<vscode.DebugConfiguration>(LAST_LAUNCH);
    if (again && last !== undefined) {
      this.resumeAt = saved?.step ?? null;
      await vscode.debug.startDebugging(vscode.workspace.workspaceFolders?.[0], last);
      return;
    }
    await vscode.commands.executeCommand("workbench.action.debug.start");
  }
}

/** Makes the panel. It opens with the first session, or with the window when it was open before. */
export function registerPanel(context: vscode.ExtensionContext, walks: Walks): Panel {
  return new Panel(context, walks);
}
