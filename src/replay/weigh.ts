/** Bytes that an object and each of its fields take, about, in the engines that we know. */
const OBJECT = 24;
const FIELD = 8;
const MAP_ENTRY = 40;

/**
 * About how many bytes of memory are reached from `root` and not yet in `seen`, to which they are added.
 * What is shared between copies is thus counted once. Walks without recursion: the lists are long.
 */
export function weigh(root: object, seen: Set<object>): number {
  const waiting: object[] = [];
  let bytes = 0;
  const meet = (value: unknown): void => {
    if (typeof value !== "object" || value === null || seen.has(value)) return;
    seen.add(value);
    waiting.push(value);
  };
  meet(root);
  for (let object = waiting.pop(); object !== undefined; object = waiting.pop()) {
    bytes += OBJECT;
    if (object instanceof ArrayBuffer) {
      bytes += object.byteLength;
    } else if (ArrayBuffer.isView(object)) {
      meet(object.buffer);
    } else if (object instanceof Map || object instanceof Set) {
      bytes += object.size * MAP_ENTRY;
      for (const entry of object as Iterable<unknown>) {
        if (object instanceof Map) (entry as unknown[]).forEach(meet);
        else meet(entry);
      }
    } else if (Array.isArray(object)) {
      bytes += object.length * FIELD;
      for (const entry of object) meet(entry);
    } else {
      for (const key in object) {
        bytes += FIELD;
        meet((object as Record<string, unknown>)[key]);
      }
    }
  }
  return bytes;
}
