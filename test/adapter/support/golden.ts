/**
 * Transcripts that lie beside the tests. GOLDEN=write writes them anew: then read the difference before you
 * commit it.
 */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { checkout } from "./places.js";

/** Compares a transcript with the one in test/adapter/golden. */
export function assertGolden(name: string, transcript: string): void {
  const file = path.join(checkout, "test", "adapter", "golden", `${name}.txt`);
  if (process.env["GOLDEN"] === "write") {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, transcript);
  }
  const expected = fs.readFileSync(file, "utf8").replaceAll("\r\n", "\n");
  assert.equal(transcript, expected, `GOLDEN=write writes ${path.relative(checkout, file)} anew`);
}
