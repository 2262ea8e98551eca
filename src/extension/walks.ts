import * as vscode from "vscode";
import type { Walk } from "../adapter/walk.js";
import { toWrong } from "../replay/moves/to-wrong.js";

/** A debug session of ours and what is being walked in it. */
export interface SessionWalk {
  readonly session: vscode.DebugSession;
  readonly walk: Walk;
}

/** What is being walked, session by session, and which of them the user looks at. */
export class Walks implements vscode.Disposable {
  private readonly bySession = new Map<string, SessionWalk>();
  private readonly changed = new vscode.EventEmitter<SessionWalk | null>();
  private readonly disposables: vscode.Disposable[] = [this.changed];
  private shown: SessionWalk | null = null;

  /** Tells which walk is to be shown now; null when there is none. */
  readonly onDidChangeActive = this.changed.event;

  constructor() {
    this.disposables.push(
      vscode.debug.onDidChangeActiveDebugSession(() => this.update()),
      vscode.debug.onDidTerminateDebugSession((session) => {
        if (this.bySession.delete(session.id)) this.update();
      }),
    );
  }

  get active(): SessionWalk | null {
    return this.shown;
  }

  /** The session whose walk is shown; null, with a word to the user, when nothing is walked. */
  activeSession(): vscode.DebugSession | null {
    if (this.shown !== null) return this.shown.session;
    void vscode.window.showInformationMessage(
      "Grantwalk: nothing is being walked. Open a scenario or a capture and press F5.",
    );
    return null;
  }

  /** A walk has begun in a session, or has begun anew. */
  begin(session: vscode.DebugSession, walk: Walk): void {
    this.bySession.set(session.id, { session, walk });
    this.update();
  }

  dispose(): void {
    for (const one of this.disposables) one.dispose();
  }

  /** The active session's walk; while another debugger's session is active, the last one shown stays. */
  private update(): void {
    const active = this.bySession.get(vscode.debug.activeDebugSession?.id ?? "");
    const kept = this.bySession.get(this.shown?.session.id ?? "");
    const next = active ?? kept ?? [...this.bySession.values()].at(-1) ?? null;
    if (next === this.shown) return;
    this.shown = next;
    const goesWrong = next !== null && toWrong(next.walk.recording) !== null;
    void vscode.commands.executeCommand("setContext", "grantwalk.goesWrong", goesWrong);
    this.changed.fire(next);
  }
}
