/** What a test looks at when the walk stands. */
import assert from "node:assert/strict";
import type { DebugProtocol } from "@vscode/debugprotocol";
import type { TestClient } from "./client.js";

export type Variable = DebugProtocol.Variable;

export async function scopes(client: TestClient, threadId = 1): Promise<DebugProtocol.Scope[]> {
  const stack = await client.stackTraceRequest({ threadId });
  const frameId = stack.body.stackFrames[0]?.id ?? 0;
  return (await client.scopesRequest({ frameId })).body.scopes;
}

export async function children(
  client: TestClient,
  parent: { variablesReference: number },
  args: Partial<DebugProtocol.VariablesArguments> = {},
): Promise<Variable[]> {
  const { variablesReference } = parent;
  return (await client.variablesRequest({ variablesReference, ...args })).body.variables;
}

/** Follows names down from a scope. */
export async function find(
  client: TestClient,
  scope: string,
  ...names: string[]
): Promise<Variable> {
  const root = (await scopes(client)).find(({ name }) => name === scope);
  let found = root as unknown as Variable;
  for (const name of names) {
    const next = (await children(client, found)).find((child) => child.name === name);
    assert.ok(next, `${name} in ${scope}`);
    found = next;
  }
  return found;
}

export async function next(client: TestClient, what = "grant"): Promise<void> {
  await client.move(() => client.customRequest("grantwalk/next", { what }));
}
