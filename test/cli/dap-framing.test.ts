// The protocol's framing holds however the bytes of a stream come.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FramingError, MessageReader, framed } from "../../src/cli/dap/framing.js";

/** A text in pieces, cut at any bytes. */
function pieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const at = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((from, i) => bytes.subarray(from, at[i] ?? bytes.length));
}

const message = fc.dictionary(
  fc.string({ unit: "binary" }),
  fc.jsonValue({ noUnicodeString: false }),
);

test("messages come out as they went in, wherever the stream is cut", () => {
  fc.assert(
    fc.property(fc.array(message), fc.array(fc.nat()), (messages, cuts) => {
      // As JSON has it: there is one zero in it.
      const sent = JSON.parse(JSON.stringify(messages)) as object[];
      const reader = new MessageReader();
      const stream = Buffer.from(sent.map(framed).join(""));
      const read = pieces(stream, cuts).flatMap((bytes) => [...reader.read(bytes)]);
      assert.deepEqual(read, sent);
    }),
  );
});

test("a header may be written as headers are", () => {
  const reader = new MessageReader();
  const bytes = "content-type: application/json; charset=utf-8\r\ncontent-length:  2 \r\n\r\n{}";
  assert.deepEqual([...reader.read(Buffer.from(bytes))], [{}]);
});

test("what comes before the garbage is read", () => {
  const read: object[] = [];
  assert.throws(() => {
    for (const one of new MessageReader().read(Buffer.from(`${framed({ a: 1 })}x`))) read.push(one);
  }, FramingError);
  assert.deepEqual(read, [{ a: 1 }]);
});

test("garbage is refused at once or at the byte that makes it garbage, and never waited for", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 400 }),
      fc.array(fc.nat()),
      (raw, cuts) => {
        const bytes = Buffer.from(raw);
        // These could be the beginning of a header, or the end of one.
        fc.pre(!/^c|^\r$/i.test(bytes.toString("latin1")));
        const reader = new MessageReader();
        assert.throws(() => {
          for (const piece of pieces(bytes, cuts)) Array.from(reader.read(piece));
        }, FramingError);
      },
    ),
  );
});
