/**
 * The one entrance for inputs: the extension, the debug adapter and the command line give a file's
 * name and content, and get a scenario. What the file is, its content decides; the name only breaks a
 * tie.
 */

import type { PageSize, Scenario } from "../core/scenario.js";
import { importCapture, type CaptureFacts } from "./capture/import-capture.js";
import { looksLikeCapture } from "./capture/looks-like.js";
import { checkNeeded, type FilesBeside, type NeededFile, readNeeded } from "./disk-image.js";
import { layOnPages } from "./page-layout.js";
import { problemOnLine, withoutErrors, type Problem } from "./problem.js";
import { parseScenario, UNREAD } from "./scenario-file.js";
import { noSuchPageSize, readPageSize } from "./scenario-settings.js";

export type InputKind = "scenario" | "capture";

export interface OpenOptions {
  /** Lay the buffers on Linux pages of this many bytes, or of `"64K"`; left out, as they were. */
  pageSize?: PageSize | number | string;
  /** The disk of a capture: virtual device number, name (`xvdb`) or `major:minor`. */
  disk?: number | string;
  /** The contents of files that a scenario names, by the names that it gives them. */
  files?: ReadonlyMap<string, Uint8Array>;
}

export interface OpenedInput {
  /** Null when there is an error. */
  scenario: Scenario | null;
  problems: Problem[];
  kind: InputKind;
  /** What a capture says about the live guest; null for a scenario file. */
  facts: CaptureFacts | null;
  /** The file that a scenario names and whose bytes were not given: then that is an error too. */
  needs: NeededFile | null;
}

/** The part of the web's TextDecoder that is used; Node and browsers have it as a global. */
declare const TextDecoder: new (label: string) => { decode(bytes: Uint8Array): string };

/** A record of the kernel's blktrace begins with this and a version, in the order of its machine. */
const BLKTRACE_MAGIC = 0x656174;

/** Enough of a file to see whether it is text. */
const SAMPLE_BYTES = 8192;

function isBlktrace(bytes: Uint8Array): boolean {
  if (bytes.length < 4) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, 4);
  return [true, false].some((little) => view.getUint32(0, little) >>> 8 === BLKTRACE_MAGIC);
}

const EXPECTED =
  "A scenario (*.blkfront.json) or a capture (the trace.txt of xenblk-capture) was expected.";

/** The text of a file, or why it is none. */
function decode(content: Uint8Array | string): { text: string } | { refused: string } {
  const binary = { refused: `This is no text but a binary file. ${EXPECTED}` };
  if (typeof content === "string") {
    return content.slice(0, SAMPLE_BYTES).includes("\0") ? binary : { text: content };
  }
  // Some editors of Windows write UTF-16 with this mark.
  if (content[0] === 0xff && content[1] === 0xfe) {
    return { text: new TextDecoder("utf-16le").decode(content) };
  }
  if (content[0] === 0x1f && content[1] === 0x8b) {
    return { refused: `This file is compressed with gzip: unpack it first. ${EXPECTED}` };
  }
  if (isBlktrace(content)) {
    return { refused: `This is a binary record of blktrace, which has no buffers. ${EXPECTED}` };
  }
  if (content.subarray(0, SAMPLE_BYTES).includes(0)) return binary;
  return { text: new TextDecoder("utf-8").decode(content) };
}

function kindOfName(name: string): InputKind | null {
  if (/\.jsonc?$/i.test(name)) return "scenario";
  return /\.(txt|trace|log|ftrace)$/i.test(name) ? "capture" : null;
}

/** The first character that is neither space nor comment. */
function firstSign(text: string): string {
  return (
    text.replace(/^\uFEFF/, "").replace(/^(\s+|\/\/[^\n]*(\n|$)|\/\*[\s\S]*?(\*\/|$))*/, "")[0] ??
    ""
  );
}

/** What a text is, by its content; null when it is neither. */
export function detectKind(text: string): InputKind | null {
  const sign = firstSign(text.slice(0, 65536));
  if (sign === "{") return "scenario";
  return looksLikeCapture(text) ? "capture" : null;
}

/** The name without folders and without the ending that says what it is. */
function titleOfName(name: string): string {
  const base = name.split(/[\\/]/).pop() ?? name;
  return base.replace(/(\.blkfront)?\.jsonc?$/i, "") || "Untitled scenario";
}

function refuse(kind: InputKind, code: string, message: string): OpenedInput {
  return {
    scenario: null,
    problems: [problemOnLine("error", code, 1, message)],
    kind,
    facts: null,
    needs: null,
  };
}

function onPages(opened: OpenedInput, wanted: PageSize | number | string): OpenedInput {
  const pageSize = readPageSize(wanted);
  if (pageSize === null) {
    const problem = problemOnLine("error", "page-size", 1, noSuchPageSize(wanted));
    return { ...opened, scenario: null, problems: [...opened.problems, problem] };
  }
  return { ...opened, scenario: opened.scenario && layOnPages(opened.scenario, pageSize) };
}

/**
 * Reads a scenario file or a capture, whichever the content is. It never throws. `name` is the file's
 * name or path; it gives an untitled scenario its title, and decides only about content that is
 * neither.
 */
export function openInput(
  name: string,
  content: Uint8Array | string,
  options: OpenOptions = {},
): OpenedInput {
  const named = kindOfName(name);
  const decoded = decode(content);
  if ("refused" in decoded) return refuse(named ?? "capture", "not-text", decoded.refused);
  const { text } = decoded;
  const kind = detectKind(text) ?? named;
  if (kind === null) {
    return refuse(
      "scenario",
      "unknown-input",
      "This is neither a scenario, which begins with {, nor a capture, which has lines of ftrace text.",
    );
  }
  let opened: OpenedInput;
  if (kind === "scenario") {
    const { files } = options;
    const title = titleOfName(name);
    opened = { ...parseScenario(text, { title, ...(files && { files }) }), kind, facts: null };
  } else {
    const { disk } = options;
    const imported = importCapture(text, disk === undefined ? {} : { disk });
    opened = { ...imported, kind, needs: null };
  }
  if (!withoutErrors(opened.problems)) opened.scenario = null;
  return options.pageSize === undefined ? opened : onPages(opened, options.pageSize);
}

/** What is left when the file that a scenario names has been looked at. */
function settled({ problems }: OpenedInput, found: Problem | null): Problem[] {
  const others = problems.filter(({ code }) => code !== UNREAD);
  return found === null ? others : [...others, found];
}

/** Opens an input as `openInput` does, and reads the file that a scenario names. It never rejects. */
export async function openWithFiles(
  name: string,
  content: Uint8Array | string,
  files: FilesBeside,
  options: OpenOptions = {},
): Promise<OpenedInput> {
  const opened = openInput(name, content, options);
  if (opened.needs === null) return opened;
  const file = await readNeeded(opened.needs, files);
  if (!(file instanceof Uint8Array)) return { ...opened, problems: settled(opened, file) };
  const given = new Map([...(options.files ?? []), [opened.needs.name, file]]);
  return openInput(name, content, { ...options, files: given });
}

/** The problems of an input, without reading more of the file that a scenario names than its size. */
export async function checkInput(
  name: string,
  content: Uint8Array | string,
  files: Pick<FilesBeside, "size">,
): Promise<Problem[]> {
  const opened = openInput(name, content);
  if (opened.needs === null) return opened.problems;
  return settled(opened, await checkNeeded(opened.needs, files));
}
