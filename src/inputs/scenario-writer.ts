/** Writes a scenario as a file that a person can read and change, and that reads back the same. */

import type {
  BackendSettings,
  DiskSettings,
  GuestSettings,
  PageSize,
  RequestSettings,
  ResponseSettings,
  Scenario,
  WorkloadStep,
} from "../core/scenario.js";
import { diskName, vdevOfName } from "./disk-name.js";
import {
  completeBackend,
  DEFAULT_BACKEND,
  DEFAULT_DISK,
  DEFAULT_GUEST,
} from "./scenario-defaults.js";

export interface WriteOptions {
  /** Lines of a comment at the head of the file. */
  comment?: readonly string[];
  /** The value of `$schema`, for editors that do not know the file by its name. */
  schema?: string;
}

const WIDTH = 100;

const PAGE_SIZE_NAMES: Readonly<Record<PageSize, string>> = {
  4096: "4K",
  16384: "16K",
  65536: "64K",
};

/** `{ "page": "0x1000", "offset": 0 }`: an object on one line. */
function onOneLine(fields: readonly (readonly [string, unknown])[]): string {
  return `{ ${fields.map(([key, value]) => `"${key}": ${JSON.stringify(value)}`).join(", ")} }`;
}

/** A list of short values, as many on a line as fit. */
function filled(values: readonly unknown[], indent: string): string {
  const words = values.map((value) => JSON.stringify(value));
  const short = `[${words.join(", ")}]`;
  if (indent.length + short.length <= WIDTH) return short;
  const lines: string[] = [];
  let line = "";
  words.forEach((word, i) => {
    const text = i + 1 < words.length ? `${word},` : word;
    if (line !== "" && indent.length + 2 + line.length + 1 + text.length > WIDTH) {
      lines.push(line);
      line = "";
    }
    line = line === "" ? text : `${line} ${text}`;
  });
  lines.push(line);
  return `[\n${lines.map((one) => `${indent}  ${one}`).join("\n")}\n${indent}]`;
}

function writeRequest(request: RequestSettings, indent: string): string {
  const { segments } = request;
  const withData = request.op === "read" || request.op === "write";
  const fields: [string, unknown][] = [
    ["id", request.id],
    ["op", request.op],
    ["sector", request.sector],
  ];
  if (!withData && request.sectors !== 0) fields.push(["sectors", request.sectors]);
  if (request.fua) fields.push(["fua", true]);
  if (request.preflush) fields.push(["preflush", true]);
  if (request.physSegments !== undefined) fields.push(["physSegments", request.physSegments]);
  if (request.passthrough) fields.push(["passthrough", true]);
  if (request.line !== undefined) fields.push(["line", request.line]);
  if (segments.length === 0) return `${indent}${onOneLine(fields)}`;
  const head = fields.map(([key, value]) => `"${key}": ${JSON.stringify(value)}`).join(", ");
  const body = segments
    .map(({ page, offset, length }) =>
      onOneLine([
        ["page", `0x${page.toString(16)}`],
        ["offset", offset],
        ["length", length],
      ]),
    )
    .map((line) => `${indent}    ${line}`)
    .join(",\n");
  return `${indent}{\n${indent}  ${head},\n${indent}  "segments": [\n${body}\n${indent}  ]\n${indent}}`;
}

function writeResponse({ id, status }: ResponseSettings): number | ResponseSettings {
  return status === "okay" ? id : { id, status };
}

function writeStep(step: WorkloadStep): string {
  if ("complete" in step) {
    return `    { "complete": ${filled(step.complete.map(writeResponse), "    ")} }`;
  }
  if (!("submit" in step)) return `    ${JSON.stringify(step)}`;
  const requests = step.submit.map((request) => writeRequest(request, "        ")).join(",\n");
  return `    {\n      "submit": [\n${requests}\n      ]\n    }`;
}

function writeGroup(fields: readonly (readonly [string, unknown])[]): string {
  const lines = fields.map(([key, value]) =>
    Array.isArray(value)
      ? `    "${key}": ${filled(value, "    ")}`
      : `    "${key}": ${JSON.stringify(value)}`,
  );
  return `{\n${lines.join(",\n")}\n  }`;
}

/** The fields that are not as a reader takes them to be, and those that a person looks for. */
function fieldsOf<T extends object>(
  settings: T,
  unsaid: Partial<T>,
  always: readonly (keyof T)[],
): [string, unknown][] {
  return Object.entries(settings).filter(
    ([key, value]) =>
      always.includes(key as keyof T) ||
      JSON.stringify(value) !== JSON.stringify(unsaid[key as keyof T]),
  );
}

function guestFields(guest: GuestSettings): [string, unknown][] {
  // Without the one the reader takes the other for it.
  const { grantTableSize: size, grantTableMax: max } = guest;
  const usual = size === DEFAULT_GUEST.grantTableSize && max === DEFAULT_GUEST.grantTableMax;
  const unsaid: Partial<GuestSettings> = { ...DEFAULT_GUEST };
  if (!usual) {
    delete unsaid.grantTableSize;
    unsaid.grantTableMax = size;
  }
  const fields = fieldsOf(guest, unsaid, ["pageSize", "ringPages", "maxIndirectSegments"]);
  return fields.map(([key, value]) =>
    key === "pageSize" ? [key, PAGE_SIZE_NAMES[guest.pageSize]] : [key, value],
  );
}

function backendFields(backend: BackendSettings): [string, unknown][] {
  const { profile, persistent, maxIndirectSegments } = backend;
  const unsaid = completeBackend(DEFAULT_BACKEND, { profile, persistent, maxIndirectSegments });
  return fieldsOf(backend, unsaid, ["profile", "persistent", "maxIndirectSegments"]);
}

function diskFields({ content: _, ...disk }: DiskSettings): [string, unknown][] {
  const name = diskName(disk.vdev);
  const fields = fieldsOf(disk, DEFAULT_DISK, ["vdev", "sectors"]);
  return fields.map(([key, value]) =>
    key === "vdev" && vdevOfName(name) === value ? [key, name] : [key, value],
  );
}

/**
 * The text of a `*.blkfront.json` file for the scenario. `parseScenario` of it gives the same
 * scenario; segments stand one on a line, page numbers in hexadecimal.
 */
export function serializeScenario(scenario: Scenario, options: WriteOptions = {}): string {
  const { guest, backend, disk, start, workload } = scenario;
  const parts: string[] = [];
  if (options.schema !== undefined) parts.push(`  "$schema": ${JSON.stringify(options.schema)}`);
  parts.push(`  "title": ${JSON.stringify(scenario.title)}`);
  parts.push(`  "guest": ${writeGroup(guestFields(guest))}`);
  parts.push(`  "backend": ${writeGroup(backendFields(backend))}`);
  parts.push(`  "disk": ${writeGroup(diskFields(disk))}`);
  if (start !== null) parts.push(`  "start": ${writeGroup(Object.entries(start))}`);
  parts.push(
    workload.length === 0
      ? `  "workload": []`
      : `  "workload": [\n${workload.map(writeStep).join(",\n")}\n  ]`,
  );
  // A line feed inside a comment would end it.
  const comment = (options.comment ?? []).flatMap((line) => line.split(/[\r\n\u2028\u2029]+/));
  const head = comment.map((line) => (line === "" ? "//\n" : `// ${line}\n`)).join("");
  return `${head}{\n${parts.join(",\n")}\n}\n`;
}
