/** The requests that set breakpoints. */
import type { DebugProtocol } from "@vscode/debugprotocol";
import { statements } from "stepped:statements";
import type { Client } from "../client.js";
import type { Context } from "../context.js";
import type { StatementInfo } from "../../replay/statements.js";
import type { Handlers } from "../wire.js";
import { MOST_WATCHED, atChanges } from "../data/changes.js";
import { placeOf } from "../data/place.js";
import {
  type Breakpoint,
  type Refused,
  atStatement,
  isRefused,
  makeBreakpoint,
} from "./breakpoint.js";
import { HAPPENINGS, atHappening } from "./filters.js";
import { type Place, functionEntry, snap, within } from "./locations.js";

/** The group of the breakpoints on functions; no file has such a name. */
const FUNCTIONS = "(functions)";

/** The group of the breakpoints on data. */
const DATA = "(data)";
/** The group of the breakpoints on what the driver goes through. */
const HAPPENING_GROUP = "(filters)";

/** The exception filter: the ways in which the kernel stops. */
export const BUG_FILTER = "bug";
/** The exception filter: an invariant of the driver that broke. */
export const INVARIANT_FILTER = "invariant";

export function breakpointRequests(context: Context): Handlers {
  return {
    setBreakpoints: (args: DebugProtocol.SetBreakpointsArguments) => {
      const set = setInSource(context, args);
      return { body: { breakpoints: set.map((one) => told(context, one)) } };
    },
    setFunctionBreakpoints: (args: DebugProtocol.SetFunctionBreakpointsArguments) => {
      const set = args.breakpoints.map((asked) => setOnFunction(context, asked));
      context.breakpoints.replace(FUNCTIONS, set);
      return { body: { breakpoints: set.map((one) => told(context, one)) } };
    },
    setExceptionBreakpoints: (args: DebugProtocol.SetExceptionBreakpointsArguments) => {
      const wanted = [
        ...(args.filters ?? []).map((filterId) => ({ filterId })),
        ...(args.filterOptions ?? []),
      ];
      const chosen = wanted.map(({ filterId }) => filterId);
      context.breakpoints.stopsAtBug = chosen.includes(BUG_FILTER);
      context.breakpoints.stopsAtBroken = chosen.includes(INVARIANT_FILTER);
      const set = wanted.map((option) => setOnFilter(context, option));
      context.breakpoints.replace(
        HAPPENING_GROUP,
        set.filter((one): one is Breakpoint => one !== null && !isRefused(one)),
      );
      return {
        body: {
          breakpoints: set.map((one) => (one === null ? { verified: true } : told(context, one))),
        },
      };
    },
    setDataBreakpoints: async (
      args: DebugProtocol.SetDataBreakpointsArguments,
      signal: AbortSignal,
    ) => {
      const set = args.breakpoints.map((asked) => setOnData(context, asked));
      context.breakpoints.replace(DATA, set);
      // Breakpoints are set before the launch, too; then the first movement looks where they stand.
      if (context.isWalking) await context.breakpoints.prepare(context.walk.recording, signal);
      return { body: { breakpoints: set.map((one) => told(context, one)) } };
    },
    breakpointLocations: (args: DebugProtocol.BreakpointLocationsArguments) => {
      const file = context.sources.find(args.source);
      const found =
        file === undefined
          ? []
          : within(context.sources.statements(file), ...range(context.client, args));
      return {
        body: { breakpoints: found.map((statement) => location(context.client, statement)) },
      };
    },
  };
}

function setInSource(
  context: Context,
  args: DebugProtocol.SetBreakpointsArguments,
): (Breakpoint | Refused)[] {
  const file = context.sources.find(args.source);
  const group = file ?? `(other) ${args.source.path ?? args.source.name ?? ""}`;
  // A client from before `breakpoints` sends lines only.
  const asked: readonly DebugProtocol.SourceBreakpoint[] =
    args.breakpoints ?? (args.lines ?? []).map((line) => ({ line }));
  const set = asked.map((one): Breakpoint | Refused => {
    const id = context.breakpoints.idOf(group, `${one.line}:${one.column ?? ""}`);
    if (file === undefined) return { id, message: "This file is no source of the model." };
    const statement = snap(context.sources.statements(file), toPlace(context.client, one));
    return statement === undefined
      ? { id, message: "No statement begins on this line or after it." }
      : makeBreakpoint(id, atStatement(statement), one);
  });
  context.breakpoints.replace(group, set);
  return set;
}

function setOnFunction(
  context: Context,
  asked: DebugProtocol.FunctionBreakpoint,
): Breakpoint | Refused {
  const name = asked.name.trim().replace(/\(\)$/, "");
  const id = context.breakpoints.idOf(FUNCTIONS, name);
  const statement = functionEntry(statements, name);
  return statement === undefined
    ? { id, message: `The model has no function ${name}.` }
    : makeBreakpoint(id, atStatement(statement, "function breakpoint"), asked);
}

function setOnData(context: Context, asked: DebugProtocol.DataBreakpoint): Breakpoint | Refused {
  const id = context.breakpoints.idOf(DATA, asked.dataId);
  const place = placeOf(asked.dataId);
  if (place === null) return { id, message: "This names nothing in the machine." };
  if ((place.bytes?.size ?? 0) > MOST_WATCHED) {
    return { id, message: `1 to ${MOST_WATCHED} bytes can be watched.` };
  }
  if (asked.accessType !== undefined && asked.accessType !== "write") {
    return { id, message: "Only writes can be stopped at." };
  }
  return makeBreakpoint(id, atChanges(place), asked);
}

/** @returns null for a filter that is no breakpoint of its own */
function setOnFilter(
  context: Context,
  { filterId, condition }: DebugProtocol.ExceptionFilterOptions,
): Breakpoint | Refused | null {
  if (filterId === BUG_FILTER || filterId === INVARIANT_FILTER) return null;
  const id = context.breakpoints.idOf(HAPPENING_GROUP, filterId);
  const what = HAPPENINGS.find(({ filter }) => filter === filterId);
  if (what === undefined) return { id, message: `There is no filter '${filterId}'.` };
  return makeBreakpoint(id, atHappening(what), condition === undefined ? {} : { condition });
}

function told(context: Context, set: Breakpoint | Refused): DebugProtocol.Breakpoint {
  if (isRefused(set)) {
    return { id: set.id, verified: false, message: set.message, reason: "failed" };
  }
  const { id, statement } = set;
  if (statement === null) return { id, verified: true };
  return {
    id,
    verified: true,
    source: context.sources.of(statement.function.file),
    ...location(context.client, statement),
  };
}

function location(client: Client, statement: StatementInfo): DebugProtocol.BreakpointLocation {
  return {
    line: statement.line + client.lineShift,
    column: statement.column + client.columnShift,
    endLine: statement.endLine + client.lineShift,
    endColumn: statement.endColumn + client.columnShift,
  };
}

function toPlace(client: Client, place: { line: number; column?: number }): Place {
  return {
    line: place.line - client.lineShift,
    column: place.column === undefined ? undefined : place.column - client.columnShift,
  };
}

function range(client: Client, args: DebugProtocol.BreakpointLocationsArguments): [Place, Place] {
  const from = toPlace(client, args);
  const endLine = args.endLine === undefined ? from.line : args.endLine - client.lineShift;
  const column = args.endColumn === undefined ? undefined : args.endColumn - client.columnShift;
  return [from, { line: endLine, column }];
}
