/** Numbers as the panel writes them. */

const GROUPED = new Intl.NumberFormat("en-US");

/** With thousands separators. */
export function count(value: number): string {
  return GROUPED.format(value);
}

export function hex(value: number, digits = 0): string {
  return `0x${value.toString(16).padStart(digits, "0")}`;
}

/** A byte as two digits. */
export function byte(value: number): string {
  return value.toString(16).padStart(2, "0");
}

/** Bytes, in KiB or MiB from 1,024 on. */
export function size(bytes: number): string {
  if (bytes < 1024) return `${count(bytes)} B`;
  const [value, unit] = bytes < 1_048_576 ? [bytes / 1024, "KiB"] : [bytes / 1_048_576, "MiB"];
  return `${(Math.round(value * 10) / 10).toLocaleString("en-US")} ${unit}`;
}

/** `1 slot`, `3 slots`. */
export function amount(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}
