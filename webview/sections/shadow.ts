import { html, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { GrantState, type ShadowEntry, type ShadowRow } from "../../src/panel/messages.js";
import { amount, count, hex } from "../numbers.js";
import { Section } from "../section.js";
import { grantStateName } from "../words.js";
import "./long-list.js";

const COLUMNS = ["#", "gref", "page", "offset", "length", "first", "last", "state"] as const;
export const SHADOW_ROW_HEIGHT = 22;

/** The shadow entry: `grants_used`, a row for each grant, and `indirect_grants`. */
@customElement("gw-shadow")
export class Shadow extends Section {
  @property({ attribute: false }) shadow: ShadowEntry | null = null;

  override render(): TemplateResult {
    const { shadow } = this;
    if (shadow === null) {
      return html`<section aria-labelledby="h-shadow">
        <h2 id="h-shadow">Shadow entry</h2>
        <p class="empty">The request has no shadow id yet.</p>
      </section>`;
    }
    return html`<section aria-labelledby="h-shadow">
      <h2 id="h-shadow" data-k="id:${shadow.id}">
        Shadow entry ${shadow.id}
        <small
          ><code>grants_used</code>
          ${count(shadow.grantsUsed)}/${count(shadow.rows.total)}${this.indirect(shadow)} ·
          <code>num_sg</code> ${shadow.numSg}${shadow.inUse ? nothing : html` · free again`}</small
        >
      </h2>
      ${
        shadow.rows.total === 0
          ? html`<p class="empty">This request uses no grants.</p>`
          : html`<div
              class="table shadow"
              role="table"
              aria-rowcount=${shadow.rows.total}
              aria-labelledby="h-shadow"
            >
              <div class="tr head" role="row">
                ${COLUMNS.map((name) => html`<span role="columnheader">${name}</span>`)}
              </div>
              <gw-list
                .store=${this.store}
                .total=${shadow.rows.total}
                .current=${shadow.current}
                .rowHeight=${SHADOW_ROW_HEIGHT}
                .rows=${8}
                .label=${"grants_used"}
                .row=${(index: number) => this.row(shadow, index)}
                .seen=${(from: number, to: number) => {
                  this.wanted(shadow, from, to);
                }}
              ></gw-list>
            </div>`
      }
    </section>`;
  }

  private indirect(shadow: ShadowEntry): TemplateResult | typeof nothing {
    if (shadow.indirect.length === 0) return nothing;
    return html` · <code>indirect_grants</code> ${shadow.indirect.map(
        ({ n, gref, changed }, at) =>
          html`${at > 0 ? ", " : nothing}<button
              class="word gref ${changed ? "changed" : ""}"
              data-k="gref:${gref} frame:${n}"
              @click=${() => {
                this.store.goTo({ kind: "frame", n });
              }}
            >
              ${gref}
            </button>`,
      )}`;
  }

  private wanted({ rows }: ShadowEntry, from: number, to: number): void {
    if (from >= rows.from && to <= rows.from + rows.items.length) return;
    this.store.range("shadow", Math.max(0, from - 64), 256);
  }

  private row({ rows, current }: ShadowEntry, index: number): TemplateResult {
    const row = rows.items[index - rows.from];
    if (row === undefined) {
      return html`<div class="tr todo" role="row">
        <span role="cell">${index}</span><span role="cell">…</span>
      </div>`;
    }
    const here = index === current;
    const taken = row.state !== GrantState.waiting;
    return html`<div
      class="tr ${taken ? "" : "todo"} ${here ? "cur" : ""} ${row.changed ? "changed" : ""}"
      role="row"
      aria-rowindex=${index + 1}
      aria-current=${here ? "true" : "false"}
      tabindex="-1"
      data-item
      data-tip
      data-grant=${index}
      data-k=${taken ? `grant:${index} gref:${row.gref} page:${row.page}` : `grant:${index}`}
      @click=${() => {
        this.store.goTo({ kind: "grant", index });
      }}
    >
      <span role="cell">${index}</span>
      ${
        taken
          ? html`<span role="cell" class="gref">${row.gref}</span
              ><span role="cell">${hex(row.page)}</span>`
          : html`<span role="cell" class="not-yet">not yet</span><span role="cell"></span>`
      }
      <span role="cell">${count(row.offset)}</span><span role="cell">${count(row.length)}</span>
      <span role="cell">${row.firstSector}</span><span role="cell">${row.lastSector}</span>
      <span role="cell" class="state">${taken ? this.state(row) : ""}</span>
    </div>`;
  }

  private state(row: ShadowRow): TemplateResult {
    return html`${row.changed ? html`<span class="dot-mark" title="changed since the last stop">●</span>` : nothing}${grantStateName(
      row.state,
    )}`;
  }

  override tip(target: HTMLElement): TemplateResult | null {
    const { shadow } = this;
    const row = shadow?.rows.items[Number(target.dataset["grant"]) - shadow.rows.from];
    if (!row) return null;
    return html`<b>grants_used[${row.index}]</b>
      <dl>
        ${
          row.gref === 0
            ? nothing
            : html`<dt>gref</dt>
                <dd>
                  ${row.gref} · ${hex(row.gref)} ·
                  ${row.fresh ? "newly granted" : "live from an earlier request"}
                </dd>
                <dt>page</dt>
                <dd>
                  Linux page ${hex(row.page)} · ${count(row.page)}, Xen frame ${hex(row.gfn)}
                </dd>`
        }
        <dt>bytes</dt>
        <dd>${amount(row.length, "byte")} from offset ${count(row.offset)} · ${hex(row.offset)}</dd>
        <dt>sectors</dt>
        <dd>${row.firstSector} to ${row.lastSector} of the Xen page</dd>
        <dt>state</dt>
        <dd>${grantStateName(row.state)}</dd>
      </dl>`;
  }
}
