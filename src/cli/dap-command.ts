/** `grantwalk dap`: the debug adapter for editors that speak the protocol over standard input and output. */
import type { Command } from "commander";
import process from "node:process";
import { serve } from "./dap.js";

/** Adds the command. */
export function addDap(program: Command): void {
  program
    .command("dap")
    .description("serve the Debug Adapter Protocol on standard input and output")
    .action(() => serve(process.stdin, process.stdout));
}
