/** `grantwalk matrix`: what the page size makes of the driver, back end by back end. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { WIRE_SEGMENTS } from "../inputs/driver-limits.js";
import { parsePageSize } from "./input-file.js";
import { type Measured, measure } from "./matrix/measure.js";
import { type MatrixFilter, PROFILES, RING_ORDERS, configurations } from "./matrix/rows.js";
import { tableOf } from "./matrix/table.js";
import { startProgress } from "./progress.js";

interface MatrixOptions extends MatrixFilter {
  json?: true;
}

/** `--ring-order` as a number. */
function parseOrder(text: string): number {
  const order = /^\d+$/.test(text) ? Number(text) : -1;
  if (!RING_ORDERS.includes(order)) throw new InvalidArgumentError("It is 0, 1, 2, 3 or 4.");
  return order;
}

/** `--indirect` as a number of segments, or null for a back end without the key. */
function parseIndirect(text: string): number | null {
  if (text === "absent") return null;
  const segments = /^\d+$/.test(text) ? Number(text) : -1;
  if (segments < 0 || segments > WIRE_SEGMENTS) {
    throw new InvalidArgumentError(`It is "absent" or a number up to ${WIRE_SEGMENTS}.`);
  }
  return segments;
}

/** Adds the command. It ends 0, or 2 where no configuration is left. */
export function addMatrix(program: Command): void {
  program
    .command("matrix")
    .description("what limits, grants and memory each page size comes to, and where it breaks")
    .option("--page-size <size>", "only pages of 4K, 16K or 64K", parsePageSize)
    .addOption(new Option("--profile <name>", "only this back end").choices(PROFILES))
    .option("--ring-order <n>", "only rings of 2^n pages, n from 0 to 4", parseOrder)
    .option("--indirect <n>", "only this feature-max-indirect-segments, or absent", parseIndirect)
    .option("--json", "one JSON object a line")
    .addHelpText("after", "\ndocs/matrix.md says how to read the columns.")
    .action(matrix);
}

function matrix({ json, ...filter }: MatrixOptions): void {
  const wanted = configurations(filter);
  if (wanted.length === 0) {
    process.stderr.write(
      "error: no such configuration: only blkback has feature-max-indirect-segments, and tapdisk takes rings of up to order 3\n",
    );
    process.exitCode = 2;
    return;
  }
  const rows: Measured[] = [];
  const progress = startProgress();
  for (const [i, configuration] of wanted.entries()) {
    progress.at(`${i} of ${wanted.length} configurations`);
    rows.push(measure(configuration));
  }
  progress.end();
  if (json) process.stdout.write(rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  else process.stdout.write(tableOf(rows));
}
