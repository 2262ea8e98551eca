/** What changes the machine by hand: each such change forks the run at the step where the walk stands. */
import type { DebugProtocol } from "@vscode/debugprotocol";
import { fromBase64 } from "../base64.js";
import { memoryKey, placeOf, type Place } from "../data/place.js";
import { splitSuffix } from "../expression/suffix.js";
import { evaluate } from "../expression/evaluate.js";
import { Failure, FailureId } from "../failure.js";
import { memoryAddress, memoryReference } from "../memory.js";
import { hasChildren } from "../present/value.js";
import { childOf } from "../variable-store.js";
import { facts, formatOf } from "../variables.js";
import type { Handlers, Reply } from "../wire.js";
import type { ForkContext } from "./context.js";
import { setValue } from "./set-value.js";

/** Bytes that one request may write. */
const MOST_BYTES = 1 << 20;

export function editRequests(context: ForkContext): Handlers {
  return {
    setVariable: async (args: DebugProtocol.SetVariableArguments, signal: AbortSignal) => {
      const child = childOf(context.variables.get(args.variablesReference), args.name);
      if (child === undefined) {
        throw new Failure(FailureId.badArguments, `There is no ${args.name} here.`);
      }
      return set(context, { ...args, expression: child.expression }, signal);
    },
    setExpression: (args: DebugProtocol.SetExpressionArguments, signal: AbortSignal) =>
      set(context, args, signal),
    writeMemory: (args: DebugProtocol.WriteMemoryArguments, signal: AbortSignal) =>
      write(context, args, signal),
  };
}

async function set(
  context: ForkContext,
  args: DebugProtocol.SetExpressionArguments,
  signal: AbortSignal,
): Promise<Reply> {
  const { text: expression } = splitSuffix(args.expression.trim());
  const { text } = splitSuffix(args.value.trim());
  const { place, apply } = setValue(expression, text, context.stop.names(args.frameId));
  const tell = await context.fork(`${expression} = ${text}`, apply, signal);
  return { body: told(context, expression, args), after: () => after(context, place, tell) };
}

/** What the client is told of the value that has been set. */
function told(
  { stop, variables, client }: ForkContext,
  expression: string,
  { frameId, format }: DebugProtocol.SetExpressionArguments,
): DebugProtocol.SetExpressionResponse["body"] {
  const value = evaluate(expression, stop.names(frameId));
  const key = stop.expressionKey(frameId, expression);
  return {
    value: value.text(formatOf(format)),
    variablesReference: hasChildren(value) ? variables.root(key, { value, expression }) : 0,
    ...facts(client, value),
  };
}

async function write(
  context: ForkContext,
  args: DebugProtocol.WriteMemoryArguments,
  signal: AbortSignal,
): Promise<Reply> {
  const address = memoryAddress(args.memoryReference) + (args.offset ?? 0);
  const bytes = fromBase64(args.data);
  if (bytes === null) throw new Failure(FailureId.memory, "The data are not in base64.");
  const place =
    address < 0 || bytes.length > MOST_BYTES ? null : placeOf(memoryKey(address, bytes.length));
  if (place === null) {
    const range = `1 to ${MOST_BYTES} bytes from address 0 on`;
    throw new Failure(FailureId.memory, `Only ${range} can be written at once.`);
  }
  const name = `${bytes.length} bytes at ${memoryReference(address)}`;
  const tell = await context.fork(name, (machine) => place.write(machine, bytes), signal);
  return {
    body: { bytesWritten: bytes.length },
    after: () => after(context, place, tell),
  };
}

function after({ wire, client }: ForkContext, { bytes }: Place, tell: () => void): void {
  if (bytes !== null && client.memoryEvents) {
    wire.event("memory", {
      memoryReference: memoryReference(bytes.address),
      offset: 0,
      count: bytes.size,
    });
  }
  tell();
}
