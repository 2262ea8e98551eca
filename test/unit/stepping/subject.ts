import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import esbuild from "esbuild";
import { stepping } from "../../../scripts/stepping/plugin.mjs";
import type * as probe from "../../../src/replay/probe.js";
import type { FunctionInfo, StatementInfo } from "../../../src/replay/statements.js";
import { variablesOf } from "../../../src/replay/variables.js";

/** A frame as the tests compare it. */
export interface SeenFrame {
  readonly function: string;
  readonly text: string;
  readonly variables: Record<string, unknown>;
}

interface Built {
  readonly plain: Record<string, unknown>;
  readonly stepped: Record<string, unknown>;
  readonly probe: typeof probe;
  readonly statements: readonly StatementInfo[];
  readonly functions: readonly FunctionInfo[];
}

/** A small core of one file, built plain and stepped. */
export class Subject {
  constructor(private readonly built: Built) {}

  get statements(): readonly StatementInfo[] {
    return this.built.statements;
  }

  get functions(): readonly FunctionInfo[] {
    return this.built.functions;
  }

  /** A function of the plain build. */
  plain<F>(name: string): F {
    return this.built.plain[name] as F;
  }

  /** A function of the stepped build. */
  stepped<F>(name: string): F {
    return this.built.stepped[name] as F;
  }

  /** Runs to the end, or to what is thrown. @returns each step's statement and depth */
  trace(run: () => unknown): { text: string; depth: number }[] {
    const { arm, disarm } = this.built.probe;
    const seen: { text: string; depth: number }[] = [];
    arm(Infinity, (track, count) => {
      for (const entry of track.subarray(0, count)) {
        const { text } = this.statements[entry & 0xffff] as StatementInfo;
        seen.push({ text, depth: entry >>> 16 });
      }
    });
    try {
      run();
    } catch {
      // What was run before counts.
    } finally {
      disarm();
    }
    return seen;
  }

  /** The texts of all steps in order. */
  texts(run: () => unknown): string[] {
    return this.trace(run).map(({ text }) => text);
  }

  /** Runs up to a step and stands still there. @returns the stack, innermost first */
  pauseAt(step: number, run: () => unknown): SeenFrame[] {
    const { arm, capturedFrames, disarm, pause } = this.built.probe;
    arm(step);
    try {
      run();
      throw new Error(`there is no step ${step}`);
    } catch (thrown) {
      if (thrown !== pause) throw thrown;
    } finally {
      disarm();
    }
    return capturedFrames().map((captured) => ({
      function: (this.functions[captured.function] as FunctionInfo).name,
      text: (this.statements[captured.statement] as StatementInfo).text,
      variables: Object.fromEntries(variablesOf(captured)),
    }));
  }

  /** The innermost frame when a statement of that text is about to run for the n-th time, n from 0. */
  at(text: string, run: () => unknown, n = 0): SeenFrame {
    const steps = [...this.texts(run).entries()].filter(([, seen]) => seen === text);
    const [step] = steps[n] ?? [];
    if (step === undefined) throw new Error(`${text} does not run ${n + 1} times`);
    return this.pauseAt(step, run)[0] as SeenFrame;
  }
}

/** Builds a core whose one instrumented file is `source`; what else it imports is given by path. */
export async function build(source: string, others: Record<string, string> = {}): Promise<Subject> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "grantwalk-stepping-"));
  try {
    for (const [name, text] of Object.entries({ "blkfront/subject.ts": source, ...others })) {
      fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      fs.writeFileSync(path.join(folder, name), text);
    }
    const outfile = path.join(folder, "out.mjs");
    await esbuild.build({
      stdin: {
        contents: `
          export * as plain from "./blkfront/subject";
          export * as stepped from "stepped:core/blkfront/subject";
          export * as probe from "stepped:probe";
          export { functions, statements } from "stepped:statements";`,
        resolveDir: folder,
      },
      bundle: true,
      format: "esm",
      target: "node20",
      outfile,
      logLevel: "silent",
      plugins: [stepping({ root: folder })],
    });
    return new Subject((await import(pathToFileURL(outfile).href)) as Built);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}
