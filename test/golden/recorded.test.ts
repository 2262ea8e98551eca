/** Every recorded case: what the C driver did, the model does, byte by byte. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { brotliDecompressSync } from "node:zlib";
import type { GoldenCase } from "../../src/cli/golden/case.js";
import { run_case } from "../../src/cli/golden/run-case.js";

function agrees(recorded: GoldenCase): void {
  const failure = run_case(recorded);
  assert.equal(failure, null, JSON.stringify(failure));
}

function unpack(file: string): Record<string, GoldenCase> {
  const packed = readFileSync(path.join("test/fixtures/golden", file));
  return JSON.parse(brotliDecompressSync(packed).toString()) as Record<string, GoldenCase>;
}

const cases = unpack("recorded.json.br");

describe("the recorded cases", () => {
  for (const [name, recorded] of Object.entries(cases)) it(name, () => agrees(recorded));
  it("are all there", () => assert.equal(Object.keys(cases).length, 150));
});

describe("the cases recorded at random", () => {
  const drawn = unpack("recorded-at-random.json.br");
  for (const [name, recorded] of Object.entries(drawn)) it(name, () => agrees(recorded));
  it("are all there", () => assert.equal(Object.keys(drawn).length, 207));
});

const beside = path.resolve("../shared/golden");
if (existsSync(beside)) {
  describe("recorded cases beside the checkout that are not in it", () => {
    const files = readdirSync(beside, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".json") && file.includes(path.sep))
      .filter((file) => !(file.replace(/\.json$/, "").replaceAll(path.sep, "/") in cases));
    for (const file of files) {
      it(file, () => {
        agrees(JSON.parse(readFileSync(path.join(beside, file), "utf8")) as GoldenCase);
      });
    }
  });
}

describe("the comparison", () => {
  it("notices a single changed byte of an indirect frame", () => {
    const changed = structuredClone(cases["matrix/m_64k_p1_ind64_w"]) as GoldenCase;
    const queued = changed.steps
      .flatMap((step) => step.events)
      .find((event) => Array.isArray(event.indirectFrames) && event.indirectFrames.length > 0);
    const frame = (queued?.indirectFrames as { raw: string }[])[0];
    assert.ok(frame);
    frame.raw = frame.raw.replace("07", "06");
    assert.match(run_case(changed)?.path ?? "", /indirectFrames\.0\.raw/);
  });
});
