/** Xenstore, its transactions, and the states that both ends of a device go through (`drivers/xen/xenbus`). */
import { EAGAIN, ENOMEM, ENOSPC } from "../linux/errno.js";
import { fails, type kernel } from "../linux/kernel.js";
import { message } from "../linux/printk.js";
import type { KernelCall } from "../scenario.js";

/** `enum xenbus_state`, in the order of its numbers, from 0. */
export const XENBUS_STATES = [
  "Unknown",
  "Initialising",
  "InitWait",
  "Initialised",
  "Connected",
  "Closing",
  "Closed",
  "Reconfiguring",
  "Reconfigured",
] as const;
export type xenbus_state = (typeof XENBUS_STATES)[number];

/** The store that both ends see: whole paths and their values. */
export type xenstore = Map<string, string>;

/** `struct xenbus_device` of one end, with the store. */
export interface xenbus_device {
  /** The directory of this end. */
  readonly nodename: string;
  /** The directory of the other one. */
  readonly otherend: string;
  readonly otherend_id: number;
  state: xenbus_state;
  /** `dev_get_drvdata`: whether the driver has its structure hung on the device. */
  drvdata: boolean;
  /** `complete(&dev->down)`: the device may go. */
  down: boolean;
  readonly store: xenstore;
}

/** `xenbus_read` of one key below a directory; null when it is absent. */
export function xenbus_read(store: xenstore, dir: string, key: string): string | null {
  return store.get(`${dir}/${key}`) ?? null;
}

/** What `sscanf` makes of a number: its leading digits, of so many bits; null where there are none. */
function scan(text: string, format: xenbus_format): number | null {
  const digits = format === "%i" ? /^\s*[+-]?(0[xX][0-9a-fA-F]+|[0-9]+)/ : /^\s*[+-]?[0-9]+/;
  const found = digits.exec(text)?.[0].trim();
  if (found === undefined) return null;
  const magnitude = Number(found.replace(/^[+-]/, ""));
  const value = found.startsWith("-") ? -magnitude : magnitude;
  switch (format) {
    case "%i":
    case "%d":
      return value | 0;
    case "%u":
      return value >>> 0;
    case "%llu":
      return value;
  }
}

/** How a number is read: 32 bits with a sign (`%i` in any base), without, or 64 bits without. */
export type xenbus_format = "%i" | "%d" | "%u" | "%llu";

/** `xenbus_scanf` of one number below a directory; null where the key is absent or no number. */
export function xenbus_scanf(
  store: xenstore,
  dir: string,
  key: string,
  format: xenbus_format,
): number | null {
  const text = xenbus_read(store, dir, key);
  return text === null ? null : scan(text, format);
}

/** `xenbus_gather` of several numbers: all of them, or null where one is absent or no number. */
export function xenbus_gather<const F extends Readonly<Record<string, xenbus_format>>>(
  store: xenstore,
  dir: string,
  fields: F,
): { [K in keyof F]: number } | null {
  const found: Partial<Record<keyof F, number>> = {};
  for (const key of Object.keys(fields)) {
    const value = xenbus_scanf(store, dir, key, fields[key] as xenbus_format);
    if (value === null) return null;
    found[key as keyof F] = value;
  }
  return found as { [K in keyof F]: number };
}

/** `struct xenbus_transaction`: what is written appears all at once. */
export interface xenbus_transaction {
  readonly writes: Map<string, string>;
}

/** `xenbus_transaction_start`: 0 or -ENOMEM. */
export function xenbus_transaction_start(k: kernel, xbt: xenbus_transaction): number {
  xbt.writes.clear();
  return fails(k, "xenbus_transaction_start") ? -ENOMEM : 0;
}

/** `xenbus_transaction_end`: 0; -EAGAIN where another one came between, or -ENOSPC, and nothing was written. */
export function xenbus_transaction_end(
  k: kernel,
  dev: xenbus_device,
  xbt: xenbus_transaction,
  abort: boolean,
): number {
  if (abort) return 0;
  if (fails(k, "xenbus_transaction_end EAGAIN")) return -EAGAIN;
  if (fails(k, "xenbus_transaction_end")) return -ENOSPC;
  for (const [path, value] of xbt.writes) dev.store.set(path, value);
  return 0;
}

/** `xenbus_printf` below the device's own directory, as a part of a transaction: 0 or -ENOSPC. */
export function xenbus_printf(
  k: kernel,
  xbt: xenbus_transaction,
  dev: xenbus_device,
  key: string,
  value: string | number,
): number {
  // All references of a ring are the same call.
  const call = `xenbus_printf ${key.replace(/^ring-ref\d+$/, "ring-ref")}` as KernelCall;
  if (fails(k, call)) return -ENOSPC;
  xbt.writes.set(`${dev.nodename}/${key}`, String(value));
  return 0;
}

/** `xenbus_switch_state`: the other end sees it in the store. */
export function xenbus_switch_state(dev: xenbus_device, state: xenbus_state): void {
  if (dev.state === state) return;
  dev.store.set(`${dev.nodename}/state`, String(XENBUS_STATES.indexOf(state)));
  dev.state = state;
}

/** `xenbus_frontend_closed`. */
export function xenbus_frontend_closed(dev: xenbus_device): void {
  xenbus_switch_state(dev, "Closed");
  dev.down = true;
}

/** `dev_name` of a device of the bus, with its driver before it, as the kernel's messages begin. */
export function dev_name(dev: xenbus_device): string {
  return `vbd vbd-${dev.nodename.slice(dev.nodename.lastIndexOf("/") + 1)}`;
}

function xenbus_va_dev_error(
  k: kernel,
  dev: xenbus_device,
  level: "error" | "fatal",
  err: number,
  text: string,
): void {
  message(k, level, `${dev_name(dev)}: ${-err} ${text}`);
  dev.store.set(`error/${dev.nodename}/error`, `${-err} ${text}`);
}

/** `xenbus_dev_error`: prints the error, and leaves it in the store. @param err a negative errno */
export function xenbus_dev_error(k: kernel, dev: xenbus_device, err: number, text: string): void {
  xenbus_va_dev_error(k, dev, "error", err, text);
}

/** `xenbus_dev_fatal`: as `xenbus_dev_error`, and closes the device. @param err a negative errno */
export function xenbus_dev_fatal(k: kernel, dev: xenbus_device, err: number, text: string): void {
  xenbus_va_dev_error(k, dev, "fatal", err, text);
  xenbus_switch_state(dev, "Closing");
}

/** `xenbus_alloc_evtchn`: 0 or a negative errno. */
export function xenbus_alloc_evtchn(k: kernel, dev: xenbus_device): number {
  if (fails(k, "xenbus_alloc_evtchn")) {
    xenbus_dev_fatal(k, dev, -ENOSPC, "allocating event channel");
    return -ENOSPC;
  }
  k.evtchn.port = 1;
  return 0;
}
