/** What the adapter is given by whoever runs it: an extension, a browser, a command line. */
import type { Scenario } from "../core/scenario.js";
import type { Problem } from "../inputs/problem.js";

/** How a program is to be laid out, where that is not as it stands in it. */
export interface InputOptions {
  /** Bytes in a Linux page: the same buffers, on other pages. */
  pageSize?: number;
  /** The disk to take from a capture of several. */
  disk?: string;
}

export interface OpenedInput {
  /** Null when a problem is an error. */
  readonly scenario: Scenario | null;
  readonly problems: readonly Problem[];
}

export interface AdapterHost {
  /** The text of a scenario or a capture. Rejects with a reason that a user understands. */
  readText(path: string): Promise<string>;
  /** Makes a scenario of the text of a program; `name` is its path. */
  openInput(name: string, text: string, options: InputOptions): OpenedInput;
  /**
   * Where the client finds a source of the model, a path below `src/core` with slashes. Null when it can open
   * none: then it is given the text.
   */
  sourcePath(file: string): string | null;
  /** The text of a source of the model. */
  readSource(file: string): Promise<string>;
}
