/** Writes a scenario as a file that a person can read and change, and that reads back the same. */

import { NO_SECTOR } from "../core/linux/request.js";
import type {
  BackendSettings,
  DiskContent,
  DiskSettings,
  GuestSettings,
  MadeUpResponse,
  PageSize,
  RequestSettings,
  ResponseSettings,
  Rewrite,
  Scenario,
  WorkloadStep,
} from "../core/scenario.js";
import { diskName, vdevOfName } from "./disk-name.js";
import { nameOf, OPERATIONS, sayHex, STATUSES } from "./protocol-names.js";
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
  return `{ ${fields.map(([key, value]) => `"${key}": ${writeValue(value)}`).join(", ")} }`;
}

/** A list of short values, as many on a line as fit. */
function filled(values: readonly unknown[], indent: string): string {
  const words = values.map(writeValue);
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
  ];
  if (request.sector !== NO_SECTOR) fields.push(["sector", request.sector]);
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

/** A value with spaces where a person puts them. */
function writeValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(writeValue).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const fields = Object.entries(value);
  return fields.length === 0 ? "{}" : onOneLine(fields);
}

function rawResponse({ id, status, operation, shadowId, times }: ResponseSettings): unknown {
  const said = {
    ...(status === "okay" ? {} : { status }),
    ...(operation === undefined ? {} : { operation: nameOf(OPERATIONS, operation) }),
    ...(shadowId === undefined ? {} : { shadowId }),
    ...(times === undefined ? {} : { times }),
  };
  return Object.keys(said).length === 0 ? id : { id, ...said };
}

function rawMadeUp({ shadowId, operation, status }: MadeUpResponse): unknown {
  return {
    shadowId,
    operation: nameOf(OPERATIONS, operation),
    status: nameOf(STATUSES, status),
  };
}

function rawRewrite({ id, where, index, offset, bytes }: Rewrite): unknown {
  const place = { ...(index === 0 ? {} : { index }), ...(offset === 0 ? {} : { offset }) };
  return { id, where, ...place, bytes: sayHex(bytes) };
}

function rawResume(settings: BackendSettings | null, backend: BackendSettings): unknown {
  if (settings === null) return true;
  const { profile, persistent, maxIndirectSegments } = settings;
  const said: Partial<BackendSettings> = profile === backend.profile ? {} : { profile };
  const base = completeBackend(backend, said);
  if (persistent !== base.persistent) said.persistent = persistent;
  if (maxIndirectSegments !== base.maxIndirectSegments) {
    said.maxIndirectSegments = maxIndirectSegments;
  }
  const unsaid = completeBackend(backend, said);
  return { ...said, ...Object.fromEntries(fieldsOf(settings, unsaid, [])) };
}

function writeRequests(key: "submit" | "bios", requests: readonly RequestSettings[]): string {
  const lines = requests.map((request) => writeRequest(request, "        ")).join(",\n");
  return `    {\n      "${key}": [\n${lines}\n      ]\n    }`;
}

function writeStep(step: WorkloadStep, backend: BackendSettings): string {
  if ("submit" in step) return writeRequests("submit", step.submit);
  if ("bios" in step) return writeRequests("bios", step.bios);
  if ("complete" in step) {
    const { complete, ...rest } = step;
    const interrupt = rest.interrupt === undefined ? "" : `, "interrupt": "${rest.interrupt}"`;
    return `    { "complete": ${filled(complete.map(rawResponse), "    ")}${interrupt} }`;
  }
  if ("unmap" in step && step.unmap !== "all") {
    return `    { "unmap": ${filled(step.unmap, "    ")} }`;
  }
  if ("respond" in step) {
    return `    ${writeValue({ ...step, respond: step.respond.map(rawMadeUp) })}`;
  }
  if ("rewrite" in step) return `    ${writeValue({ rewrite: step.rewrite.map(rawRewrite) })}`;
  if ("resume" in step) return `    ${writeValue({ resume: rawResume(step.resume, backend) })}`;
  return `    ${writeValue(step)}`;
}

function writeGroup(fields: readonly (readonly [string, unknown])[]): string {
  const lines = fields.map(([key, value]) =>
    Array.isArray(value)
      ? `    "${key}": ${filled(value, "    ")}`
      : `    "${key}": ${writeValue(value)}`,
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

function rawContent(content: DiskContent): unknown {
  switch (content.kind) {
    case "pattern":
      return { seed: content.seed };
    case "zeros":
      return "zeros";
    case "bytes":
      return content.name === undefined ? { bytes: sayHex(content.bytes) } : { file: content.name };
  }
}

function diskFields({ content, ...disk }: DiskSettings): [string, unknown][] {
  const name = diskName(disk.vdev);
  const fields = fieldsOf(disk, DEFAULT_DISK, ["vdev", "sectors"]);
  const written = fields.map(([key, value]): [string, unknown] =>
    key === "vdev" && vdevOfName(name) === value ? [key, name] : [key, value],
  );
  const usual = content.kind === "pattern" && content.seed === 0;
  return usual ? written : [...written, ["content", rawContent(content)]];
}

/**
 * The text of a `*.blkfront.json` file for the scenario. `parseScenario` of it gives the same
 * scenario, given the file that its disk names; what a reader takes for granted is left out. Segments
 * stand one on a line, page numbers in hexadecimal.
 */
export function serializeScenario(scenario: Scenario, options: WriteOptions = {}): string {
  const { guest, backend, disk, start, walk, workload } = scenario;
  const parts: string[] = [];
  if (options.schema !== undefined) parts.push(`  "$schema": ${JSON.stringify(options.schema)}`);
  parts.push(`  "title": ${JSON.stringify(scenario.title)}`);
  parts.push(`  "guest": ${writeGroup(guestFields(guest))}`);
  parts.push(`  "backend": ${writeGroup(backendFields(backend))}`);
  parts.push(`  "disk": ${writeGroup(diskFields(disk))}`);
  if (start !== null) parts.push(`  "start": ${writeGroup(Object.entries(start))}`);
  if (walk !== null) parts.push(`  "walk": ${writeGroup(Object.entries(walk))}`);
  parts.push(
    workload.length === 0
      ? `  "workload": []`
      : `  "workload": [\n${workload.map((step) => writeStep(step, backend)).join(",\n")}\n  ]`,
  );
  // A line feed inside a comment would end it.
  const comment = (options.comment ?? []).flatMap((line) => line.split(/[\r\n\u2028\u2029]+/));
  const head = comment.map((line) => (line === "" ? "//\n" : `// ${line}\n`)).join("");
  return `${head}{\n${parts.join(",\n")}\n}\n`;
}
