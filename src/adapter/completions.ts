/** Completion in the debug console: the words, the names of a frame, and members along a path. */
import type { DebugProtocol } from "@vscode/debugprotocol";
import { WORDS, isWord } from "./console-words.js";
import type { Context } from "./context.js";
import { FUNCTIONS, type Names, evaluate } from "./expression/evaluate.js";
import { ExpressionError } from "./expression/syntax.js";
import { CONSTANTS, ENUMERATORS } from "./present/constants.js";
import { isPointer } from "./present/value.js";
import type { Handlers } from "./wire.js";

export function completionRequests(context: Context): Handlers {
  return {
    completions: (args: DebugProtocol.CompletionsArguments) => {
      const line = args.text.split("\n")[(args.line ?? 1) - 1] ?? args.text;
      const typed = line.slice(0, args.column - 1 - context.client.columnShift);
      const names = context.stop.names(args.frameId);
      const { start, targets } = isWord(typed.trimStart())
        ? words(typed)
        : expressions(typed, names);
      const length = typed.length - start;
      return {
        body: {
          targets: targets.map((target) => ({
            ...target,
            start: start + 1 + context.client.columnShift,
            length,
          })),
        },
      };
    },
  };
}

interface Completions {
  /** Where in the line the completed text begins, from 0. */
  readonly start: number;
  readonly targets: readonly DebugProtocol.CompletionItem[];
}

function words(typed: string): Completions {
  const start = typed.length - typed.trimStart().length;
  const begun = typed.trimStart();
  const targets = WORDS.filter((word) => word.startsWith(begun)).map(
    (word): DebugProtocol.CompletionItem => ({ label: word, type: "keyword" }),
  );
  return { start, targets };
}

/** A path that ends in the member that is being typed. */
const PATH = /([$\w]+(?:\[[^[\]]*\]|->|\.|[$\w])*?)(?:->|\.)(\w*)$/;

function expressions(typed: string, names: Names): Completions {
  const path = PATH.exec(typed);
  if (path !== null) return members(typed, path[1] as string, path[2] as string, names);
  const begun = /[$\w]*$/.exec(typed)?.[0] ?? "";
  const known = new Set([...names.known(), ...FUNCTIONS.keys()]);
  const targets = [
    ...[...known].map((label) => ({ label, type: typeOf(label) })),
    // Constants are many: only for somebody who has begun one.
    ...(begun === ""
      ? []
      : [...CONSTANTS.keys(), ...ENUMERATORS.keys()].map((label) => ({
          label,
          type: "value" as const,
        }))),
  ].filter(({ label }) => label.startsWith(begun));
  return { start: typed.length - begun.length, targets };
}

function typeOf(label: string): DebugProtocol.CompletionItemType {
  return FUNCTIONS.has(label) ? "function" : "variable";
}

function members(typed: string, path: string, begun: string, names: Names): Completions {
  const start = typed.length - begun.length;
  try {
    const value = evaluate(path, names);
    const targets = (value.members?.() ?? [])
      .map((member) => member.name.replace(/^\[(\w+)\]$/, "$1"))
      .filter((name) => /^\w+$/.test(name) && name.startsWith(begun))
      .map((label): DebugProtocol.CompletionItem => ({
        label,
        type: "field",
        detail: isPointer(value) ? value.type.replace(/\s*\*$/, "") : value.type,
      }));
    return { start, targets };
  } catch (error) {
    if (error instanceof ExpressionError) return { start, targets: [] };
    throw error;
  }
}
