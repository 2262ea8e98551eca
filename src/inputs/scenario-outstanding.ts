/** Follows which requests are outstanding, so that answers can be checked. */

import type { JSONPath } from "jsonc-parser";
import type { RequestSettings, ResponseSettings } from "../core/scenario.js";
import { sayPath, type ScenarioSource } from "./scenario-source.js";

export class Outstanding {
  private readonly submittedAt = new Map<number, string>();
  private readonly answeredAt = new Map<number, string>();
  /** In the order of submission. */
  private waiting = new Set<number>();
  /** Answered, but no interrupt has told the guest yet. */
  private readonly unseen = new Set<number>();

  constructor(private readonly source: ScenarioSource) {}

  submit(request: RequestSettings, path: JSONPath, written: boolean): void {
    const before = this.submittedAt.get(request.id);
    if (before !== undefined) {
      const own = written ? "" : " (the number that a request without an id gets)";
      const text = `The id ${request.id}${own} already belongs to ${before}: give each request its own.`;
      this.source.error("duplicate-id", written ? [...path, "id"] : path, text);
      return;
    }
    this.submittedAt.set(request.id, sayPath(path));
    this.waiting.add(request.id);
  }

  /** @param deliberately the answer says how often it comes, so a second one is no slip */
  answer(id: number, path: JSONPath, deliberately = false): void {
    const before = this.answeredAt.get(id);
    if (before !== undefined && !deliberately) {
      const text = `Request ${id} is already answered at ${before}: a request is answered once. Where a faulty back end is meant, write { "id": ${id}, "times": 1 }.`;
      this.source.error("double-completion", path, text);
    } else if (this.known(id, path)) {
      this.answeredAt.set(id, before ?? sayPath(path));
      this.waiting.delete(id);
      this.unseen.add(id);
    }
  }

  /** Answers everything outstanding, in order of submission. */
  answerAll(path: JSONPath): ResponseSettings[] {
    const all = [...this.waiting].map((id): ResponseSettings => ({ id, status: "okay" }));
    if (all.length === 0) {
      const text = "Nothing is outstanding here, so there is nothing to complete.";
      this.source.warning("nothing-outstanding", path, text);
    }
    for (const { id } of all) this.answer(id, path);
    return all;
  }

  /** Something is done to a request that the guest has sent. */
  touch(id: number, path: JSONPath): void {
    const before = this.answeredAt.get(id);
    if (before !== undefined) {
      const text = `Request ${id} is already answered at ${before}: its slot and its frames are no longer the request's.`;
      this.source.warning("answered-request", path, text);
    } else {
      this.known(id, path);
    }
  }

  /** An interrupt: the guest sees what was answered. */
  interrupt(): void {
    this.unseen.clear();
  }

  /** The guest sends again what it has seen no answer to. */
  resume(): void {
    this.answeredAt.clear();
    const sent = [...this.submittedAt.keys()];
    this.waiting = new Set(sent.filter((id) => this.waiting.has(id) || this.unseen.has(id)));
    this.unseen.clear();
  }

  private known(id: number, path: JSONPath): boolean {
    if (this.submittedAt.has(id)) return true;
    const names = [...this.waiting].slice(0, 8).join(", ");
    const hint = names === "" ? "Nothing is outstanding here." : `Outstanding here: ${names}.`;
    const text = `No request with the id ${id} is submitted before this step. ${hint}`;
    this.source.error("unknown-request", path, text);
    return false;
  }
}
