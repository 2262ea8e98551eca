/** Numbers in a typed array that grows, and takes a wider type when a number asks for it. */
export class GrowingNumbers {
  private values: Int32Array | Float64Array = new Int32Array(16);
  private used = 0;

  get length(): number {
    return this.used;
  }

  push(value: number): void {
    if (this.values instanceof Int32Array && (value | 0) !== value) {
      this.values = Float64Array.from(this.values);
    }
    if (this.used === this.values.length) this.grow();
    this.values[this.used++] = value;
  }

  /** The number at an index from 0 to length - 1. */
  at(index: number): number {
    return this.values[index] as number;
  }

  /** Everything pushed so far; not a copy. */
  view(): Int32Array | Float64Array {
    return this.values.subarray(0, this.used);
  }

  truncate(length: number): void {
    this.used = Math.min(this.used, length);
  }

  private grow(): void {
    const wider =
      this.values instanceof Int32Array
        ? new Int32Array(this.used * 2)
        : new Float64Array(this.used * 2);
    wider.set(this.values);
    this.values = wider;
  }
}
