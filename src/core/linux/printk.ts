import type { kernel } from "./kernel.js";

/** `info`, `warning` and `alert` are printk levels, `warn` is a `WARN`, `fatal` a `xenbus_dev_fatal`. */
export type log_level = "info" | "warning" | "warn" | "alert" | "fatal";

/** Prints a kernel message. Everything the driver says reaches the recording through here. */
export function message(k: kernel, level: log_level, text: string): void {
  k.log.push({ level, text });
  k.trace?.({ kind: "message", level, text });
}
