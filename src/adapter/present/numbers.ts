/** Numbers in the ways that the driver's source and its manuals write them. */
import { type Format, type Value, leaf } from "./value.js";

/** `0x2a51`, `-0x1`. */
export function hex(value: number | bigint): string {
  return value < 0 ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
}

function written(value: number | bigint, format: Format): string {
  const whole = typeof value === "bigint" || Number.isInteger(value);
  return format.hex && whole ? hex(value) : String(value);
}

/** A count, an index or a length: decimal unless the client wants hexadecimal. */
export function integer(type: string, value: number | bigint): Value {
  const small = typeof value === "bigint" && Number.isSafeInteger(Number(value));
  return leaf(type, small ? Number(value) : value, (format) => written(value, format));
}

/** A mask or a number that is always read in hexadecimal. */
export function hexadecimal(type: string, value: number): Value {
  return leaf(type, value, hex(value));
}

export function boolean(value: boolean): Value {
  return leaf("bool", value, String(value));
}

/** A number which has a name in the source, as `1 (BLKIF_OP_WRITE)`. */
export function named(type: string, value: number, name: string | undefined): Value {
  return leaf(type, value, (format) =>
    name === undefined ? written(value, format) : `${written(value, format)} (${name})`,
  );
}

/** Bits that have names, as `0x1001 (REQ_WRITE | REQ_FUA)`. */
export function flags(type: string, value: number, names: ReadonlyMap<number, string>): Value {
  const set = [...names].filter(([bit]) => (value & bit) !== 0).map(([, name]) => name);
  return leaf(type, value, set.length === 0 ? hex(value) : `${hex(value)} (${set.join(" | ")})`);
}

/** A constant of an enumeration that the model keeps as its name. */
export function enumerator(type: string, raw: string, name: string): Value {
  return leaf(type, raw, name);
}

/** `char *`. */
export function text(value: string): Value {
  return leaf("char *", value, JSON.stringify(value));
}

/** Bytes in the largest unit that divides them: `48 KiB`, `512 bytes`. */
export function bytesText(length: number): string {
  const mib = 1024 * 1024;
  if (length > 0 && length % mib === 0) return `${length / mib} MiB`;
  if (length > 0 && length % 1024 === 0) return `${length / 1024} KiB`;
  return `${length} bytes`;
}
