/** What the client said of itself. */
import type { DebugProtocol } from "@vscode/debugprotocol";

export interface Client {
  /** What is added to a line, or a column, that counts from 1. */
  readonly lineShift: 0 | -1;
  readonly columnShift: 0 | -1;
  readonly types: boolean;
  readonly paging: boolean;
  readonly memory: boolean;
  readonly progress: boolean;
  /** It can be told that memory was written, and that what it shows is no longer true. */
  readonly memoryEvents: boolean;
  readonly invalidation: boolean;
}

/** What the protocol takes for granted of a client that has not said anything. */
export const SILENT_CLIENT: Client = {
  lineShift: 0,
  columnShift: 0,
  types: false,
  paging: false,
  memory: false,
  progress: false,
  memoryEvents: false,
  invalidation: false,
};

export function clientOf(args: DebugProtocol.InitializeRequestArguments): Client {
  return {
    lineShift: args.linesStartAt1 === false ? -1 : 0,
    columnShift: args.columnsStartAt1 === false ? -1 : 0,
    types: args.supportsVariableType === true,
    paging: args.supportsVariablePaging === true,
    memory: args.supportsMemoryReferences === true,
    progress: args.supportsProgressReporting === true,
    memoryEvents: args.supportsMemoryEvent === true,
    invalidation: args.supportsInvalidatedEvent === true,
  };
}
