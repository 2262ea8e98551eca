/**
 * All that the extension host and the webview say to each other. The webview says `ready` once and gets
 * `show` with everything; from then on `moved` brings what a move of the cursor changed.
 */
import type { Choices, FreeItem, PanelState, ShadowRow, Timeline, Window } from "./state.js";

export * from "./state.js";
export { unpackInt32s } from "./pack.js";

/** Raised when an old webview could misread a new host. */
export const PROTOCOL_VERSION = 1;

// #region host → webview

/** Nothing to show, yet. `saved` is what the panel showed before the window was reloaded. */
export interface EmptyContent {
  kind: "empty";
  saved: { title: string; step: number } | null;
}

/** A run is being recorded. */
export interface BusyContent {
  kind: "busy";
  text: string;
}

export interface ErrorContent {
  kind: "error";
  title: string;
  /** What happened, and where. */
  detail: string;
}

export interface SessionContent {
  kind: "session";
  /** Name of the scenario. */
  title: string;
  timeline: Timeline;
  state: PanelState;
  choices: Choices;
}

export type Content = EmptyContent | BusyContent | ErrorContent | SessionContent;

/** Replaces everything. */
export interface ShowMessage {
  type: "show";
  version: number;
  content: Content;
  /** The host asks to be told when a move was painted. */
  measure: boolean;
}

/** The cursor moved, or more is known of where it stands: the sections that differ. */
export interface MovedMessage {
  type: "moved";
  step: number;
  sections: Partial<PanelState>;
  /** Sent when the choices changed, too. */
  choices?: Choices;
}

export interface ShadowRowsMessage {
  type: "shadowRows";
  step: number;
  rows: Window<ShadowRow>;
}

export interface FreeItemsMessage {
  type: "freeItems";
  step: number;
  items: Window<FreeItem>;
}

export type HostMessage = ShowMessage | MovedMessage | ShadowRowsMessage | FreeItemsMessage;

// #endregion
// #region webview → host

/** What the webview keeps over a reload of the window. */
export interface SavedView {
  version: number;
  /** What the host needs to find the scenario again; opaque to the webview. */
  title: string;
  step: number;
  choices: Choices;
}

/** The webview is loaded, or loaded again. */
export interface ReadyMessage {
  type: "ready";
  version: number;
  saved: SavedView | null;
}

/** Move the cursor to a step. */
export interface MoveToMessage {
  type: "moveTo";
  step: number;
}

export const COMMANDS = [
  "nextGrant",
  "previousGrant",
  "nextRequest",
  "previousRequest",
  "stepOver",
  "stepInto",
  "stepOut",
  "stepBack",
  "continue",
  "reverseContinue",
] as const;
export type Command = (typeof COMMANDS)[number];

/** A button or a key. */
export interface CommandMessage {
  type: "command";
  command: Command;
}

/** What can be clicked to go where it was set up. */
export type Place =
  | { kind: "grant"; index: number }
  | { kind: "gref"; gref: number }
  | { kind: "slot"; slot: number }
  | { kind: "frame"; n: number }
  | { kind: "request"; key: string };

export interface GoToMessage {
  type: "goTo";
  place: Place;
}

export interface ChooseMessage {
  type: "choose";
  choices: Choices;
}

/** Part of a long list. */
export interface RangeMessage {
  type: "range";
  list: "shadow" | "free";
  from: number;
  count: number;
}

/** Start debugging; `again`: what the panel showed before the reload, at its step. */
export interface LaunchMessage {
  type: "launch";
  again: boolean;
}

/** The move to `step` is on the screen; sent when the host asked to measure. */
export interface PaintedMessage {
  type: "painted";
  step: number;
}

export type WebviewMessage =
  | ReadyMessage
  | MoveToMessage
  | CommandMessage
  | GoToMessage
  | ChooseMessage
  | RangeMessage
  | LaunchMessage
  | PaintedMessage;

// #endregion
