import type { kernel } from "./kernel.js";

/**
 * `debug`, `info`, `warning` and `alert` are printk levels, `warn` is a `WARN`, `error` a `xenbus_dev_error` and
 * `fatal` a `xenbus_dev_fatal`.
 */
export type log_level = "debug" | "info" | "warning" | "warn" | "alert" | "error" | "fatal";

/** Prints a kernel message. Everything the driver says reaches the recording through here. */
export function message(k: kernel, level: log_level, text: string): void {
  k.log.push({ level, text });
  k.trace?.({ kind: "message", level, text });
}
