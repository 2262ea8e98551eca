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

/** The bytes of a text in base64; null for one that is not. */
export function fromBase64(text: string): Uint8Array | null {
  const digits = text.replace(/=+$/, "");
  if (!/^[A-Za-z0-9+/]*$/.test(digits) || digits.length % 4 === 1) return null;
  const bytes = new Uint8Array(Math.floor((digits.length * 3) / 4));
  let word = 0;
  let at = 0;
  for (const [n, digit] of [...digits].entries()) {
    word = ((word << 6) | DIGITS.indexOf(digit)) & 0xffffff;
    // Each digit but the first of four completes a byte.
    if (n % 4 !== 0) bytes[at++] = (word >>> (6 - 2 * (n % 4))) & 0xff;
  }
  return bytes;
}
