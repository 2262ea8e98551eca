/** `grantwalk golden`: runs recorded cases of the C driver on the model. */
import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import type { Command } from "commander";
import type { GoldenCase } from "./golden/case.js";
import { type Failure, run_case } from "./golden/run-case.js";
import { startProgress } from "./progress.js";

/** Adds the command. It ends 0 when every case agrees, 1 when one does not, 2 when there is none. */
export function addGolden(program: Command): void {
  program
    .command("golden")
    .description("compare the model with what the C driver did, case by case")
    .argument("<dir>", "folder with recorded cases (*.json), at any depth")
    .action(golden);
}

/** The files of cases below a folder, in order. */
async function caseFiles(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return entries
    .filter(
      (entry) => entry.isFile() && entry.name.endsWith(".json") && entry.name !== "index.json",
    )
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

async function golden(dir: string): Promise<void> {
  let files: string[];
  try {
    files = await caseFiles(dir);
  } catch {
    process.stderr.write(`${dir}: error: no such folder\n`);
    process.exitCode = 2;
    return;
  }
  if (files.length === 0) {
    process.stderr.write(`${dir}: error: no recorded case (*.json) in it or below\n`);
    process.exitCode = 2;
    return;
  }
  let passed = 0;
  const progress = startProgress();
  for (const [i, file] of files.entries()) {
    progress.at(`${i} of ${files.length}: ${path.relative(dir, file)}`);
    const failure = await runFile(file);
    if (failure === null) passed++;
    else process.stdout.write(`${path.relative(dir, file)}: ${failure}\n`);
  }
  progress.end();
  const failed = files.length - passed;
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  if (failed > 0) process.exitCode = 1;
}

/** Runs one file; null when it agrees, else one line that says where it first does not. */
async function runFile(file: string): Promise<string | null> {
  let recorded: GoldenCase;
  try {
    recorded = JSON.parse(await readFile(file, "utf8")) as GoldenCase;
  } catch (error) {
    return `cannot be read: ${String(error)}`;
  }
  if (!Array.isArray(recorded.steps)) return "is no recorded case: it has no `steps`";
  try {
    const failure = run_case(recorded);
    return failure && describe(failure);
  } catch (error) {
    return `the model failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  }
}

function describe({ step, op, path: where, recorded, model }: Failure): string {
  const at = step < 0 ? "at the end" : `step ${step} (${op})`;
  return `${at}, ${where}: recorded ${brief(recorded)}, model ${brief(model)}`;
}

function brief(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 400 ? `${text.slice(0, 400)}…` : text;
}
