// Waiting for what VS Code does in its own time.
import type * as vscode from "vscode";

/** Longer than anything takes on a loaded machine, and shorter than a test may take. */
const PATIENCE = 25_000;

/** Between two looks at what no event tells of. */
const LOOK = 50;

type Found<T> = T | undefined | null | false;

/**
 * Waits until `look` finds something, and gives it.
 *
 * @param what says in the failure what was waited for; a function is asked at the very end
 */
export async function until<T>(
  what: string | (() => string),
  look: () => Found<T> | Promise<Found<T>>,
): Promise<T> {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== null && found !== false) return found;
    if (Date.now() > end) {
      throw new Error(`In vain waited for ${typeof what === "string" ? what : what()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK));
  }
}

/** Resolves with the next event that is accepted. Begin to wait before you cause it. */
export function nextEvent<T>(
  what: string,
  event: vscode.Event<T>,
  accept: (value: T) => boolean = () => true,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      subscription.dispose();
      reject(new Error(`In vain waited for ${what}`));
    }, PATIENCE);
    const subscription = event((value) => {
      if (!accept(value)) return;
      clearTimeout(timer);
      subscription.dispose();
      resolve(value);
    });
  });
}
