/** `grantwalk run`: a scenario or capture from beginning to end, without a debugger. */
import { createWriteStream } from "node:fs";
import { once } from "node:events";
import type { Command } from "commander";
import { createMachine, runTask } from "../core/machine.js";
import type { PageSize } from "../core/scenario.js";
import type { TraceEvent } from "../core/tracepoints.js";
import { Check } from "./check.js";
import { parsePageSize, readInput } from "./input-file.js";
import { startProgress } from "./progress.js";
import { RunSummary } from "./run-summary.js";

interface RunOptions {
  events?: string;
  check?: boolean;
  pageSize?: PageSize;
  disk?: string;
}

/** Adds the command. It ends 0, 1 where the kernel stopped, 2 on bad input, 3 where an invariant broke. */
export function addRun(program: Command): void {
  program
    .command("run")
    .description(
      "run a scenario (*.blkfront.json) or a capture, and list what became of each request",
    )
    .argument("<file>", "scenario or capture")
    .option("--events <out.jsonl>", "write every tracepoint to a file, one JSON object a line")
    .option("--check", "watch the driver's invariants, and tell which broke, where and since when")
    .option("--page-size <size>", "lay the same buffers on pages of 4K, 16K or 64K", parsePageSize)
    .option("--disk <name>", "which disk of a capture, such as xvda")
    .addHelpText(
      "after",
      "\nExit codes: 0 the workload ran; 1 the kernel stopped (BUG_ON, oops); 2 the input is bad; 3 with --check, an invariant broke and the kernel went on.",
    )
    .action(run);
}

async function run(file: string, options: RunOptions): Promise<void> {
  const { events, check: checks, ...how } = options;
  const scenario = await readInput(file, how);
  if (scenario === null) return;

  const machine = createMachine(scenario);
  const summary = new RunSummary(machine);
  const out = events === undefined ? null : createWriteStream(events);
  const check = checks ? new Check(machine) : null;
  const progress = startProgress();
  let step = 0;
  const listen = (event: TraceEvent) => {
    summary.listen(event);
    check?.listen(event);
    out?.write(`${eventLine(event, step)}\n`);
  };
  check?.beforeTask();
  while (runTask(machine, listen)) {
    step++;
    check?.afterTask();
    check?.beforeTask();
    progress.at(`${machine.requests.length} requests, ${machine.agenda.length} tasks to go`);
  }
  progress.end();
  if (out !== null) {
    out.end();
    await once(out, "close");
  }
  process.stdout.write(summary.text());
  if (check !== null) process.stdout.write(check.text());
  if (check !== null && check.broken.length > 0) process.exitCode = 3;
  if (machine.bug !== null) {
    process.stderr.write(`${machine.bug.message}\n`);
    process.exitCode = 1;
  }
}

/** An event as a line of JSON: a request by the scenario's number for it and its part. */
function eventLine(event: TraceEvent, task: number): string {
  const { kind, ...fields } = event;
  const plain = "req" in event ? { ...fields, req: event.req.nr, part: event.req.part } : fields;
  return JSON.stringify({ kind, task, ...plain });
}
