import type { backend } from "./backend.js";

/** A message of the back end's, in its own domain's log: why it refused something. */
export function message_of(be: backend, text: string): void {
  be.trace?.({ kind: "backend_message", text });
}
