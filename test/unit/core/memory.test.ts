import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  clone_memory,
  create_memory,
  mem_copy,
  mem_get32,
  mem_get64,
  mem_put32,
  mem_put64,
  mem_read,
  mem_write,
} from "../../../src/core/linux/memory.js";

const SPAN = 5 * 4096;

describe("memory", () => {
  it("reads zeros where nothing was written", () => {
    assert.deepEqual(mem_read(create_memory(), 123, 5), new Uint8Array(5));
  });

  it("reads what the fill gives where nothing was written", () => {
    const mem = create_memory((frame, bytes) => bytes.fill(frame));
    assert.deepEqual([...mem_read(mem, 2 * 4096 - 1, 2)], [1, 2]);
  });

  it("behaves as one flat array of bytes, whatever crosses a frame", () => {
    const write = fc.record({
      at: fc.nat(SPAN - 600),
      bytes: fc.uint8Array({ maxLength: 600 }),
      copyTo: fc.nat(SPAN - 600),
    });
    fc.assert(
      fc.property(fc.array(write, { maxLength: 12 }), (writes) => {
        const mem = create_memory();
        const flat = new Uint8Array(SPAN);
        const other = create_memory();
        const otherFlat = new Uint8Array(SPAN);
        for (const { at, bytes, copyTo } of writes) {
          mem_write(mem, at, bytes);
          flat.set(bytes, at);
          mem_copy(other, copyTo, mem, at, bytes.length);
          otherFlat.set(flat.subarray(at, at + bytes.length), copyTo);
        }
        assert.deepEqual(mem_read(mem, 0, SPAN), flat);
        assert.deepEqual(mem_read(other, 0, SPAN), otherFlat);
      }),
    );
  });

  it("keeps copies apart, whichever side writes, through copies of copies", () => {
    const step = fc.record({ who: fc.nat(20), at: fc.nat(SPAN / 4 - 1), value: fc.nat() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const mems = [create_memory()];
        const models = [new Uint32Array(SPAN / 4)];
        for (const { who, at, value } of steps) {
          const i = who % mems.length;
          const mem = mems[i] as (typeof mems)[0];
          const model = models[i] as Uint32Array;
          if (who > 15) {
            mems.push(clone_memory(mem));
            models.push(model.slice());
          } else {
            mem_put32(mem, at * 4, value);
            model[at] = value;
          }
        }
        for (const [i, mem] of mems.entries()) {
          for (const [at, value] of (models[i] as Uint32Array).entries()) {
            assert.equal(mem_get32(mem, at * 4), value);
          }
        }
      }),
      { numRuns: 50 },
    );
  });

  it("keeps whole numbers of 53 bits", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        const mem = create_memory();
        mem_put64(mem, 8, value);
        assert.equal(mem_get64(mem, 8), value);
      }),
    );
  });
});
