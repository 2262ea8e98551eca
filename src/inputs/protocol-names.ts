/** The protocol's operations, statuses and ids as people write them in a scenario file. */

import {
  BLKIF_OP_DISCARD,
  BLKIF_OP_FLUSH_DISKCACHE,
  BLKIF_OP_INDIRECT,
  BLKIF_OP_READ,
  BLKIF_OP_WRITE,
  BLKIF_OP_WRITE_BARRIER,
  BLKIF_RSP_EOPNOTSUPP,
  BLKIF_RSP_ERROR,
  BLKIF_RSP_OKAY,
} from "../core/xen/blkif.js";
import { readNumber } from "./quantity.js";
import type { Written } from "./scenario-raw.js";

export const OPERATIONS = {
  read: BLKIF_OP_READ,
  write: BLKIF_OP_WRITE,
  barrier: BLKIF_OP_WRITE_BARRIER,
  flush: BLKIF_OP_FLUSH_DISKCACHE,
  discard: BLKIF_OP_DISCARD,
  indirect: BLKIF_OP_INDIRECT,
} as const;

export const STATUSES = {
  okay: BLKIF_RSP_OKAY,
  error: BLKIF_RSP_ERROR,
  unsupported: BLKIF_RSP_EOPNOTSUPP,
} as const;

/** The name of a number, or the number. */
export function nameOf<T extends string>(
  names: Readonly<Record<T, number>>,
  value: number,
): T | number {
  const found = Object.entries(names).find(([, number]) => number === value);
  return found === undefined ? value : (found[0] as T);
}

/** The largest number of 64 bits, which no number of JavaScript is. */
const LARGEST = /^(0[xX][fF]{16}|18446744073709551615)$/;

/** An id of 64 bits, -1 for the largest; null when it cannot be represented exactly. */
export function readShadowId(value: Written): number | null {
  if (value === -1 || (typeof value === "string" && LARGEST.test(value))) return -1;
  return readNumber(value);
}

/** Bytes that are written in hexadecimal or as a list of numbers. */
export function readBytes(value: string | readonly number[]): number[] {
  if (typeof value !== "string") return [...value];
  return (value.match(/[0-9a-fA-F]{2}/g) ?? []).map((digits) => parseInt(digits, 16));
}

/** Bytes in hexadecimal, without spaces. */
export function sayHex(bytes: Iterable<number>): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
