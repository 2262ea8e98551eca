/**
 * Follows the list of free shadow ids: the id of the last answer is taken next. Only grants show an
 * id, so that of a flush or discard stays open until the list's discipline tells.
 */

import type { CapturedRequest } from "./requests.js";

/** An id that may become known later. */
interface ShadowId {
  value: number | null;
}

export class ShadowIds {
  /** Line where an id is not the one that the events before it leave; answers are missing there. */
  mismatch: number | null = null;
  private readonly taken: ShadowId[] = [];
  private readonly free: ShadowId[] = [];
  private readonly held = new Map<CapturedRequest, ShadowId>();

  take(request: CapturedRequest): void {
    const seen = request.grants[0]?.event.id ?? null;
    let id = this.free.pop();
    if (id && seen !== null && id.value !== null && id.value !== seen) {
      this.mismatch ??= request.line;
      this.free.length = 0;
      id = { value: seen };
    }
    if (!id) {
      id = { value: seen };
      if (this.mismatch === null) this.taken.push(id);
    }
    id.value ??= seen;
    this.held.set(request, id);
  }

  /** The request is answered. */
  release(request: CapturedRequest): void {
    const id = this.held.get(request);
    if (id) this.free.push(id);
  }

  /** The request's id; null when nothing tells. */
  idOf(request: CapturedRequest): number | null {
    return this.held.get(request)?.value ?? null;
  }

  /** Ids in the order in which they were first taken; those that nothing tells are the lowest free. */
  initial(entries: number): number[] {
    const used = new Set(this.taken.map(({ value }) => value).filter((value) => value !== null));
    let lowest = 0;
    for (const id of this.taken) {
      if (id.value !== null) continue;
      while (used.has(lowest)) lowest++;
      id.value = lowest;
      used.add(lowest);
    }
    return [...new Set(this.taken.map(({ value }) => value ?? 0))].filter((id) => id < entries);
  }
}
