import { mem_frame, mem_has_frame, type memory } from "../../../src/core/linux/memory.js";

/**
 * All of a machine that its code can see, as text: two machines are the same when their texts are. Links
 * are told by the order in which objects are met; who shares which page with whom is not told.
 */
export function fingerprint(root: unknown): string {
  const numbers = new Map<object, number>();
  const waiting: unknown[] = [root];
  const out: string[] = [];
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (typeof value === "function") {
      out.push(`f:${value.name}`);
    } else if (typeof value !== "object" || value === null) {
      out.push(`${typeof value}:${String(value)}`);
    } else if (ArrayBuffer.isView(value)) {
      out.push(`bytes:${hash(new Uint8Array(value.buffer, value.byteOffset, value.byteLength))}`);
    } else {
      const known = numbers.get(value);
      if (known !== undefined) {
        out.push(`#${known}`);
        continue;
      }
      numbers.set(value, numbers.size);
      if ("dir" in value) {
        out.push(pages(value as memory));
        continue;
      }
      const fields =
        value instanceof Map
          ? [...value].flat()
          : value instanceof Set
            ? [...value]
            : Object.entries(value).flat();
      out.push(`{${fields.length}`);
      for (const field of fields.reverse()) waiting.push(field);
    }
  }
  return out.join(" ");
}

function pages(mem: memory): string {
  const held: string[] = [];
  for (const leaf of mem.dir.keys()) {
    if (mem.dir[leaf] === undefined) continue;
    for (let gfn = leaf << 10; gfn < (leaf + 1) << 10; gfn++) {
      if (mem_has_frame(mem, gfn)) held.push(`${gfn}=${hash(mem_frame(mem, gfn))}`);
    }
  }
  return `pages:${held.join(" ")}`;
}

function hash(bytes: Uint8Array): number {
  let sum = bytes.length;
  for (const byte of bytes) sum = Math.imul(sum ^ byte, 0x01000193);
  return sum >>> 0;
}
