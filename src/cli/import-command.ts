/** `grantwalk import`: a capture of a live guest becomes a scenario. */
import { writeFile } from "node:fs/promises";
import path from "node:path";
import type { Command } from "commander";
import type { PageSize, Scenario } from "../core/scenario.js";
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
  const text = serializeScenario(output === "-" ? scenario : moved(scenario, file, output));
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

/** The scenario with the path of its disk's file from the folder that it is written to. */
function moved(scenario: Scenario, from: string, to: string): Scenario {
  const { content } = scenario.disk;
  if (content.kind !== "bytes" || content.name === undefined) return scenario;
  const file = path.resolve(path.dirname(from), content.name);
  const name = path
    .relative(path.dirname(path.resolve(to)), file)
    .split(path.sep)
    .join("/");
  return { ...scenario, disk: { ...scenario.disk, content: { ...content, name } } };
}
