/** What the adapter is given by whoever runs it: an extension, a browser, a command line. */

import type { FilesBeside } from "../inputs/disk-image.js";

export interface AdapterHost {
  /** The content of a scenario or a capture. Rejects with a reason that a user understands. */
  readFile(path: string): Promise<Uint8Array>;
  /** The files in the folder of a scenario and below. */
  filesBeside(path: string): FilesBeside;
  /**
   * Where the client finds a source of the model, a path below `src/core` with slashes. Null when it can open
   * none: then it is given the text.
   */
  sourcePath(file: string): string | null;
  /** The text of a source of the model. */
  readSource(file: string): Promise<string>;
  /** Milliseconds of recording after which progress is shown; most recordings are done before. */
  readonly progressAfter?: number;
}
