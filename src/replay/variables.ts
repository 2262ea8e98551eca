import type { CapturedFrame } from "./probe.js";

/**
 * The variables of a captured frame that have been set, outer blocks first. An inner variable takes the
 * place of an outer one of the same name.
 */
export function variablesOf({ statement, scopes }: CapturedFrame): Map<string, unknown> {
  const variables = new Map<string, unknown>();
  for (const scope of scopes.toReversed()) {
    for (let i = 0; i < scope.length; i += 3) {
      // Statements are numbered in the order of the source, so a later one has not run in this scope.
      if (statement > (scope[i + 1] as number)) {
        variables.set(scope[i] as string, scope[i + 2]);
      }
    }
  }
  return variables;
}
