/** What can be watched: `dataBreakpointInfo`. */
import type { DebugProtocol } from "@vscode/debugprotocol";
import type { Context } from "../context.js";
import { ExpressionError } from "../expression/syntax.js";
import { memoryAddress } from "../memory.js";
import { childOf } from "../variable-store.js";
import type { Handlers } from "../wire.js";
import { MOST_WATCHED } from "./changes.js";
import { findPlace } from "./find-place.js";
import { memoryKey } from "./place.js";

type Info = DebugProtocol.DataBreakpointInfoResponse["body"];

const ACCESS: DebugProtocol.DataBreakpointAccessType[] = ["write"];

export function dataRequests(context: Context): Handlers {
  return {
    dataBreakpointInfo: (args: DebugProtocol.DataBreakpointInfoArguments) => ({
      body: args.asAddress === true ? ofBytes(args) : ofExpression(context, args),
    }),
  };
}

function ofBytes({ name, bytes = 1 }: DebugProtocol.DataBreakpointInfoArguments): Info {
  const address = memoryAddress(name);
  if (!Number.isInteger(bytes) || bytes < 1 || bytes > MOST_WATCHED) {
    return { dataId: null, description: `1 to ${MOST_WATCHED} bytes can be watched.` };
  }
  const dataId = memoryKey(address, bytes);
  return { dataId, description: dataId, accessTypes: ACCESS, canPersist: true };
}

function ofExpression(context: Context, args: DebugProtocol.DataBreakpointInfoArguments): Info {
  const { stop, variables } = context;
  let expression = args.name;
  if (args.variablesReference !== undefined && args.variablesReference !== 0) {
    const child = childOf(variables.get(args.variablesReference), args.name);
    if (child === undefined) return { dataId: null, description: `There is no ${args.name} here.` };
    ({ expression } = child);
  }
  try {
    const place = findPlace(expression, stop.names(args.frameId));
    if (place === null) {
      const description = `${expression} lies nowhere: it is computed, or a variable of a function.`;
      return { dataId: null, description };
    }
    return { dataId: place.key, description: expression, accessTypes: ACCESS, canPersist: true };
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    return { dataId: null, description: error.message };
  }
}
