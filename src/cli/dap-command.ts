/** `grantwalk dap`: the debug adapter on standard input and output. */
import type { Command } from "commander";
import { serve } from "./dap.js";

/** Adds the command. It ends when the client disconnects or closes the input. */
export function addDap(program: Command): void {
  program
    .command("dap")
    .description("debug adapter on standard input and output (type blkfront), for other editors")
    .addHelpText(
      "after",
      "\nLaunch arguments: program (scenario or capture), pageSize (4K, 16K, 64K), disk, stopOnEntry.",
    )
    .action(async () => {
      // Standard output is the wire: a stray line on it would break the protocol.
      console.log = console.error; // eslint-disable-line no-console
      await serve(process.stdin, process.stdout);
      process.exit();
    });
}
