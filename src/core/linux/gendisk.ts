import type { request_queue } from "./request-queue.js";

/** `struct gendisk`, as far as a driver fills it. `T` is what the driver hangs on `private_data`. */
export interface gendisk<T = unknown> {
  readonly disk_name: string;
  readonly queue: request_queue;
  /** In sectors of 512 bytes. */
  capacity: number;
  readonly private_data: T;
}
