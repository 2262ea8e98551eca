const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Bytes as base64, which neither a browser nor Node has a common way to make of a `Uint8Array`. */
export function base64(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += 3) {
    const left = bytes.length - at;
    const word = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    parts.push(
      (DIGITS[word >>> 18] as string) +
        (DIGITS[(word >>> 12) & 63] as string) +
        (left > 1 ? (DIGITS[(word >>> 6) & 63] as string) : "=") +
        (left > 2 ? (DIGITS[word & 63] as string) : "="),
    );
  }
  return parts.join("");
}
