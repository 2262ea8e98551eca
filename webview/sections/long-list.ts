import "@lit-labs/virtualizer";
import type { LitVirtualizer } from "@lit-labs/virtualizer";
import type { RangeChangedEvent } from "@lit-labs/virtualizer/events.js";
import { html, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { TightFlow } from "../interaction/tight-layouts.js";
import { keepReachable } from "../interaction/roving.js";
import { Section } from "../section.js";

/** Up to so many rows, all are in the page: a virtual list costs more than it saves. */
const FEW = 64;

const LAYOUT = { type: TightFlow };

/** Rows of one height in a box that scrolls; the current one is kept in sight. */
@customElement("gw-list")
export class LongList extends Section {
  @property({ attribute: false }) total = 0;
  @property({ attribute: false }) current: number | null = null;
  /** In CSS pixels, as the style sheet has it. */
  @property({ attribute: false }) rowHeight = 22;
  @property({ attribute: false }) rows = 7;
  @property({ attribute: false }) label = "";
  @property({ attribute: false }) row!: (index: number) => TemplateResult;
  /** Told which rows are in the page when that changes. */
  @property({ attribute: false }) seen: ((from: number, to: number) => void) | null = null;
  private indexes: number[] = [];
  private shownCurrent: number | null = null;
  private fresh = true;

  override render(): TemplateResult {
    const { total } = this;
    if (this.indexes.length !== total)
      this.indexes = Array.from({ length: total }, (_, index) => index);
    if (total <= FEW) {
      this.fresh = true;
      return html`<div class="rows" role="rowgroup" data-roving aria-label=${this.label}>
        ${this.indexes.map((index) => this.row(index))}
      </div>`;
    }
    return html`<lit-virtualizer
      scroller
      class="rows"
      role="rowgroup"
      data-roving
      aria-label=${this.label}
      .items=${this.indexes}
      .layout=${LAYOUT}
      .renderItem=${(index: number) => this.row(index)}
      @rangeChanged=${this.rangeChanged}
    ></lit-virtualizer>`;
  }

  private readonly rangeChanged = (event: RangeChangedEvent): void => {
    this.seen?.(event.first, event.last + 1);
    // The row that the Tab key stopped at may have left the page.
    requestAnimationFrame(() => {
      keepReachable(this);
    });
  };

  protected override updated(): void {
    if (this.current === this.shownCurrent) return;
    this.shownCurrent = this.current;
    if (this.current === null) return;
    const { current } = this;
    this.bringIntoSight(current);
    const virtual = this.querySelector<LitVirtualizer>("lit-virtualizer");
    // A virtual list has no height before its first layout, and nowhere to scroll to.
    if (virtual !== null && this.fresh) {
      this.fresh = false;
      void virtual.updateComplete
        .then(() => virtual.layoutComplete)
        .then(() => {
          this.bringIntoSight(current);
        });
    }
  }

  /** Scrolls no further than it takes, and leaves two rows of context. Heights are known, nothing is measured. */
  private bringIntoSight(index: number): void {
    const box = this.querySelector<HTMLElement | LitVirtualizer>(".rows");
    if (box === null) return;
    const view = this.rows * this.rowHeight;
    const top = index * this.rowHeight;
    const context = 2 * this.rowHeight;
    const at = box.scrollTop;
    if (top - context < at) box.scrollTop = Math.max(0, top - context);
    else if (top + this.rowHeight + context > at + view) {
      box.scrollTop = top + this.rowHeight + context - view;
    }
  }
}
