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

/** Pages of 4 KB with one left out between each two, so that nothing joins them. */
function pagesApart(count: number): { page: number; offset: number; length: number }[] {
  return Array.from({ length: count }, (_, i) => ({
    page: 0x1000 + 2 * i,
    offset: 0,
    length: 4096,
  }));
}

/** 24 segments of 4 KB: an indirect request. */
export const indirect = file("indirect.blkfront.json", {
  title: "indirect",
  workload: [
    {
      submit: [
        {
          op: "write",
          sector: 0,
          segments: pagesApart(24),
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
          segments: pagesApart(12),
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
          segments: pagesApart(12),
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

const write = (id: number, sector: number, pages: number) => ({
  id,
  op: "write",
  sector,
  segments: Array.from({ length: pages }, (_, i) => ({
    page: 0x1000 + id * 256 + 2 * i,
    offset: 0,
    length: 4096,
  })),
});

const read = (id: number, sector: number) => ({
  id,
  op: "read",
  sector,
  segments: [{ page: 0x8000 + 2 * id, offset: 0, length: 4096 }],
});

/** The guest resumes with a bio that is too large for the new back end, and with one request of two bios. */
export const resuming = file("resuming.blkfront.json", {
  title: "resuming",
  guest: { maxIndirectSegments: 64 },
  backend: { maxIndirectSegments: 64 },
  workload: [
    { bios: [write(1, 0, 60), read(2, 4096), read(3, 4104)] },
    { resume: { maxIndirectSegments: 32 } },
    { complete: "all" },
  ],
});

/** The back end keeps as many grants as it may, turns some away, and purges. */
export const purging = file("purging.blkfront.json", {
  title: "purging",
  guest: { maxIndirectSegments: 128 },
  backend: { maxIndirectSegments: 128, maxPersistentGrants: 200 },
  workload: [
    { submit: [write(1, 0, 120)] },
    { submit: [write(2, 2048, 120)] },
    { complete: "all" },
    { purge: true },
  ],
});

/** A device that goes while a request is under way. */
export const busyRemoval = file("busy-removal.blkfront.json", {
  title: "busy removal",
  backend: { maxIndirectSegments: null },
  workload: [{ submit: [write(1, 0, 1)] }, { remove: true }],
});

/** Grants that cannot end, one of which nobody can remember. */
export const failing = file("failing.blkfront.json", {
  title: "failing",
  guest: { failing: ["kmalloc deferred_entry"] },
  backend: { maxIndirectSegments: null },
  workload: [
    { openDisk: true },
    { submit: [write(1, 0, 3)] },
    { complete: "all" },
    { close: true },
    { remove: true },
  ],
});

/** A resume without memory for the first clone of a bio. */
export const noClone = file("no-clone.blkfront.json", {
  title: "no clone",
  guest: { maxIndirectSegments: 32, failing: ["bio_clone"] },
  backend: { maxIndirectSegments: 32 },
  workload: [{ submit: [write(1, 0, 20)] }, { resume: { maxIndirectSegments: 16 } }],
});

/** One request ends with an error, and one has to wait for grants that others have. */
export const troubled = file("troubled.blkfront.json", {
  title: "troubled",
  guest: { grantTableSize: 512, grantTableMax: 512 },
  workload: [
    {
      submit: [
        { id: 1, op: "write", sector: 0, segments: [{ page: 0x1000, offset: 0, length: 512 }] },
      ],
    },
    { complete: [{ id: 1, status: "error" }] },
    { takeGrants: 500 },
    { submit: [{ id: 2, op: "write", sector: 0, segments: pagesApart(8) }] },
    { giveGrants: 500 },
    { complete: [{ id: 2, status: "okay" }] },
  ],
});
