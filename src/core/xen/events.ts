/** The event channel between the guest and its back end: one bit each way. */

/** A channel as the guest has it. */
export interface evtchn {
  /** The port of the guest's end; 0 while there is none. */
  port: number;
  /** The back end has sent an event which the guest has not handled yet. */
  pending: boolean;
  /** Events that the guest has sent. */
  sent: number;
}

/** `notify_remote_via_evtchn`: wakes the other end. What it then does, and when, the workload decides. */
export function notify_remote_via_evtchn(channel: evtchn, _port: number): void {
  channel.sent++;
}
