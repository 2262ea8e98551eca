/** Checks what came from the webview: a page is not to be believed. */
import {
  type Choices,
  COMMANDS,
  type Command,
  type Place,
  type SavedView,
  type WebviewMessage,
} from "./messages.js";

type Fields = Record<string, unknown>;

const LONGEST_TEXT = 4096;
const LARGEST_RANGE = 4096;

function fieldsOf(value: unknown): Fields | null {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : null;
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.length <= LONGEST_TEXT;
}

function choicesOf(value: unknown): Choices | null {
  const fields = fieldsOf(value);
  if (fields === null) return null;
  const { request, bytes } = fields;
  if ((request !== null && !isText(request)) || !isText(bytes)) return null;
  if (!/^(auto|slot|[0-9]{1,4})$/.test(bytes)) return null;
  return { request, bytes };
}

function placeOf(value: unknown): Place | null {
  const fields = fieldsOf(value);
  if (fields === null) return null;
  const { kind } = fields;
  if (kind === "grant") return isWhole(fields["index"]) ? { kind, index: fields["index"] } : null;
  if (kind === "gref") return isWhole(fields["gref"]) ? { kind, gref: fields["gref"] } : null;
  if (kind === "slot") return isWhole(fields["slot"]) ? { kind, slot: fields["slot"] } : null;
  if (kind === "frame") return isWhole(fields["n"]) ? { kind, n: fields["n"] } : null;
  if (kind === "request") return isText(fields["key"]) ? { kind, key: fields["key"] } : null;
  return null;
}

/** The view that a webview saved, or null when it is not one of this version. */
export function savedViewOf(value: unknown): SavedView | null {
  const fields = fieldsOf(value);
  if (fields === null) return null;
  const choices = choicesOf(fields["choices"]);
  const { version, title, step } = fields;
  if (choices === null || !isWhole(version) || !isText(title) || !isWhole(step)) return null;
  return { version, title, step, choices };
}

/** The message, with nothing in it that is not part of it; null when it is not one. */
export function webviewMessageOf(value: unknown): WebviewMessage | null {
  const fields = fieldsOf(value);
  if (fields === null) return null;
  switch (fields["type"]) {
    case "ready":
      if (!isWhole(fields["version"])) return null;
      return { type: "ready", version: fields["version"], saved: savedViewOf(fields["saved"]) };
    case "moveTo":
      return isWhole(fields["step"]) ? { type: "moveTo", step: fields["step"] } : null;
    case "command": {
      const command = COMMANDS.find((known) => known === fields["command"]);
      return command === undefined ? null : { type: "command", command: command satisfies Command };
    }
    case "goTo": {
      const place = placeOf(fields["place"]);
      return place && { type: "goTo", place };
    }
    case "choose": {
      const choices = choicesOf(fields["choices"]);
      return choices && { type: "choose", choices };
    }
    case "range": {
      const { list, from, count } = fields;
      if ((list !== "shadow" && list !== "free") || !isWhole(from) || !isWhole(count)) return null;
      return { type: "range", list, from, count: Math.min(count, LARGEST_RANGE) };
    }
    case "launch":
      return { type: "launch", again: fields["again"] === true };
    case "painted":
      return isWhole(fields["step"]) ? { type: "painted", step: fields["step"] } : null;
    default:
      return null;
  }
}
