/** The command line: everything that needs no editor. */
import { Command, CommanderError } from "commander";
import { addDap } from "./dap-command.js";
import { addGolden } from "./golden-command.js";
import { addImport } from "./import-command.js";
import { addMatrix } from "./matrix-command.js";
import { addRun } from "./run-command.js";
import { version } from "../../package.json";

const program = new Command("grantwalk")
  .description("Runs the Linux Xen block front end and walks its requests grant by grant.")
  .version(version)
  .showHelpAfterError("(grantwalk --help lists the commands)")
  .exitOverride();

addRun(program);
addImport(program);
addMatrix(program);
addGolden(program);
addDap(program);

try {
  await program.parseAsync();
} catch (error) {
  // Commander has printed what was wrong with the call; help and version are no errors.
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : 2;
}
