import { html, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { CopyEnd, CopyView } from "../../src/panel/messages.js";
import { amount, byte, count, hex } from "../numbers.js";
import { cssVariables, Section } from "../section.js";

const LINE = 16;
const LINES = 2;
const STATES = {
  "to come": "will be copied",
  next: "is copied by this step",
  done: "copied",
} as const;

/** The bytes that are being copied, both ends, and what they overwrite. */
@customElement("gw-copy")
export class Copy extends Section {
  @property({ attribute: false }) copy: CopyView | null = null;
  @property({ attribute: false }) why = "";
  @property({ attribute: false }) pageSize = 4096;

  override render(): TemplateResult {
    const { copy } = this;
    if (copy === null) {
      return html`<section aria-labelledby="h-copy">
        <h2 id="h-copy">Copy</h2>
        <p class="empty">${this.why}</p>
      </section>`;
    }
    const way = copy.way === "in" ? "caller’s page → granted page" : "granted page → caller’s page";
    return html`<section class="copy" aria-labelledby="h-copy">
      <h2 id="h-copy">
        ${copy.way === "in" ? "Copy" : "Copy-back"}
        <small
          >${way}, ${count(copy.length)} B of grant ${count(copy.grant)} ·
          ${STATES[copy.state]}</small
        >
      </h2>
      ${this.bar(copy, copy.source, "src")}
      <p class="arrow">↓ <code>memcpy</code> ${this.changes(copy)}</p>
      ${this.bar(copy, copy.target, "dst")}
      <div class="hexes" role="table" aria-label="First bytes of the copy">
        ${Array.from(
          { length: Math.min(LINES, Math.ceil(copy.sourceBytes.length / LINE)) },
          (_, line) => this.lines(copy, line * LINE),
        )}
      </div>
    </section>`;
  }

  private changes(copy: CopyView): TemplateResult {
    if (copy.changes === null) return html`<span class="note">…</span>`;
    const verb =
      copy.state === "done" ? "differ from what was there" : "will differ from what is there";
    return html`<span class="note">${amount(copy.changes, "byte")} ${verb}</span>`;
  }

  /** A whole Linux page, and where in it the bytes lie. */
  private bar(copy: CopyView, end: CopyEnd, which: string): TemplateResult {
    const scale = 100 / this.pageSize;
    const place = end.offset === 0 ? "" : ` + ${hex(end.offset)}`;
    const keys =
      end.gref === null
        ? `grant:${copy.grant}`
        : `gref:${end.gref} page:${end.page} grant:${copy.grant}`;
    return html`<div class="run" data-k=${keys} data-tip data-end=${which}>
      <span class="place"
        >page
        ${hex(end.page)}${place}${end.gref === null ? nothing : html` · <b class="gref">gref ${end.gref}</b>`}</span
      >
      <span class="runbar ${which}">
        <i
          ${cssVariables({ "--at": `${end.offset * scale}%`, "--length": `${Math.max(0.8, copy.length * scale)}%` })}
        ></i>
      </span>
    </div>`;
  }

  private lines(copy: CopyView, from: number): TemplateResult {
    const { before, sourceBytes, targetBytes, state } = copy;
    const now = state === "done" ? targetBytes : sourceBytes;
    const address = (copy.from + from).toString(16).padStart(3, "0");
    const cells = (bytes: Uint8Array | null, mark: boolean): TemplateResult[] =>
      Array.from({ length: Math.min(LINE, now.length - from) }, (_, at) => {
        const value = bytes?.[from + at];
        const changed = mark && before !== null && before[from + at] !== now[from + at];
        return html`<span class=${changed ? "chg" : ""}
          >${value === undefined ? "··" : byte(value)}</span
        >`;
      });
    return html`<div class="hex" role="row">
        <span class="addr" role="cell">${address}</span>
        <span class="bytes" role="cell">${cells(now, true)}</span>
      </div>
      <div class="hex was" role="row">
        <span class="addr" role="cell">${state === "done" ? "was" : "is"}</span>
        <span class="bytes" role="cell">${cells(before, false)}</span>
      </div>`;
  }

  override tip(target: HTMLElement): TemplateResult | null {
    const { copy } = this;
    if (copy === null) return null;
    const end = target.dataset["end"] === "src" ? copy.source : copy.target;
    return html`<b>${target.dataset["end"] === "src" ? "From" : "To"}</b>
      <dl>
        <dt>address</dt>
        <dd>${hex(end.address)} to ${hex(end.address + copy.length - 1)}</dd>
        <dt>page</dt>
        <dd>Linux page ${hex(end.page)} · ${count(end.page)}</dd>
        <dt>offset</dt>
        <dd>${count(end.offset)} · ${hex(end.offset)}</dd>
        <dt>length</dt>
        <dd>${count(copy.length)} · ${hex(copy.length)}</dd>
      </dl>`;
  }
}
