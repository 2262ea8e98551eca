/** The xenstore keys and states that both ends talk through. */
import type { kernel } from "../linux/kernel.js";
import { message } from "../linux/printk.js";

export type xenbus_state =
  "Initialising" | "InitWait" | "Initialised" | "Connected" | "Closing" | "Closed";

/** `struct xenbus_device` of the front end, with the part of the store that both ends see. */
export interface xenbus_device {
  readonly nodename: string;
  readonly otherend: string;
  readonly otherend_id: number;
  state: xenbus_state;
  readonly store: Map<string, string>;
}

/** `xenbus_gather` of one number below the other end's directory; null when the key is absent. */
export function xenbus_read_otherend(dev: xenbus_device, key: string): number | null {
  const value = dev.store.get(`${dev.otherend}/${key}`);
  return value === undefined ? null : Number(value);
}

/** `xenbus_printf` below the device's own directory. */
export function xenbus_printf(dev: xenbus_device, key: string, value: string | number): void {
  dev.store.set(`${dev.nodename}/${key}`, String(value));
}

/** `xenbus_switch_state`. */
export function xenbus_switch_state(dev: xenbus_device, state: xenbus_state): void {
  dev.state = state;
}

/** `xenbus_dev_fatal`: prints the error, and closes the device. */
export function xenbus_dev_fatal(k: kernel, dev: xenbus_device, err: number, text: string): void {
  message(k, "fatal", `${dev.nodename}: ${err} ${text}`);
  xenbus_switch_state(dev, "Closing");
}
