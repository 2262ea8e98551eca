/**
 * One panel and what it shows: takes the webview's messages, follows the cursor, and sends what changed. It
 * knows neither VS Code nor a webview, only a way to post.
 */
import type {
  Choices,
  Command,
  Content,
  HostMessage,
  LaunchMessage,
  PanelState,
  Place,
  RangeMessage,
  SavedView,
  WebviewMessage,
} from "./messages.js";
import { PROTOCOL_VERSION } from "./messages.js";
import { FIRST_WINDOWS, PanelModel } from "./panel-model.js";
import { trackOf } from "./request-index.js";
import { changedSections } from "./patch.js";
import type { CursorView } from "./recording.js";
import type { ListWindow, Scene } from "./scene.js";
import { freeItems } from "./sections/free-grants.js";
import { shadowRows } from "./sections/shadow.js";
import { webviewMessageOf } from "./validate-message.js";

export interface PanelHost {
  post(message: HostMessage): void;
  /** A button of the panel, or a key in it. */
  run(command: Command): void;
  /** Start debugging, `again` with what the panel showed before the window was reloaded. */
  launch(again: boolean, saved: SavedView | null): void;
  /** Runs something when nothing else is to be done; a second call replaces the first. */
  defer(work: () => void): void;
  /** A move was painted; told only when `measure` is set. */
  painted?(step: number): void;
  readonly measure?: boolean;
}

interface Shown {
  readonly title: string;
  readonly cursor: CursorView;
  readonly model: PanelModel;
  readonly stopListening: () => void;
}

const FOLLOW: Choices = { request: null, bytes: "auto" };

export class PanelSession {
  private shown: Shown | null = null;
  private content: Exclude<Content, { kind: "session" }>;
  private choices: Choices = FOLLOW;
  private windows: Scene["windows"] = FIRST_WINDOWS;
  private state: PanelState | null = null;
  /** What the stop before was like: what changes are measured from. */
  private previous: PanelState | null = null;
  private ready = false;

  /** @param saved what a panel that is being restored showed */
  constructor(
    private readonly host: PanelHost,
    private saved: SavedView | null = null,
  ) {
    this.content = emptyContent(saved);
  }

  /** Shows the recording of a cursor, from now until `close`, and follows it. */
  open(title: string, cursor: CursorView): void {
    this.leave();
    const model = new PanelModel(cursor.recording);
    const stopListening = cursor.onDidMove(() => {
      this.follow();
    });
    this.shown = { title, cursor, model, stopListening };
    this.state = this.previous = null;
    this.windows = FIRST_WINDOWS;
    const pinned = this.saved?.title === title ? this.saved.choices : FOLLOW;
    const known = pinned.request === null || model.index.byKey.has(pinned.request);
    this.choices = known ? pinned : FOLLOW;
    this.saved = null;
    this.show();
  }

  /** The session is over: shows how to begin one. */
  close(): void {
    this.leave();
    this.content = emptyContent(this.saved);
    this.show();
  }

  /** Says that a recording is being made, and how far it is. */
  busy(text: string): void {
    this.leave();
    this.content = { kind: "busy", text };
    this.show();
  }

  /** Says what went wrong. */
  fail(title: string, detail: string): void {
    this.leave();
    this.content = { kind: "error", title, detail };
    this.show();
  }

  dispose(): void {
    this.leave();
  }

  /** What a webview posted; anything that is no message is dropped. */
  receive(untrusted: unknown): void {
    const message = webviewMessageOf(untrusted);
    if (message !== null) this.handle(message);
  }

  private handle(message: WebviewMessage): void {
    switch (message.type) {
      case "ready":
        this.ready = true;
        if (this.shown === null && this.saved === null && message.saved !== null) {
          this.saved = message.saved;
          if (this.content.kind === "empty") this.content = emptyContent(this.saved);
        }
        this.show();
        break;
      case "moveTo":
        this.moveTo(message.step);
        break;
      case "command":
        if (this.shown !== null) this.host.run(message.command);
        break;
      case "goTo":
        this.goTo(message.place);
        break;
      case "choose":
        this.choices = message.choices;
        this.refresh();
        break;
      case "range":
        this.sendRange(message);
        break;
      case "launch":
        this.launch(message);
        break;
      case "painted":
        this.host.painted?.(message.step);
        break;
    }
  }

  private launch({ again }: LaunchMessage): void {
    this.host.launch(again, this.saved);
  }

  private moveTo(step: number): void {
    if (this.shown === null) return;
    const { cursor } = this.shown;
    cursor.moveTo(Math.min(step, cursor.recording.length - 1), "goto");
  }

  private goTo(place: Place): void {
    if (this.shown === null) return;
    const step = this.stepOf(place, this.shown);
    if (step !== null) this.moveTo(step);
  }

  private stepOf(place: Place, { model, cursor }: Shown): number | null {
    const { index } = model;
    const track = trackOf(index, this.state?.request?.key ?? "", cursor.step);
    switch (place.kind) {
      case "grant":
        return track === undefined ? null : model.stepOfGrant(track, place.index);
      case "frame":
        return track?.frames.find(({ n }) => n === place.n)?.step ?? null;
      case "gref":
        return model.stepOfGref(place.gref, cursor.step);
      case "slot":
        return model.stepOfSlot(place.slot, cursor.step);
      case "request": {
        const start = index.byKey.get(place.key)?.[0]?.start ?? -1;
        return start < 0 ? null : start;
      }
    }
  }

  private leave(): void {
    this.shown?.stopListening();
    this.shown = null;
  }

  private scene({ model, cursor }: Shown): Scene {
    const { choices, previous, windows } = this;
    return model.scene(cursor.step, { choices, previous, windows });
  }

  /** Sends everything. */
  private show(): void {
    if (!this.ready) return;
    let content: Content = this.content;
    if (this.shown !== null) {
      const { title, model } = this.shown;
      const scene = this.scene(this.shown);
      this.state = model.state(scene);
      content = {
        kind: "session",
        title,
        timeline: model.timeline(),
        state: this.state,
        choices: this.choices,
      };
      this.fetchBehind(scene);
    }
    const measure = this.host.measure === true;
    this.host.post({ type: "show", version: PROTOCOL_VERSION, content, measure });
  }

  /** The cursor has moved. */
  private follow(): void {
    // A stop at the same step is no new stop: what changed there stays marked.
    if (this.state !== null && this.state.position.step !== this.shown?.cursor.step) {
      this.previous = this.state;
    }
    this.refresh();
  }

  /** Sends what differs from what was sent last. */
  private refresh(): void {
    if (this.shown === null || !this.ready) return;
    if (this.state === null) {
      this.show();
      return;
    }
    const scene = this.scene(this.shown);
    const state = this.shown.model.state(scene);
    const sections = changedSections(this.state, state);
    this.state = state;
    this.host.post({ type: "moved", step: scene.step, sections, choices: this.choices });
    this.fetchBehind(scene);
  }

  /** Looks up what a copy has overwritten, after the move itself is on its way. */
  private fetchBehind(scene: Scene): void {
    const { copy } = this.state ?? {};
    if (!copy || copy.before !== null) return;
    this.host.defer(() => {
      if (this.shown === null || this.state?.position.step !== scene.step) return;
      const found = this.shown.model.lookBehind(scene);
      if (found === null) return;
      this.state = { ...this.state, copy: found };
      this.host.post({ type: "moved", step: scene.step, sections: { copy: found } });
    });
  }

  private sendRange({ list, from, count }: RangeMessage): void {
    if (this.shown === null) return;
    const window: ListWindow = { from, count };
    // From now on moves bring this part of the list.
    this.windows = { ...this.windows, [list]: window };
    const scene = this.scene(this.shown);
    if (list === "shadow") {
      this.host.post({ type: "shadowRows", step: scene.step, rows: shadowRows(scene, window) });
    } else {
      this.host.post({ type: "freeItems", step: scene.step, items: freeItems(scene, window) });
    }
  }
}

function emptyContent(saved: SavedView | null): Exclude<Content, { kind: "session" }> {
  return { kind: "empty", saved: saved && { title: saved.title, step: saved.step } };
}
