/** Watches, hovers and the debug console. */
import type { DebugProtocol } from "@vscode/debugprotocol";
import { type Spoken, isWord, speak } from "./console-words.js";
import { evaluate } from "./expression/evaluate.js";
import { splitSuffix } from "./expression/parse.js";
import { ExpressionError } from "./expression/syntax.js";
import { Failure, FailureId } from "./failure.js";
import { memoryReference } from "./memory.js";
import type { Context } from "./context.js";
import type { ForkContext } from "./fork/context.js";
import { type Value, hasChildren } from "./present/value.js";
import { childCounts, formatOf } from "./variables.js";
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
  whole: string,
): DebugProtocol.EvaluateResponse["body"] {
  const { client, stop, variables } = context;
  const { text, suffix } = splitSuffix(whole);
  const expression = suffix === "b" ? `$bytes(${text})` : text;
  const value = valueOf(context, expression, args.frameId);
  const key = stop.expressionKey(args.frameId, expression);
  const format = suffix === null ? formatOf(args.format) : { hex: suffix === "x" };
  return {
    result: value.text(format),
    variablesReference: hasChildren(value) ? variables.root(key, { value, expression }) : 0,
    presentationHint: { kind: "data", attributes: ["readOnly"] },
    ...childCounts(value),
    ...(client.types && value.type !== "" ? { type: value.type } : {}),
    ...(client.memory && value.address !== undefined
      ? { memoryReference: memoryReference(value.address) }
      : {}),
  };
}

function valueOf(context: Context, expression: string, frameId?: number): Value {
  try {
    return evaluate(expression, context.stop.names(frameId));
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    throw new Failure(FailureId.expression, error.message);
  }
}
