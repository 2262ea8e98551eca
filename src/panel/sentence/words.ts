/** What a rule has at hand to make its sentence from. */
import type { blkfront_info, grant } from "../../core/blkfront/patch-v2/blkfront-info.js";
import { gnttab_query_foreign_access } from "../../core/xen/grant-table.js";
import type { request } from "../../core/linux/request.js";
import { amount, count } from "../format.js";
import { trackOf } from "../request-index.js";
import { numbersOf, requestKey, roleName } from "../request-track.js";
import { anyVariable } from "../recording.js";
import type { Scene } from "../scene.js";
import { operationOf } from "../sections/request.js";
import type { TextPart } from "../state.js";

/** Thrown where a variable is not in scope; the general sentence takes over. */
export class NotInScope extends Error {}

export class Words {
  readonly text: string;

  constructor(readonly scene: Scene) {
    this.text = scene.moment.statement.text;
  }

  get info(): blkfront_info {
    return this.scene.machine.info;
  }

  /** Xen pages in a Linux page. */
  get perPage(): number {
    return this.scene.machine.kernel.PAGE_SIZE / 4096;
  }

  /** A variable of this function, or of one that called it. */
  value<T>(name: string): T {
    const value = anyVariable(this.scene.moment.stack, name);
    if (value === undefined) throw new NotInScope(name);
    return value as T;
  }

  /** Whether a variable is in scope and set; sometimes it tells which of two equal statements this is. */
  has(name: string): boolean {
    return anyVariable(this.scene.moment.stack, name) !== undefined;
  }

  /** A variable of this function alone, which may hold nothing. */
  local(name: string): unknown {
    return this.scene.moment.stack[0]?.variables.get(name);
  }

  /** Whether the scenario lets a call of the kernel's fail, the next time. */
  failing(call: string): boolean {
    return this.scene.machine.kernel.failing.some((known) => known === call);
  }

  number(name: string): number {
    const value = this.value<unknown>(name);
    if (typeof value !== "number") throw new NotInScope(name);
    return value;
  }

  /** The entry at the head of the free list, or null when the list is empty. */
  firstFree(): grant | null {
    const { grants } = this.info;
    return grants.next === grants ? null : grants.next.entry;
  }

  /** Whether the back end has the reference mapped now. */
  mapped(gref: number): boolean {
    return gref !== 0 && gnttab_query_foreign_access(this.scene.machine.kernel, gref) !== 0;
  }

  /** What a person calls a request. */
  name(req: request): string {
    const { index, step } = this.scene;
    const track = trackOf(index, requestKey(req), step);
    return track === undefined ? numbersOf(req).join(" + ") : roleName(track.role);
  }

  /** The slot that is being written. */
  get slot(): number {
    return (this.info.ring.req_prod_pvt & (this.info.ring.nr_ents - 1)) >>> 0;
  }
}

export type { TextPart };

/** A request in a few words: what it does, to how many bytes, and where. */
export function described(req: request): TextPart[] {
  const op = operationOf(req);
  return req.__data_len === 0
    ? say`${op} without data`
    : say`${op} of ${amount(req.__data_len, "byte")} at sector ${req.__sector}`;
}

/** A sector, which is all ones in a request that is about none. */
export function sectorText(sector: number): TextPart[] {
  return sector < 0 || sector > Number.MAX_SAFE_INTEGER
    ? say`no sector (all ones)`
    : say`sector ${sector}`;
}

export type Spoken = string | number | TextPart | readonly TextPart[];

/** Makes the parts of a sentence; numbers get their separators. */
export function say(strings: TemplateStringsArray, ...values: readonly Spoken[]): TextPart[] {
  const parts: TextPart[] = [];
  strings.forEach((string, at) => {
    append(parts, string);
    const value = values[at];
    if (value === undefined) return;
    if (typeof value === "number") append(parts, count(value));
    else if (typeof value === "string" || "kind" in value) append(parts, value);
    else for (const part of value) append(parts, part);
  });
  return parts;
}

/** Appends a part, or text; text that follows text becomes one with it. */
function append(parts: TextPart[], part: string | TextPart): void {
  const text = typeof part === "string" ? part : part.kind === "text" ? part.text : null;
  const last = parts.at(-1);
  if (text === "") return;
  if (text !== null && last?.kind === "text") last.text += text;
  else parts.push(typeof part === "string" ? { kind: "text", text: part } : { ...part });
}

export const gref = (value: number): TextPart => ({ kind: "gref", gref: value });
export const grantNo = (index: number): TextPart => ({ kind: "grant", index });
export const slotNo = (slot: number): TextPart => ({ kind: "slot", slot });
export const code = (text: string): TextPart => ({ kind: "code", text });
export const strong = (text: string): TextPart => ({ kind: "strong", text });

export interface Rule {
  /** The statement's text; the first rule that fits speaks. */
  readonly when: RegExp;
  readonly say: (words: Words) => TextPart[] | null;
  readonly tone?: (words: Words) => "plain" | "warning" | "bug";
}

/** The rules of each function. */
export type Area = Readonly<Record<string, readonly Rule[]>>;

/** A rule, for the tables. */
export function on(
  when: RegExp,
  speak: (words: Words) => TextPart[] | null,
  tone?: (words: Words) => "plain" | "warning" | "bug",
): Rule {
  return tone === undefined ? { when, say: speak } : { when, say: speak, tone };
}
