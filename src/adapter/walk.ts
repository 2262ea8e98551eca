/** One program that is being walked. */
import type { Scenario } from "../core/scenario.js";
import type { Cursor } from "../replay/cursor.js";
import type { Recording } from "../replay/recording.js";

/** What the adapter shares with a panel: both show the cursor, and both may move it. */
export interface Walk {
  /** The path of the scenario or the capture. */
  readonly program: string;
  readonly scenario: Scenario;
  readonly recording: Recording;
  readonly cursor: Cursor;
}
