/** Reads a scenario or a capture from disk, and says on standard error what is wrong with it. */
import { readFile } from "node:fs/promises";
import { InvalidArgumentError } from "commander";
import pc from "picocolors";
import type { PageSize, Scenario } from "../core/scenario.js";
import { openWithFiles } from "../inputs/open.js";
import type { Problem } from "../inputs/problem.js";
import { noSuchPageSize, readPageSize } from "../inputs/scenario-settings.js";
import { filesBeside, reasonOf } from "./files-beside.js";

/** `--page-size` as people write it: 4K, 16K, 64K, or bytes. */
export function parsePageSize(text: string): PageSize {
  const size = readPageSize(text);
  if (size === null) throw new InvalidArgumentError(noSuchPageSize(text));
  return size;
}

const colors = pc.createColors(Boolean(process.stderr.isTTY) && pc.isColorSupported);

function printProblem(file: string, problem: Problem): void {
  const severity = problem.severity === "error" ? colors.red("error") : colors.yellow("warning");
  const where = `${file}:${problem.line}:${problem.range.start.character + 1}`;
  const path = problem.path === "" ? "" : ` ${problem.path}:`;
  process.stderr.write(`${where}: ${severity}:${path} ${problem.message}\n`);
}

/**
 * Opens an input and prints its problems.
 * @returns the scenario, or null when it cannot be run; then the exit code is 2
 */
export async function readInput(
  file: string,
  options: { pageSize?: PageSize; disk?: string } = {},
): Promise<Scenario | null> {
  let content: Uint8Array;
  try {
    content = await readFile(file);
  } catch (error) {
    process.stderr.write(`${file}: ${colors.red("error")}: ${reasonOf(error).message}\n`);
    process.exitCode = 2;
    return null;
  }
  const { scenario, problems } = await openWithFiles(file, content, filesBeside(file), options);
  for (const problem of problems) printProblem(file, problem);
  if (scenario === null) process.exitCode = 2;
  return scenario;
}
