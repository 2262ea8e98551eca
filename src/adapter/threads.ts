import type { DebugProtocol } from "@vscode/debugprotocol";
import type { Thread } from "../core/machine.js";
import type { Handlers } from "./wire.js";

/** The three contexts of the machine. Numbers and names never change. */
const THREADS: readonly { readonly id: number; readonly name: string; readonly thread: Thread }[] =
  [
    { id: 1, name: "submit path", thread: "submit" },
    { id: 2, name: "interrupt handler", thread: "interrupt" },
    { id: 3, name: "back end", thread: "backend" },
  ];

/** The protocol's number of a thread. */
export function threadId(thread: Thread): number {
  return THREADS.find((known) => known.thread === thread)?.id ?? 0;
}

/** Whether a number of the protocol is that of a thread. */
export function isThread(id: number): boolean {
  return THREADS.some((known) => known.id === id);
}

/** What a thread is called. */
export function threadName(thread: Thread): string {
  return THREADS.find((known) => known.thread === thread)?.name ?? thread;
}

/** `threads`. */
export const threadRequests: Handlers = {
  threads: () => ({
    body: {
      threads: THREADS.map(({ id, name }): DebugProtocol.Thread => ({ id, name })),
    },
  }),
};
