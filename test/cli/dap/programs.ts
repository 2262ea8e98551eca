/** What the sessions walk. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const folder = mkdtempSync(path.join(tmpdir(), "grantwalk-dap-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

function scenario(name: string, content: object): string {
  const file = path.join(folder, `${name}.blkfront.json`);
  writeFileSync(file, JSON.stringify(content));
  return file;
}

const pages = (count: number, first = 0x1000) =>
  Array.from({ length: count }, (_, i) => ({ page: first + 2 * i, offset: 0, length: 4096 }));

/** A write and a read of five grants each. Its name takes several bytes a character. */
export const small = scenario("größer als 4 K → 🧩", {
  workload: [
    { submit: [{ op: "write", sector: 8, segments: pages(5) }] },
    { complete: "all" },
    { submit: [{ op: "read", sector: 8, segments: pages(5, 0x2000) }] },
    { complete: "all" },
  ],
});

/** The guest's kernel stops at a BUG_ON. */
export const bug = scenario("bug", {
  guest: { blockLayer: "bypass" },
  backend: { maxIndirectSegments: null },
  workload: [{ submit: [{ op: "read", sector: 0, segments: pages(12) }] }],
});

/** Takes many times as long to record as it takes to say so. */
export const long = scenario("long", {
  guest: { maxIndirectSegments: 256 },
  disk: { sectors: 4_194_304 },
  workload: Array.from({ length: 400 }, (_, i) => [
    { submit: [{ op: i % 2 ? "read" : "write", sector: i * 2048, segments: pages(256) }] },
    { complete: "all" },
  ]).flat(),
});
