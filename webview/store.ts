/** What the panel shows, kept up to date by the host's messages. */
import {
  type Choices,
  type Command,
  type Content,
  type HostMessage,
  type PanelState,
  type Place,
  PROTOCOL_VERSION,
  type SessionContent,
} from "../src/panel/messages.js";
import type { Host } from "./host.js";

export class Store {
  content: Content = { kind: "busy", text: "" };
  /** Set when host and webview speak different versions. */
  outdated = false;
  private measure = false;
  /** The last step that was asked for while the answer to an earlier one is on its way. */
  private wanted: number | null = null;
  private waiting = false;
  private saving = 0;

  constructor(
    private readonly host: Host,
    private readonly changed: () => Promise<unknown>,
  ) {
    host.listen((message) => {
      void this.take(message);
    });
  }

  /** Says that the webview is there; the answer brings everything. */
  start(): void {
    const kept = this.host.kept();
    const saved = kept && {
      version: kept.version,
      title: kept.title,
      step: kept.step,
      choices: kept.choices,
    };
    this.host.post({ type: "ready", version: PROTOCOL_VERSION, saved });
  }

  get session(): SessionContent | null {
    return this.content.kind === "session" ? this.content : null;
  }

  private async take(message: HostMessage): Promise<void> {
    const { session } = this;
    switch (message.type) {
      case "show":
        this.outdated = message.version !== PROTOCOL_VERSION;
        this.measure = message.measure;
        this.content = message.content;
        this.waiting = false;
        break;
      case "moved":
        if (session === null) return;
        this.content = {
          ...session,
          state: { ...session.state, ...message.sections },
          choices: message.choices ?? session.choices,
        };
        this.waiting = false;
        break;
      case "shadowRows":
        this.patch(message.step, ({ shadow }) =>
          shadow === null ? {} : { shadow: { ...shadow, rows: message.rows } },
        );
        break;
      case "freeItems":
        this.patch(message.step, ({ free }) =>
          free === null ? {} : { free: { ...free, items: message.items } },
        );
        break;
    }
    await this.changed();
    this.sendWanted();
    this.keepSoon();
    if (this.measure && message.type === "moved") {
      const { step } = message;
      // The frame after this one begins when this one has been painted.
      requestAnimationFrame(() => {
        setTimeout(() => {
          this.host.post({ type: "painted", step });
        });
      });
    }
  }

  private patch(step: number, part: (state: PanelState) => Partial<PanelState>): void {
    const { session } = this;
    // What belongs to another step came too late.
    if (session === null || session.state.position.step !== step) return;
    this.content = { ...session, state: { ...session.state, ...part(session.state) } };
  }

  /** Moves the cursor. While one move is on its way only the last of further ones is kept. */
  moveTo(step: number): void {
    const { session } = this;
    if (session === null) return;
    this.wanted = Math.max(0, Math.min(step, session.timeline.length - 1));
    this.sendWanted();
  }

  private sendWanted(): void {
    if (this.waiting || this.wanted === null) return;
    const step = this.wanted;
    this.wanted = null;
    if (step === this.session?.state.position.step) return;
    this.waiting = true;
    this.host.post({ type: "moveTo", step });
  }

  command(command: Command): void {
    this.host.post({ type: "command", command });
  }

  goTo(place: Place): void {
    this.host.post({ type: "goTo", place });
  }

  choose(choices: Partial<Choices>): void {
    const { session } = this;
    if (session === null) return;
    this.host.post({ type: "choose", choices: { ...session.choices, ...choices } });
  }

  range(list: "shadow" | "free", from: number, count: number): void {
    this.host.post({ type: "range", list, from, count });
  }

  launch(again: boolean): void {
    this.host.post({ type: "launch", again });
  }

  /** Keeps the view for a reload, once things have come to rest. */
  keepSoon(): void {
    window.clearTimeout(this.saving);
    this.saving = window.setTimeout(() => {
      const { session } = this;
      if (session === null) return;
      this.host.keep({
        version: PROTOCOL_VERSION,
        title: session.title,
        step: session.state.position.step,
        choices: session.choices,
        scroll: document.scrollingElement?.scrollTop ?? 0,
      });
    }, 150);
  }

  /** Where the page was scrolled before a reload, in CSS pixels. */
  keptScroll(): number {
    return this.host.kept()?.scroll ?? 0;
  }
}
