/** Scopes and variables as the protocol has them. */
import type { DebugProtocol } from "@vscode/debugprotocol";
import type { Client } from "./client.js";
import type { Context } from "./context.js";
import { memoryReference } from "./memory.js";
import { findPlace } from "./data/find-place.js";
import { ExpressionError } from "./expression/syntax.js";
import { type Format, type Member, type Value, hasChildren, isPointer } from "./present/value.js";
import { SCOPES, scopeRoot } from "./scope-roots.js";
import { itemAt, memberExpression, type Placed } from "./variable-store.js";
import type { Handlers } from "./wire.js";

/** How many entries a client is given that cannot ask for a part of them. */
const MOST_WITHOUT_PAGING = 1000;

/** How the client may ask for the children. */
export function childCounts(value: Value): { namedVariables?: number; indexedVariables?: number } {
  const indexed = value.items?.count ?? 0;
  if (indexed === 0) return {};
  const named = value.members?.().length ?? 0;
  return { indexedVariables: indexed, ...(named > 0 ? { namedVariables: named } : {}) };
}

/** What the client is told of a value beside its text, as far as it can use it. */
export function facts(
  client: Client,
  value: Value,
): { type?: string; memoryReference?: string } & ReturnType<typeof childCounts> {
  return {
    ...childCounts(value),
    ...(client.types && value.type !== "" ? { type: value.type } : {}),
    ...(client.memory && value.address !== undefined
      ? { memoryReference: memoryReference(value.address) }
      : {}),
  };
}

/** The client's wish for a format. */
export function formatOf(format: DebugProtocol.ValueFormat | undefined): Format {
  return { hex: format?.hex === true };
}

/** `scopes` and `variables`. */
export function variableRequests(context: Context): Handlers {
  return {
    scopes: (args: DebugProtocol.ScopesArguments) => {
      const { stop, variables } = context;
      const sight = stop.sight(args.frameId);
      const scopes = SCOPES.map((name): DebugProtocol.Scope => {
        const placed = scopeRoot(sight, name);
        const handle = variables.root(stop.scopeKey(args.frameId, name), placed);
        return {
          name,
          variablesReference: handle,
          expensive: false,
          ...childCounts(placed.value),
          ...(name === "Locals" ? { presentationHint: "locals" as const } : {}),
        };
      });
      return { body: { scopes } };
    },
    variables: (args: DebugProtocol.VariablesArguments) => {
      const parent = context.variables.get(args.variablesReference);
      const rows = new Rows(context, args.variablesReference, parent, formatOf(args.format));
      const variables = [
        ...(args.filter === "indexed" ? [] : rows.named()),
        ...(args.filter === "named" ? [] : rows.indexed(args.start, args.count)),
      ];
      return { body: { variables } };
    },
  };
}

/** Whether an expression's children lie somewhere in the machine. */
function hasPlace(context: Context, { value, expression }: Placed): boolean {
  if (expression === "") return false;
  return value.address !== undefined || liesSomewhere(context, expression);
}

/** Whether what an expression gives can be set: it is one value, and lies somewhere. */
export function isSettable(
  context: Context,
  { value, expression }: Placed,
  frameId?: number,
): boolean {
  return isScalar(value) && liesSomewhere(context, expression, frameId);
}

function liesSomewhere({ stop }: Context, expression: string, frameId?: number): boolean {
  try {
    return findPlace(expression, stop.names(frameId)) !== null;
  } catch (error) {
    if (error instanceof ExpressionError) return false;
    throw error;
  }
}

/** Whether it is one value, and not a structure or an array of several. */
function isScalar(value: Value): boolean {
  return isPointer(value) || (!hasChildren(value) && value.raw !== undefined);
}

class Rows {
  private parentHasPlace: boolean | null = null;

  constructor(
    private readonly context: Context,
    private readonly handle: number,
    private readonly parent: Placed,
    private readonly format: Format,
  ) {}

  named(): DebugProtocol.Variable[] {
    const members = this.parent.value.members?.() ?? [];
    return members.map((member) => {
      const expression = memberExpression(this.parent, member);
      const placed = { value: member.value, expression };
      const isDerived = member.derived === true;
      return this.row(member.name, placed, kindOf(member, this.parent), !isDerived);
    });
  }

  indexed(start = 0, count = 0): DebugProtocol.Variable[] {
    const total = this.parent.value.items?.count ?? 0;
    const wanted = count > 0 ? count : total - start;
    const most = this.context.client.paging || count > 0 ? wanted : MOST_WITHOUT_PAGING;
    const end = Math.min(total, start + Math.min(wanted, most));
    const rows: DebugProtocol.Variable[] = [];
    for (let index = start; index < end; index++) {
      rows.push(this.row(`[${index}]`, itemAt(this.parent, index), "data", true));
    }
    if (end < Math.min(total, start + wanted)) rows.push(more(total - end));
    return rows;
  }

  /** Whether the children lie somewhere, so that they can be set. */
  private get hasPlace(): boolean {
    this.parentHasPlace ??= hasPlace(this.context, this.parent);
    return this.parentHasPlace;
  }

  private row(
    name: string,
    placed: Placed,
    kind: string,
    isField: boolean,
  ): DebugProtocol.Variable {
    const { value, expression } = placed;
    const { client, variables } = this.context;
    const isWritable = isField && isScalar(value) && this.hasPlace;
    return {
      name,
      value: value.text(this.format),
      variablesReference: hasChildren(value) ? variables.child(this.handle, name, placed) : 0,
      evaluateName: expression,
      presentationHint: isWritable ? { kind } : { kind, attributes: ["readOnly"] },
      ...facts(client, value),
    };
  }
}

function kindOf(member: Member, parent: Placed): string {
  if (member.derived === true) return "virtual";
  return parent.expression === "" ? "data" : "property";
}

function more(count: number): DebugProtocol.Variable {
  return {
    name: "…",
    value: `${count} more; each can be had by its index`,
    variablesReference: 0,
    presentationHint: { kind: "virtual", attributes: ["readOnly"] },
  };
}
