/** An ascending list of numbers, a typed array or an ordinary one. */
export interface Ascending {
  readonly length: number;
  readonly [index: number]: number;
}

/** The index of the first entry greater than `value`; the length when there is none. */
export function firstAbove(list: Ascending, value: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((list[middle] as number) <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The index of the last entry less than `value`; -1 when there is none. */
export function lastBelow(list: Ascending, value: number): number {
  return firstAbove(list, value - 1) - 1;
}
