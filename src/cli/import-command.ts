/** `grantwalk import`: a capture of a live guest becomes a scenario. */
import { writeFile } from "node:fs/promises";
import type { Command } from "commander";
import type { PageSize } from "../core/scenario.js";
import { serializeScenario } from "../inputs/scenario-writer.js";
import { parsePageSize, readInput } from "./input-file.js";

interface ImportOptions {
  output: string;
  pageSize?: PageSize;
  disk?: string;
}

/** Adds the command. It ends 0, or 2 on bad input. */
export function addImport(program: Command): void {
  program
    .command("import")
    .description("turn a capture of a live guest into a scenario")
    .argument("<file>", "capture (ftrace text with the driver's events)")
    .requiredOption("-o, --output <out>", "the scenario to write; - for standard output")
    .option("--page-size <size>", "lay the same buffers on pages of 4K, 16K or 64K", parsePageSize)
    .option("--disk <name>", "which disk of the capture, such as xvda")
    .action(importCapture);
}

async function importCapture(file: string, { output, ...how }: ImportOptions): Promise<void> {
  const scenario = await readInput(file, how);
  if (scenario === null) return;
  const text = serializeScenario(scenario);
  if (output === "-") {
    process.stdout.write(text);
    return;
  }
  await writeFile(output, text);
  const requests = scenario.workload.flatMap((step) => ("submit" in step ? step.submit : []));
  process.stderr.write(
    `${output}: ${requests.length} requests on ${scenario.guest.pageSize / 1024}K pages\n`,
  );
}
