/** Numbers and sizes as people write them in a scenario file. */

/** A whole number in decimal or, with `0x`, in hexadecimal. The schema uses the same pattern. */
export const NUMBER_PATTERN = "^(0[xX][0-9a-fA-F]+|[0-9]+)$";

/** A size: a whole number, perhaps with K, M or G (of 1024), perhaps with B or iB. */
export const SIZE_PATTERN = "^(0[xX][0-9a-fA-F]+|[0-9]+ ?([kKmMgG]([iI]?[bB])?|[bB])?)$";

const UNITS: Readonly<Record<string, number>> = { k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

function exact(value: number): number | null {
  return Number.isSafeInteger(value) && value >= 0 ? value : null;
}

/** The number that is meant, or null when it is none or cannot be represented exactly. */
export function readNumber(value: number | string): number | null {
  if (typeof value === "number") return exact(value);
  return new RegExp(NUMBER_PATTERN).test(value) ? exact(Number(value)) : null;
}

/** The number of bytes that is meant, or null. */
export function readSize(value: number | string): number | null {
  if (typeof value === "number") return exact(value);
  if (!new RegExp(SIZE_PATTERN).test(value)) return null;
  if (/^0[xX]/.test(value)) return exact(Number(value));
  const digits = /^[0-9]+/.exec(value)?.[0] ?? "";
  const unit = value.slice(digits.length).trim().charAt(0).toLowerCase();
  return exact(Number(digits) * (UNITS[unit] ?? 1));
}

/** Bytes as a person says them: `64 KB`, `1 MB`, `512 bytes`. */
export function sayBytes(bytes: number): string {
  if (bytes >= 1024 ** 2 && bytes % 1024 ** 2 === 0) return `${bytes / 1024 ** 2} MB`;
  if (bytes >= 1024 && bytes % 1024 === 0) return `${bytes / 1024} KB`;
  return bytes === 1 ? "1 byte" : `${bytes} bytes`;
}

/** `1 request`, `2 requests`. */
export function sayCount(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
