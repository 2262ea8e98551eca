import type { kernel } from "./kernel.js";

/** Prints a kernel message. Everything the driver says reaches the recording through here. */
export function message(k: kernel, level: "info" | "warn" | "alert" | "fatal", text: string): void {
  k.log.push({ level, text });
  k.trace?.({ kind: "message", level, text });
}
