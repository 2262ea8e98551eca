/** Every recorded case of the request path: what the C driver did, the model does, byte by byte. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { brotliDecompressSync } from "node:zlib";
import type { GoldenCase } from "../../src/cli/golden/case.js";
import { run_case } from "../../src/cli/golden/run-case.js";

const FAMILIES = [
  "matrix",
  "boundary",
  "unaligned",
  "ring-full",
  "persistent-order",
  "persistent-partial-keep",
  "errors",
];

function agrees(recorded: GoldenCase): void {
  const failure = run_case(recorded);
  assert.equal(failure, null, JSON.stringify(failure));
}

describe("the recorded request path", () => {
  const packed = readFileSync("test/fixtures/golden/request-path.json.br");
  const cases = JSON.parse(brotliDecompressSync(packed).toString()) as Record<string, GoldenCase>;
  for (const [name, recorded] of Object.entries(cases)) it(name, () => agrees(recorded));
});

const beside = path.resolve("../shared/golden");
if (existsSync(beside)) {
  describe("recorded cases beside the checkout", () => {
    for (const family of FAMILIES) {
      for (const file of readdirSync(path.join(beside, family))) {
        const recorded = () => JSON.parse(readFileSync(path.join(beside, family, file), "utf8"));
        it(`${family}/${file}`, () => agrees(recorded() as GoldenCase));
      }
    }
  });
}

describe("the comparison", () => {
  it("notices a single changed byte of an indirect frame", () => {
    const packed = readFileSync("test/fixtures/golden/request-path.json.br");
    const cases = JSON.parse(brotliDecompressSync(packed).toString()) as Record<string, GoldenCase>;
    const changed = cases["matrix/m_64k_p1_ind64_w"] as GoldenCase;
    const queued = changed.steps
      .flatMap((step) => step.events)
      .find((event) => Array.isArray(event.indirectFrames) && event.indirectFrames.length > 0);
    const frame = (queued?.indirectFrames as { raw: string }[])[0];
    assert.ok(frame);
    frame.raw = frame.raw.replace("07", "06");
    assert.match(run_case(changed)?.path ?? "", /indirectFrames\.0\.raw/);
  });
});
