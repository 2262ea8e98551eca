/** `grantwalk dap`: the debug adapter for every editor that speaks the protocol. */
import { once } from "node:events";
import process from "node:process";
import { type Command, InvalidArgumentError } from "commander";
import { FramingError } from "./dap/framing.js";
import { ADDRESS, listen } from "./dap/port.js";
import { serve } from "./dap/serve.js";

/** `--port` as a number. */
function parsePort(text: string): number {
  const port = /^\d+$/.test(text) ? Number(text) : -1;
  if (port < 0 || port > 65535) {
    throw new InvalidArgumentError("It is a number up to 65535, or 0 for any free port.");
  }
  return port;
}

const HELP = `
Without --port there is one session, and the process ends with it. With --port each connection is a
session, at once or one after another, until SIGINT or SIGTERM. Standard error then begins with the line
"Listening on ${ADDRESS}:PORT"; only this machine can connect.

Exit codes: 0 the sessions have ended; 2 the port cannot be had, or what came in is not the protocol.
docs/editors.md has the settings of some editors.`;

/** Adds the command. It ends 0, or 2 where the port cannot be had or the input is not the protocol. */
export function addDap(program: Command): void {
  program
    .command("dap")
    .description("serve the Debug Adapter Protocol on standard input and output, or on a port")
    .option("--port <n>", `listen on ${ADDRESS}:n instead; 0 takes a free port`, parsePort)
    .addHelpText("after", HELP)
    .action(({ port }: { port?: number }) => (port === undefined ? onStreams() : onPort(port)));
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

async function onStreams(): Promise<void> {
  try {
    await serve(process.stdin, process.stdout);
  } catch (error) {
    if (!(error instanceof FramingError)) throw error;
    say(`error: standard input is not the Debug Adapter Protocol: ${error.message}`);
    process.exitCode = 2;
  }
  // An input that is still read would keep the process alive.
  process.stdin.pause();
}

async function onPort(port: number): Promise<void> {
  const stopped = Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  const listening = await listen(port, (text) =>
    say(`not the Debug Adapter Protocol: ${text}`),
  ).catch((error: NodeJS.ErrnoException) => {
    say(`error: ${whyNot(port, error)}`);
    process.exitCode = 2;
    return null;
  });
  if (listening === null) return;
  say(`Listening on ${ADDRESS}:${listening.port}`);
  await stopped;
  await listening.close();
}

function whyNot(port: number, { code, message }: NodeJS.ErrnoException): string {
  if (code === "EADDRINUSE") return `port ${port} is in use; --port 0 takes a free one`;
  if (code === "EACCES") return `port ${port} is not yours to use; those from 1024 on are`;
  return message;
}
