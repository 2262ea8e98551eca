/** One moment with what the panel knows of it: what every section is built from. */
import type { Machine } from "../core/machine.js";
import type { RecordingView, MomentView } from "./recording.js";
import type { RequestIndex } from "./request-index.js";
import type { RequestTrack } from "./request-track.js";
import type { Choices, PanelState } from "./state.js";

export interface Scene {
  readonly recording: RecordingView;
  readonly index: RequestIndex;
  readonly moment: MomentView;
  readonly machine: Machine;
  readonly step: number;
  /** The request that is shown: a pinned one, else the one that the step belongs to. */
  readonly track: RequestTrack | null;
  /** The grant of the shown request that the step works on. */
  readonly grant: number | null;
  /** The request that the step belongs to, whatever is pinned. */
  readonly own: RequestTrack | null;
  readonly choices: Choices;
  /** What was shown at the last stop, which the marks of change compare with. */
  readonly previous: PanelState | null;
  /** Which items of the long lists are wanted. */
  readonly windows: { readonly shadow: ListWindow; readonly free: ListWindow };
}

export interface ListWindow {
  readonly from: number;
  readonly count: number;
}

/** The window that is sent of a list of `total` items: the wanted part, inside the list. */
export function clampWindow(wanted: ListWindow, total: number): ListWindow {
  const from = Math.max(0, Math.min(wanted.from, total - wanted.count));
  return { from, count: Math.min(wanted.count, total - from) };
}
