/** A map that holds a few entries and forgets the one that was asked for the longest ago. */
export class LeastRecent<K, V> {
  private readonly entries = new Map<K, V>();

  /** @param capacity how many entries it holds, at least 1 */
  constructor(private readonly capacity: number) {}

  get(key: K): V | undefined {
    const value = this.entries.get(key);
    if (value !== undefined) {
      this.entries.delete(key);
      this.entries.set(key, value);
    }
    return value;
  }

  set(key: K, value: V): void {
    this.entries.delete(key);
    this.entries.set(key, value);
    if (this.entries.size > this.capacity) {
      this.entries.delete(this.entries.keys().next().value as K);
    }
  }
}
