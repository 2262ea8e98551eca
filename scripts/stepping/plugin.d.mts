import type { Plugin } from "esbuild";

export interface SteppingOptions {
  /** The folder of the core; `src/core` of this checkout unless given. */
  root?: string;
  /** The folders below it that get probes; the driver and the back end unless given. */
  instrument?: string[];
  /** The file that the probes call. */
  probe?: string;
}

/** An esbuild plugin that builds the core a second time, with a probe before every statement. */
export function stepping(options?: SteppingOptions): Plugin;
