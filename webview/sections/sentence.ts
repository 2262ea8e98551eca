import { html, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { Changes, Sentence, TextPart } from "../../src/panel/messages.js";
import { count } from "../numbers.js";
import { Section } from "../section.js";

const TONES = { plain: nothing, warning: "Warning", bug: "Bug" } as const;

/** What the step does, and what has changed since the last stop. */
@customElement("gw-sentence")
export class SentenceSection extends Section {
  @property({ attribute: false }) sentence!: Sentence;
  @property({ attribute: false }) changes!: Changes;

  override render(): TemplateResult {
    const { sentence } = this;
    const tone = TONES[sentence.tone];
    return html`<div class="say say-${sentence.tone}">
      <p class="words" aria-live="polite" aria-atomic="true">
        <span class="fn">${sentence.function}</span>
        ${tone === nothing ? nothing : html`<strong class="tone">${tone}:</strong> `}${sentence.parts.map(
          (part, at) => this.word(part, at === 0),
        )}
      </p>
      ${this.changed()}
    </div>`;
  }

  private word(part: TextPart, first: boolean): TemplateResult | string {
    switch (part.kind) {
      case "text":
        return part.text;
      case "strong":
        return html`<strong>${part.text}</strong>`;
      case "code":
        return html`<code>${part.text}</code>`;
      case "gref":
        return html`<button
          class="word gref"
          data-k="gref:${part.gref}"
          @click=${() => {
            this.store.goTo({ kind: "gref", gref: part.gref });
          }}
        >
          ${first ? "Gref" : "gref"} ${part.gref}
        </button>`;
      case "grant":
        return html`<button
          class="word"
          data-k="grant:${part.index}"
          @click=${() => {
            this.store.goTo({ kind: "grant", index: part.index });
          }}
        >
          ${first ? "Grant" : "grant"} ${count(part.index)}
        </button>`;
      case "slot":
        return html`<button
          class="word"
          data-k="slot:${part.slot}"
          @click=${() => {
            this.store.goTo({ kind: "slot", slot: part.slot });
          }}
        >
          slot ${part.slot}
        </button>`;
    }
  }

  private changed(): TemplateResult {
    const { since, items, more } = this.changes;
    if (since === null) return html`<p class="changes none">First stop of this session</p>`;
    if (items.length === 0) {
      return html`<p class="changes none">
        Nothing shown here has changed since step ${count(since)}
      </p>`;
    }
    return html`<p class="changes" aria-label="Changed since step ${count(since)}">
      <span class="since">Since step ${count(since)}</span>
      ${items.map(
        ({ name, before, after, key }) =>
          html`<span class="change" data-k=${key ?? nothing}
            ><span class="name">${name}</span> ${
              before === ""
                ? nothing
                : html`<span class="before">${before}</span
                    ><span class="to" aria-label="becomes"> → </span>`
            }<span class="after">${after}</span></span
          >`,
      )}
      ${more > 0 ? html`<span class="more">and ${count(more)} more</span>` : nothing}
    </p>`;
  }
}
