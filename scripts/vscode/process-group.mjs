// Starts a program that must not outlive this process, with everything that it starts itself.
import { spawn } from "node:child_process";
import process from "node:process";

/** @type {Set<import("node:child_process").ChildProcess>} */
const running = new Set();
let watching = false;

/** @param {import("node:child_process").ChildProcess} child */
function kill(child) {
  if (!running.delete(child) || !child.pid) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // The whole group has ended already.
  }
}

function watchOwnEnd() {
  if (watching) return;
  watching = true;
  process.on("exit", () => running.forEach(kill));
  // A signal alone ends node without an "exit" event. Whoever listens as well decides by himself.
  for (const [signal, number] of /** @type {const} */ ([
    ["SIGINT", 2],
    ["SIGTERM", 15],
    ["SIGHUP", 1],
  ])) {
    process.on(signal, () => {
      if (process.listenerCount(signal) === 1) process.exit(128 + number);
    });
  }
}

/**
 * Starts a program as the leader of a process group. The group is killed by `end()`, when this
 * process ends in an orderly way, and also when it is killed: the leader is a shell that reads from
 * a pipe held by this process, and the end of this process is the end of the pipe.
 *
 * There are no gentle signals: some of VS Code's processes outlive a SIGTERM by seconds, and what
 * they would save is in a folder that is about to be deleted.
 *
 * @param {string[]} command
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 */
export function startGroup(command, options = {}) {
  watchOwnEnd();
  const script = `( "$@"; echo "ended with code $?" >&2; kill -9 0 ) & read -r _; kill -9 0`;
  const child = spawn("/bin/sh", ["-c", script, "sh", ...command], {
    ...options,
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
  });
  running.add(child);
  const ended = new Promise((resolve) => child.once("close", resolve));
  child.once("exit", () => kill(child));
  return {
    child,
    ended,
    /** Ends the group and waits until nothing of it writes any more. */
    async end() {
      kill(child);
      await ended;
    },
  };
}
