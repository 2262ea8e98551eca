/** Scopes and variables as the protocol has them. */
import type { DebugProtocol } from "@vscode/debugprotocol";
import type { Context } from "./context.js";
import { memoryReference } from "./memory.js";
import { type Format, type Member, type Value, hasChildren } from "./present/value.js";
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

class Rows {
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
      return this.row(
        member.name,
        { value: member.value, expression },
        kindOf(member, this.parent),
      );
    });
  }

  indexed(start = 0, count = 0): DebugProtocol.Variable[] {
    const total = this.parent.value.items?.count ?? 0;
    const wanted = count > 0 ? count : total - start;
    const most = this.context.client.paging || count > 0 ? wanted : MOST_WITHOUT_PAGING;
    const end = Math.min(total, start + Math.min(wanted, most));
    const rows: DebugProtocol.Variable[] = [];
    for (let index = start; index < end; index++) {
      rows.push(this.row(`[${index}]`, itemAt(this.parent, index), "data"));
    }
    if (end < Math.min(total, start + wanted)) rows.push(more(total - end));
    return rows;
  }

  private row(name: string, placed: Placed, kind: string): DebugProtocol.Variable {
    const { value, expression } = placed;
    const { client, variables } = this.context;
    return {
      name,
      value: value.text(this.format),
      variablesReference: hasChildren(value) ? variables.child(this.handle, name, placed) : 0,
      evaluateName: expression,
      presentationHint: { kind, attributes: ["readOnly"] },
      ...childCounts(value),
      ...(client.types && value.type !== "" ? { type: value.type } : {}),
      ...(client.memory && value.address !== undefined
        ? { memoryReference: memoryReference(value.address) }
        : {}),
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
