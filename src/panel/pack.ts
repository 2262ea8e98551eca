/** Numbers as bytes of little-endian int32s, which is what the messages carry. */

/** Packs whole numbers below 2^32; those from 2^31 on come back by `>>> 0`. */
export function packInt32s(numbers: ArrayLike<number>): Uint8Array {
  const packed = new Int32Array(numbers.length);
  for (let i = 0; i < numbers.length; i++) packed[i] = numbers[i] as number;
  return new Uint8Array(packed.buffer);
}

/** Views packed numbers; copies only where the bytes do not lie on a multiple of 4. */
export function unpackInt32s(bytes: Uint8Array): Int32Array {
  const whole = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  return new Int32Array(whole.buffer, whole.byteOffset, Math.floor(whole.byteLength / 4));
}
