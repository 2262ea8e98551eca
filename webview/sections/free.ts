import "@lit-labs/virtualizer";
import type { RangeChangedEvent } from "@lit-labs/virtualizer/events.js";
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { FreeGrants, FreeItem } from "../../src/panel/messages.js";
import { TightGrid } from "../interaction/tight-layouts.js";
import { amount, count, hex } from "../numbers.js";
import { Section } from "../section.js";

/** Up to so many items, all are in the page. */
const FEW = 96;

const LAYOUT = {
  type: TightGrid,
  itemSize: { width: "72px", height: "24px" },
  gap: "4px",
  padding: "0",
  justify: "start",
};

/** The driver's free list, head first, and what is left in the grant table. */
@customElement("gw-free")
export class Free extends Section {
  @property({ attribute: false }) free: FreeGrants | null = null;
  private indexes: number[] = [];

  override render(): TemplateResult {
    const { free } = this;
    if (free === null) return html``;
    return html`<section aria-labelledby="h-free">
      <h2 id="h-free">Free grants <small>${this.summary(free)}</small></h2>
      ${
        free.corrupt === null
          ? nothing
          : html`<p class="corrupt" role="alert">
              <strong>The list is corrupt.</strong> ${free.corrupt}
            </p>`
      }
      ${this.list(free)}
    </section>`;
  }

  private summary(free: FreeGrants): TemplateResult {
    const without = free.total - free.live;
    const counted =
      free.persistentCount === free.live
        ? nothing
        : html` ·
            <strong class="differs"
              ><code>persistent_gnts_c</code> says ${count(free.persistentCount)}</strong
            >`;
    const rest =
      without > 0
        ? `, ${count(without)} without a reference behind ${free.live === 1 ? "it" : "them"}`
        : "";
    const live =
      free.live === 0
        ? `${amount(free.total, "entry", "entries")}, none with a reference`
        : `${count(free.live)} live at the head${rest}`;
    return html`${live}${counted}<span class="table-refs">
        · grant table: ${count(free.tableFree)} of ${count(free.tableSize)} references
        free${
          free.tableNext === null
            ? nothing
            : html`, next
                <span class="gref" data-k="gref:${free.tableNext}">${free.tableNext}</span>`
        }</span
      >`;
  }

  private list(free: FreeGrants): TemplateResult {
    const { total } = free.items;
    if (total === 0) return html`<p class="empty">The list is empty.</p>`;
    if (total <= FEW) {
      return html`<div class="chips" role="group" aria-label="Free list, head first" data-roving>
        ${free.items.items.map((item, at) => this.item(item, at))}
      </div>`;
    }
    if (this.indexes.length !== total)
      this.indexes = Array.from({ length: total }, (_, index) => index);
    return html`<lit-virtualizer
      scroller
      class="chips long"
      role="group"
      aria-label="Free list, head first"
      data-roving
      .items=${this.indexes}
      .layout=${LAYOUT}
      .renderItem=${(index: number) => this.item(free.items.items[index - free.items.from], index)}
      @rangeChanged=${(event: RangeChangedEvent) => {
        this.wanted(free, event.first, event.last + 1);
      }}
    ></lit-virtualizer>`;
  }

  private wanted({ items }: FreeGrants, from: number, to: number): void {
    if (from >= items.from && to <= items.from + items.items.length) return;
    this.store.range("free", Math.max(0, from - 128), 512);
  }

  private item(item: FreeItem | undefined, at: number): TemplateResult {
    if (item === undefined) return html`<span class="chip todo">…</span>`;
    if ("without" in item) {
      return html`<span class="chip without" data-item data-tip data-at=${at} tabindex="-1"
        >${count(item.without)} × <span class="long">no gref</span
        ><span class="short">–</span></span
      >`;
    }
    return html`<button
      class="chip ${at === 0 ? "next" : ""} ${item.changed ? "changed" : ""}"
      tabindex="-1"
      data-item
      data-tip
      data-at=${at}
      data-k="gref:${item.gref} page:${item.page}"
      aria-current=${at === 0 ? "true" : "false"}
      aria-label="${at === 0 ? "head of the list, " : ""}gref ${item.gref}${item.changed ? ", new here" : ""}"
      @click=${() => {
        this.store.goTo({ kind: "gref", gref: item.gref });
      }}
    >
      ${item.changed ? html`<span class="plus" aria-hidden="true">+</span>` : nothing}${item.gref}
    </button>`;
  }

  override tip(target: HTMLElement): TemplateResult | null {
    const { free } = this;
    const at = Number(target.dataset["at"]);
    const item = free?.items.items[at - free.items.from];
    if (!item) return null;
    if ("without" in item) {
      return html`<b>${amount(item.without, "entry", "entries")} without a reference</b>
        <p>They get one when they are taken, and go to the tail when it ends.</p>`;
    }
    return html`<b>gref ${item.gref}</b> · ${hex(item.gref)}
      <dl>
        <dt>place</dt>
        <dd>${at === 0 ? "head: the next to be taken" : `${count(at)} behind the head`}</dd>
        ${
          item.page === 0
            ? nothing
            : html`<dt>page</dt>
                <dd>${hex(item.page)} · ${count(item.page)}</dd>`
        }
      </dl>
      <p>Granted still: the back end may have it mapped. Click to go where it was used.</p>`;
  }
}
