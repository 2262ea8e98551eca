/** Numbers in words, as every part of the panel writes them. */

const GROUPED = new Intl.NumberFormat("en-US");

/** With thousands separators: 65,536. */
export function count(value: number): string {
  return GROUPED.format(value);
}

/** Lower-case hexadecimal with its prefix. */
export function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

/** `3 grants`, `1 grant`; the plural is given where it is irregular. */
export function amount(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** A size in bytes, in KiB or MiB from 1,024 on, with one decimal where it needs one. */
export function size(bytes: number): string {
  if (bytes < 1024) return `${count(bytes)} B`;
  const [value, unit] = bytes < 1024 * 1024 ? [bytes / 1024, "KiB"] : [bytes / 1048576, "MiB"];
  const rounded = Math.round(value * 10) / 10;
  return `${rounded.toLocaleString("en-US", { maximumFractionDigits: 1 })} ${unit}`;
}

const ERRORS = new Map([
  [2, "ENOENT"],
  [5, "EIO"],
  [11, "EAGAIN"],
  [12, "ENOMEM"],
  [16, "EBUSY"],
  [19, "ENODEV"],
  [22, "EINVAL"],
  [28, "ENOSPC"],
  [34, "ERANGE"],
  [95, "EOPNOTSUPP"],
  [512, "ERESTARTSYS"],
]);

/** `-EIO` for -5. */
export function errno(value: number): string {
  const name = ERRORS.get(Math.abs(value));
  return name === undefined ? String(value) : `${value < 0 ? "-" : ""}${name}`;
}

const STATUS = new Map([
  [0, "OKAY"],
  [-1, "ERROR"],
  [-2, "EOPNOTSUPP"],
]);

/** A response's status as in `BLKIF_RSP_*`. */
export function statusText(status: number): string {
  return STATUS.get(status) ?? String(status);
}
