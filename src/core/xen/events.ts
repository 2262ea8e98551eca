import type { kernel } from "../linux/kernel.js";

/** `notify_remote_via_evtchn`: wakes the other end. What it then does, and when, the workload decides. */
export function notify_remote_via_evtchn(k: kernel, _port: number): void {
  k.notifications++;
}
