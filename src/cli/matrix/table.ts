/** The matrix as a table for people. */
import type { Measured, Phase, Stop } from "./measure.js";

interface Column {
  readonly name: string;
  readonly cell: (row: Measured) => string | number | null | undefined;
}

interface Group {
  readonly name: string;
  readonly columns: readonly Column[];
}

const MIB = 2 ** 20;
/** Frames of a grant table, unless Xen is told otherwise (`gnttab_max_frames`). */
const TABLE_FRAMES = 64;

const GROUPS: readonly Group[] = [
  {
    name: "",
    columns: [
      { name: "page", cell: ({ pageSize }) => `${pageSize / 1024}K` },
      { name: "back end", cell: ({ profile }) => profile },
      { name: "indirect", cell: ({ indirect }) => indirect ?? "absent" },
    ],
  },
  {
    name: "ring",
    columns: [
      { name: "order", cell: ({ ringOrder }) => ringOrder },
      { name: "slots", cell: ({ ring }) => ring },
    ],
  },
  {
    name: "queue limits",
    columns: [
      { name: "segments", cell: ({ maxSegments }) => maxSegments },
      { name: "sectors", cell: ({ maxHwSectors }) => maxHwSectors },
    ],
  },
  {
    name: "one sector",
    columns: [
      { name: "reserves", cell: ({ oneSector }) => oneSector?.reserved },
      { name: "uses", cell: ({ oneSector }) => oneSector?.used },
    ],
  },
  {
    name: "largest request",
    columns: [
      { name: "KiB", cell: ({ largestBytes }) => largestBytes && largestBytes / 1024 },
      { name: "reserves", cell: ({ largest }) => largest?.reserved },
      { name: "uses", cell: ({ largest }) => largest?.used },
      { name: "at once", cell: ({ atOnce }) => atOnce },
    ],
  },
  {
    name: "pool",
    columns: [
      { name: "grants", cell: ({ poolEntries }) => poolEntries },
      { name: "frames", cell: ({ grantFrames }) => grantFrames },
      { name: "fits", cell: ({ grantFrames }) => (grantFrames <= TABLE_FRAMES ? "yes" : "no") },
      { name: "MiB", cell: ({ poolBytes }) => mebibytes(poolBytes) },
      { name: "useful", cell: ({ usefulBytes }) => mebibytes(usefulBytes) },
    ],
  },
  {
    name: "verdict",
    columns: [{ name: "", cell: (row) => verdictOf(row) }],
  },
];

function mebibytes(bytes: number): string {
  return (bytes / MIB).toFixed(1);
}

/** What a stop is, in a few words. */
function sayStop({ phase, kind, func, hypothetical }: Stop): string {
  const what = `${KINDS[kind]} in ${func}`;
  return `${hypothetical ? "if survived, " : ""}${WHEN[phase]}: ${what}`;
}

const KINDS: Record<Stop["kind"], string> = { BUG: "BUG", OOPS: "oops", HANG: "waits for ever" };

const WHEN: Record<Phase, string> = {
  connect: "at connect",
  "first request": "at the first request",
  "full request": "at the first full request",
  "full ring": "with a full ring",
  remove: "removed after a full ring",
  resume: "after a resume",
};

function verdictOf({ stops, ringPagesFreed }: Measured): string {
  const words = stops.map(sayStop);
  if (ringPagesFreed !== null) {
    const { freed, allocated } = ringPagesFreed;
    words.push(`frees ${freed} ring pages where it has ${allocated}`);
  }
  return words.length === 0 ? "works" : words.join("; ");
}

/** The lines below each other, numbers flush right; a group's name stands over its columns. */
export function tableOf(rows: readonly Measured[]): string {
  const lines: string[] = ["", "", ...rows.map(() => "")];
  for (const { name, columns } of GROUPS) {
    const cells = columns.map((column) => [
      column.name,
      ...rows.map((row) => String(column.cell(row) ?? "-")),
    ]);
    const blocks = lines.slice(1).map((_, line) =>
      cells
        .map((texts) => {
          const width = Math.max(...texts.map(({ length }) => length));
          const text = texts[line] ?? "";
          return /^[a-z]/i.test(texts[1] ?? "") ? text.padEnd(width) : text.padStart(width);
        })
        .join("  "),
    );
    const width = Math.max(name.length, ...blocks.map(({ length }) => length));
    const all = [name, ...blocks];
    all.forEach((block, line) => {
      lines[line] = `${lines[line] ?? ""}${block.padEnd(width)}   `;
    });
  }
  return `${lines.map((line) => line.trimEnd()).join("\n")}\n`;
}
