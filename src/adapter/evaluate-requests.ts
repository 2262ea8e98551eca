/** Watches, hovers and the debug console. */
import type { DebugProtocol } from "@vscode/debugprotocol";
import { type Spoken, isWord, speak } from "./console-words.js";
import type { Context } from "./context.js";
import type { Names } from "./expression/evaluate.js";
import { FUNCTIONS } from "./expression/functions.js";
import { type Look, look } from "./expression/look.js";
import { ExpressionError } from "./expression/syntax.js";
import { Failure, FailureId } from "./failure.js";
import type { ForkContext } from "./fork/context.js";
import { hasChildren } from "./present/value.js";
import { facts, formatOf, isSettable } from "./variables.js";
import type { Handlers, Reply } from "./wire.js";

export function evaluateRequests(context: ForkContext): Handlers {
  return {
    evaluate: (args: DebugProtocol.EvaluateArguments, signal: AbortSignal) => {
      const text = args.expression.trim();
      if (isWord(text) && (args.context === "repl" || args.context === undefined)) {
        const spoken = speak(context, text, signal);
        // What need not wait is answered before the next message is looked at.
        return spoken instanceof Promise ? spoken.then(reply) : reply(spoken);
      }
      return { body: result(context, args, text) };
    },
  };
}

function reply({ text, after }: Spoken): Reply {
  return { body: { result: text, variablesReference: 0 }, ...(after ? { after } : {}) };
}

function result(
  context: Context,
  args: DebugProtocol.EvaluateArguments,
  text: string,
): DebugProtocol.EvaluateResponse["body"] {
  const { client, stop, variables } = context;
  const names = stop.names(args.frameId);
  const macro = args.context === "hover" ? FUNCTIONS.get(text) : undefined;
  if (macro !== undefined && names.lookup(text) === undefined) {
    return { result: `${macro.signature}: ${macro.about}`, variablesReference: 0 };
  }
  const { value, expression, format } = lookAt(text, names);
  const key = stop.expressionKey(args.frameId, text);
  return {
    result: value.text(format ?? formatOf(args.format)),
    variablesReference: hasChildren(value) ? variables.root(key, { value, expression }) : 0,
    presentationHint: isSettable(context, { value, expression }, args.frameId)
      ? { kind: "data" }
      : { kind: "data", attributes: ["readOnly"] },
    ...facts(client, value),
  };
}

function lookAt(text: string, names: Names): Look {
  try {
    return look(text, names);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    throw new Failure(FailureId.expression, error.message);
  }
}
