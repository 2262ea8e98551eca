/** The programs that the tests walk, as files. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "grantwalk-adapter-"));
process.on("exit", () => fs.rmSync(folder, { recursive: true, force: true }));

/** Writes a file and gives its path. */
export function file(name: string, content: string | object): string {
  const target = path.join(folder, name);
  fs.writeFileSync(
    target,
    typeof content === "string" ? content : JSON.stringify(content, null, 2),
  );
  return target;
}

/** A guest with pages of 16 KB writes 20 KB and reads them back: 5 grants each, in a direct request. */
export const small = file("small.blkfront.json", {
  title: "small",
  guest: { pageSize: "16K" },
  workload: [
    {
      submit: [
        {
          op: "write",
          sector: 8,
          segments: [
            { page: "0x1000", offset: 0, length: "16K" },
            { page: "0x1001", offset: 512, length: 3584 },
          ],
        },
      ],
    },
    { complete: "all" },
    {
      submit: [{ op: "read", sector: 8, segments: [{ page: "0x2000", offset: 0, length: "16K" }] }],
    },
    { complete: "all" },
  ],
});

/** 24 segments of 4 KB: an indirect request. */
export const indirect = file("indirect.blkfront.json", {
  title: "indirect",
  workload: [
    {
      submit: [
        {
          op: "write",
          sector: 0,
          segments: Array.from({ length: 24 }, (_, i) => ({
            page: 0x1000 + 2 * i,
            offset: 0,
            length: 4096,
          })),
        },
      ],
    },
    { complete: "all" },
  ],
});

/** 12 segments where the back end offers no indirect requests: a BUG_ON. */
export const bug = file("bug.blkfront.json", {
  title: "bug",
  guest: { blockLayer: "bypass" },
  backend: { maxIndirectSegments: null },
  workload: [
    {
      submit: [
        {
          op: "read",
          sector: 0,
          segments: Array.from({ length: 12 }, (_, i) => ({
            page: 0x1000 + 2 * i,
            offset: 0,
            length: 4096,
          })),
        },
      ],
    },
  ],
});

/** The back end unmaps an indirect frame, whose page then has two owners. */
export const twoOwners = file("two-owners.blkfront.json", {
  title: "two owners",
  backend: { keepsMapped: "none" },
  workload: [
    {
      submit: [
        {
          op: "read",
          sector: 0,
          segments: Array.from({ length: 12 }, (_, i) => ({
            page: 0x1000 + 2 * i,
            offset: 0,
            length: 4096,
          })),
        },
      ],
    },
    { complete: "all" },
    { submit: [{ op: "read", sector: 0, segments: [{ page: "0x2000", length: 4096 }] }] },
  ],
});

/** The queue limits are wrong after a resume, before there is a request. */
export const limits = file("limits.blkfront.json", {
  title: "limits",
  guest: { pageSize: "64K" },
  workload: [
    { resume: {} },
    { submit: [{ op: "read", sector: 0, segments: [{ page: "0x2000", length: 4096 }] }] },
    { complete: "all" },
  ],
});
