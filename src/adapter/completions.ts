/** Completion in the debug console: the words, the names of a frame, and members along a path. */
import type { DebugProtocol } from "@vscode/debugprotocol";
import { WORDS, isWord } from "./console-words.js";
import type { Context } from "./context.js";
import { type Names, evaluate } from "./expression/evaluate.js";
import { FUNCTIONS } from "./expression/functions.js";
import { ExpressionError } from "./expression/syntax.js";
import { TYPE_WORDS } from "./expression/types.js";
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
        : nearCursor(typed, names);
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
const PATH = /((?:[$\w]+|[$\w]*\([^()]*\))(?:\[[^[\]]*\]|->|\.|[$\w])*?)(?:->|\.)(\w*)$/;

/** A parenthesis that a type may stand in: no call's, and with the type's first words behind it. */
const CAST = new RegExp(`(?:^|[^\\w$]|\\bsizeof)\\s*\\(\\s*(?:(?:${TYPE_WORDS.join("|")})\\s+)*$`);

/** Characters before the cursor that are looked at: what leads to a member is shorter. */
const LONGEST = 400;

function nearCursor(typed: string, names: Names): Completions {
  const skipped = Math.max(0, typed.length - LONGEST);
  const { start, targets } = expressions(typed.slice(skipped), names);
  return { start: skipped + start, targets };
}

function expressions(typed: string, names: Names): Completions {
  const path = PATH.exec(typed);
  if (path !== null) return members(typed, path[1] as string, path[2] as string, names);
  const begun = /[$\w]*$/.exec(typed)?.[0] ?? "";
  const before = typed.slice(0, typed.length - begun.length);
  const targets: DebugProtocol.CompletionItem[] = [
    ...[...new Set(names.known())]
      .filter((label) => !FUNCTIONS.has(label))
      .map((label) => ({ label, type: "variable" as const })),
    ...[...FUNCTIONS].map(([label, { signature, about }]) => ({
      label,
      type: "function" as const,
      detail: `${signature}: ${about}`,
    })),
    // Constants and types are many: only for somebody who has begun one.
    ...(begun === "" ? [] : constants()),
    ...(begun !== "" && CAST.test(before) ? types() : []),
  ];
  return {
    start: before.length,
    targets: targets.filter(({ label }) => label.startsWith(begun)),
  };
}

function constants(): DebugProtocol.CompletionItem[] {
  return [...CONSTANTS.keys(), ...ENUMERATORS.keys()].map((label) => ({ label, type: "value" }));
}

function types(): DebugProtocol.CompletionItem[] {
  return TYPE_WORDS.map((label) => ({ label, type: "class" }));
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
