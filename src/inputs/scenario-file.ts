/** Reads a scenario file: text in, the checked and normalised scenario or what is wrong with it out. */

import {
  getNodeValue,
  parseTree,
  printParseErrorCode,
  type Node,
  type ParseError,
} from "jsonc-parser";
import type { DiskSettings, Scenario } from "../core/scenario.js";
import { misfit, type NeededFile } from "./disk-image.js";
import { problemOnLine, withoutErrors, type Problem } from "./problem.js";
import type { RawScenario } from "./scenario-raw.js";
import { DEFAULT_BACKEND } from "./scenario-defaults.js";
import { checkSchema } from "./scenario-schema-check.js";
import {
  checkAgreement,
  readBackend,
  readDisk,
  readGuest,
  readStart,
  readWalk,
} from "./scenario-settings.js";
import { sayPath, ScenarioSource } from "./scenario-source.js";
import { readWorkload } from "./scenario-workload.js";
import { TextLines } from "./text-lines.js";

export interface ParsedScenario {
  /** Null when there is an error. */
  scenario: Scenario | null;
  problems: Problem[];
  /** The file that the disk's content is in, when its bytes were not given: then that is an error too. */
  needs: NeededFile | null;
}

export interface ScenarioFileOptions {
  /** The title of a scenario that has none, such as the file's name. */
  title?: string;
  /** The contents of files that the scenario names, by the names that it gives them. */
  files?: ReadonlyMap<string, Uint8Array>;
}

/** The code of the problem that a file has not been read; who reads it takes the problem away. */
export const UNREAD = "disk-file-unread";

const SYNTAX: Readonly<Record<string, string>> = {
  InvalidSymbol: "This is no JSON value: names and texts stand in double quotes.",
  InvalidNumberFormat: 'This is no number of JSON: hexadecimal ones stand in quotes, "0x1000".',
  PropertyNameExpected: "A property's name in double quotes is missing here.",
  ValueExpected: "A value is missing here.",
  ColonExpected: "A colon is missing here.",
  CommaExpected: "A comma is missing here.",
  CloseBraceExpected: "A closing brace } is missing here.",
  CloseBracketExpected: "A closing bracket ] is missing here.",
  EndOfFileExpected: "The scenario has ended before this: there is one object in a file.",
  InvalidCommentToken: "A comment begins with // or /*.",
  UnexpectedEndOfComment: "This comment is not closed: */ is missing.",
  UnexpectedEndOfString: "This text is not closed: a double quote is missing.",
  UnexpectedEndOfNumber: "This number is not complete.",
  InvalidUnicode: "A \\u is followed by four hexadecimal digits.",
  InvalidEscapeCharacter: "This is no escape of JSON.",
  InvalidCharacter: "This character cannot stand here; in a text it is written as an escape.",
};

/** Where an object says the same key twice: JSON takes the last one, a person may mean the first. */
function reportRepeatedKeys(source: ScenarioSource, node: Node, path: (string | number)[]): void {
  const seen = new Set<string>();
  node.children?.forEach((child, i) => {
    if (node.type === "array") {
      reportRepeatedKeys(source, child, [...path, i]);
      return;
    }
    const [keyNode, value] = child.children ?? [];
    if (!keyNode || !value) return;
    const key = String(keyNode.value);
    if (seen.has(key)) {
      const text = `"${key}" is given twice in the same object: keep one of them.`;
      source.errorInText("repeated-key", keyNode.offset, keyNode.length, text);
    }
    seen.add(key);
    reportRepeatedKeys(source, value, [...path, key]);
  });
}

function readChecked(source: ScenarioSource, raw: RawScenario, title: string): Scenario {
  const guest = readGuest(source, raw.guest);
  const backend = readBackend(source, raw.backend ?? {}, ["backend"], DEFAULT_BACKEND);
  checkAgreement(source, guest, backend);
  const disk = readDisk(source, raw.disk);
  // With a page size that does not exist every segment would seem wrong.
  const sound = !source.problems.some((problem) => problem.code === "page-size");
  return {
    title: raw.title ?? title,
    guest,
    backend,
    disk,
    start: sound ? readStart(source, raw.start, guest, backend) : null,
    walk: readWalk(source, raw.walk, raw.workload.length),
    workload: sound ? readWorkload(source, raw.workload, { guest, backend, disk }) : [],
  };
}

/** Puts the bytes of the file that the disk names into it; gives the file back when there are none. */
function fillDisk(
  source: ScenarioSource,
  disk: DiskSettings,
  files: ScenarioFileOptions["files"],
): NeededFile | null {
  const { content, sectors } = disk;
  if (content.kind !== "bytes" || content.name === undefined) return null;
  const path = ["disk", "content", "file"];
  const { name } = content;
  const file = { name, sectors, path: sayPath(path), range: source.rangeOf(path) };
  const bytes = files?.get(name);
  if (bytes === undefined) {
    source.error(UNREAD, path, `"${name}" has not been read: the disk's content is in it.`);
    return file;
  }
  const wrong = misfit(file, bytes.length);
  if (wrong !== null) source.error("disk-file", path, wrong);
  disk.content = { ...content, bytes };
  return null;
}

function parse(
  text: string,
  { title = "Untitled scenario", files }: ScenarioFileOptions,
): ParsedScenario {
  const lines = new TextLines(text);
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true, disallowComments: false });
  const source = new ScenarioSource(lines, root);
  const refused = (): ParsedScenario => ({
    scenario: null,
    problems: source.finish(),
    needs: null,
  });
  if (!root && text.trim() === "") {
    const what = 'The file is empty. The smallest scenario is { "workload": [] }.';
    source.errorInText("json", 0, 0, what);
    return refused();
  }
  for (const error of errors) {
    const what = SYNTAX[printParseErrorCode(error.error)] ?? "This is not JSON.";
    source.errorInText("json", error.offset, Math.max(error.length, 1), what);
  }
  if (!root || errors.length > 0) return refused();
  reportRepeatedKeys(source, root, []);
  const value: unknown = getNodeValue(root);
  if (!checkSchema(source, value) || source.hasErrors) return refused();
  const scenario = readChecked(source, value as RawScenario, title);
  if (source.hasErrors) return refused();
  const needs = fillDisk(source, scenario.disk, files);
  const problems = source.finish();
  return { scenario: withoutErrors(problems) ? scenario : null, problems, needs };
}

/**
 * Parses the text of a `*.blkfront.json` file (JSON with comments). It never throws; every problem
 * has its place in the text. There is a scenario exactly when no problem is an error.
 *
 * A disk whose content is in a file needs its bytes, in `options.files`.
 */
export function parseScenario(text: string, options: ScenarioFileOptions = {}): ParsedScenario {
  try {
    // An editor does not count the byte order mark as a character.
    return parse(text.replace(/^\uFEFF/, ""), options);
  } catch (error) {
    const detail = error instanceof RangeError ? "its values are nested too deeply" : String(error);
    const problem = problemOnLine("error", "json", 1, `The scenario cannot be read: ${detail}.`);
    return { scenario: null, problems: [problem], needs: null };
  }
}
