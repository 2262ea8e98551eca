// Stands in for `node:crypto` where the tests judge a mutant. The recorded cases hash a disk of 64 MB
// each, nearly all of which nobody has written, and that takes half of their time.
//
// Here the untouched stretches of the disk are known by their place in the one buffer that is as
// large. What the hash of such a disk is has been found out in the run without a mutant.
import * as crypto from "node:crypto";

/** In bytes: no other buffer is nearly as large as the disk. */
const LARGE = 32 << 20;

/** @type {Record<string, string>} SHA-256 by what is left when the untouched stretches are places */
export const known = {};

/** @param {string} algorithm */
export function createHash(algorithm) {
  const short = crypto.createHash(algorithm);
  /** @type {Uint8Array[]} */
  const chunks = [];
  const hash = {
    /** @param {Uint8Array} chunk */
    update(chunk) {
      chunks.push(chunk);
      const untouched = chunk.buffer.byteLength > LARGE;
      short.update(untouched ? `untouched ${chunk.byteOffset} ${chunk.length}` : chunk);
      return hash;
    },
    /** @param {import("node:crypto").BinaryToTextEncoding} encoding */
    digest(encoding) {
      const key = `${algorithm} ${encoding} ${short.digest("hex")}`;
      return (known[key] ??= chunks
        .reduce((whole, chunk) => whole.update(chunk), crypto.createHash(algorithm))
        .digest(encoding));
    },
  };
  return hash;
}
