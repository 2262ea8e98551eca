import { html, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { guard } from "lit/directives/guard.js";
import type { BytesView } from "../../src/panel/messages.js";
import { byte, count, hex } from "../numbers.js";
import { Section } from "../section.js";
import "./long-list.js";

const ROW_HEIGHT = 20;

/** Which field of a segment each of its eight bytes belongs to. */
const SEGMENT_FIELDS = ["f1", "f1", "f1", "f1", "f2", "f3", "pad", "pad"] as const;

/** An indirect frame, or the request's ring slot: slot by slot, and as bytes. */
@customElement("gw-bytes")
export class Bytes extends Section {
  @property({ attribute: false }) bytes: BytesView | null = null;
  private changed = new Set<number>();
  private changedOf: BytesView | null = null;

  override render(): TemplateResult {
    const view = this.bytes;
    if (view === null) {
      return html`<section aria-labelledby="h-bytes">
        <h2 id="h-bytes">Segments</h2>
        <p class="empty">Nothing has been written for this request yet.</p>
      </section>`;
    }
    if (this.changedOf !== view) {
      this.changedOf = view;
      this.changed = new Set();
      for (let i = 0; i < view.changed.length; i += 2) {
        for (let at = view.changed[i] ?? 0; at < (view.changed[i + 1] ?? 0); at++)
          this.changed.add(at);
      }
    }
    const head = view.kind === "frame" ? `Indirect frame ${view.index}` : `Ring slot ${view.index}`;
    return html`<section aria-labelledby="h-bytes">
      <div class="titled">
        <h2 id="h-bytes">${head} <small>${this.about(view)}</small></h2>
        ${view.choices.length > 1 ? this.tabs(view) : nothing}
      </div>
      ${view.kind === "frame" ? this.slots(view) : nothing} ${this.rows(view)}
    </section>`;
  }

  private about(view: BytesView): TemplateResult {
    if (view.kind === "frame") {
      return html`<button
          class="word gref"
          data-k="gref:${view.gref} frame:${view.index}"
          @click=${() => {
            this.store.goTo({ kind: "frame", n: view.index });
          }}
        >
          gref ${view.gref}
        </button>
        · ${count(view.written)}/${view.capacity} slots`;
    }
    return view.capacity === 0
      ? html`at ${hex(view.address)}`
      : html`${count(view.written)}/${view.capacity} segments`;
  }

  private tabs(view: BytesView): TemplateResult {
    const active = view.choices.find(({ selected }) => selected)?.id ?? "slot";
    return html`<vscode-panels
      class="tabs"
      aria-label="What to show as bytes"
      activeid="tab-${active}"
      @change=${(event: Event) => {
        const { activeid } = event.target as HTMLElement & { activeid: string };
        const id = activeid.replace(/^tab-/, "");
        if (id !== active) this.store.choose({ bytes: id });
      }}
    >
      ${view.choices.map(({ id, label }) => html`<vscode-panel-tab id="tab-${id}">${label}</vscode-panel-tab>`)}
      ${view.choices.map(({ id }) => html`<vscode-panel-view id="view-${id}"></vscode-panel-view>`)}
    </vscode-panels>`;
  }

  /** The frame from above: one small field a segment. The rows below say the same to the keyboard. */
  private slots(view: BytesView): TemplateResult {
    return html`<div
      class="frame-map"
      role="img"
      aria-label="${count(view.written)} of ${view.capacity} slots are written"
    >
      ${guard([view.capacity, view.firstGrant], () =>
        Array.from(
          { length: view.capacity },
          (_, slot) =>
            html`<i
              data-tip
              data-slot=${slot}
              data-k="grant:${view.firstGrant + slot}"
              @click=${this.go}
            ></i>`,
        ),
      )}
    </div>`;
  }

  /** Gives the fields their looks. There are 512, of which a step changes one or two. */
  protected override updated(): void {
    const map = this.querySelector(".frame-map");
    const view = this.bytes;
    if (map === null || view === null) return;
    for (let slot = 0; slot < map.children.length; slot++) {
      const look = slot === view.current ? "cur" : slot < view.written ? "done" : "";
      const field = map.children[slot] as HTMLElement;
      if ((field.dataset["look"] ?? "") !== look) field.dataset["look"] = look;
    }
  }

  private readonly go = (event: Event): void => {
    const { slot } = (event.currentTarget as HTMLElement).dataset;
    const view = this.bytes;
    if (view === null || slot === undefined || Number(slot) >= view.written) return;
    this.store.goTo({ kind: "grant", index: view.firstGrant + Number(slot) });
  };

  private rows(view: BytesView): TemplateResult {
    const fields = view.fields.length;
    const current = view.current === null ? null : view.current + fields;
    return html`<div
      class="hexes of-${view.kind}"
      role="table"
      aria-label="Bytes"
      aria-rowcount=${fields + view.capacity}
    >
      <gw-list
        .store=${this.store}
        .total=${fields + view.capacity}
        .current=${current}
        .rowHeight=${ROW_HEIGHT}
        .rows=${view.kind === "frame" ? 6 : 10}
        .label=${"Bytes"}
        .row=${(index: number) => (index < fields ? this.field(view, index) : this.segment(view, index - fields))}
      ></gw-list>
    </div>`;
  }

  private hexBytes(
    view: BytesView,
    from: number,
    length: number,
    look: (at: number) => string,
  ): TemplateResult[] {
    return Array.from({ length }, (_, at) => {
      const offset = from + at;
      const changed = this.changed.has(offset);
      return html`<span class="${look(at)} ${changed ? "chg" : ""}"
        >${byte(view.bytes[offset] ?? 0)}</span
      >`;
    });
  }

  private field(view: BytesView, index: number): TemplateResult {
    const field = view.fields[index];
    if (field === undefined) return html``;
    return html`<div class="hex" role="row" tabindex="-1" data-item>
      <span class="addr" role="cell">+${field.offset.toString(16).padStart(3, "0")}</span>
      <span class="bytes" role="cell"
        >${this.hexBytes(view, field.offset, field.length, () => "f4")}</span
      >
      <span class="dec" role="cell"><code>${field.name}</code> ${field.value}</span>
    </div>`;
  }

  private segment(view: BytesView, slot: number): TemplateResult {
    const at = view.segmentsAt + slot * 8;
    const { bytes } = view;
    const gref =
      ((bytes[at] ?? 0) |
        ((bytes[at + 1] ?? 0) << 8) |
        ((bytes[at + 2] ?? 0) << 16) |
        ((bytes[at + 3] ?? 0) << 24)) >>>
      0;
    const [first, last] = [bytes[at + 4] ?? 0, bytes[at + 5] ?? 0];
    const written = slot < view.written;
    const here = slot === view.current;
    const said = written
      ? html`<span class="gref">gref ${gref}</span> ·
          <span class="long">sectors </span>${first}–${last}`
      : here
        ? "to be written"
        : gref === 0
          ? "empty"
          : "left over";
    return html`<div
      class="hex ${here ? "cur" : ""} ${written ? "" : "stale"}"
      role="row"
      tabindex="-1"
      data-item
      data-tip
      data-slot=${slot}
      aria-current=${here ? "true" : "false"}
      data-k=${written ? `grant:${view.firstGrant + slot} gref:${gref}` : `grant:${view.firstGrant + slot}`}
      @click=${this.go}
    >
      <span class="addr" role="cell">+${at.toString(16).padStart(3, "0")}</span>
      <span class="bytes" role="cell"
        >${this.hexBytes(view, at, 8, (n) => SEGMENT_FIELDS[n] ?? "pad")}</span
      >
      <span class="dec" role="cell">${said}</span>
    </div>`;
  }

  override tip(target: HTMLElement): TemplateResult | null {
    const view = this.bytes;
    if (view === null || target.dataset["slot"] === undefined) return null;
    const slot = Number(target.dataset["slot"]);
    const at = view.segmentsAt + slot * 8;
    const data = new DataView(view.bytes.buffer, view.bytes.byteOffset, view.bytes.byteLength);
    const gref = data.getUint32(at, true);
    const grant = view.firstGrant + slot;
    const where = html`<dt>address</dt>
      <dd>${hex(view.address + at)}</dd>`;
    if (slot >= view.written) {
      return html`<b>Slot ${slot}</b>: not written by this request
        <dl>${where}</dl>
        ${gref === 0 ? nothing : html`<p>Read as a segment, what was left here says gref ${gref} · ${hex(gref)}.</p>`}`;
    }
    return html`<b>Slot ${slot}</b>: segment of grant ${grant}
      <dl>
        ${where}
        <dt>gref</dt>
        <dd>${gref} · ${hex(gref)}</dd>
        <dt>first_sect</dt>
        <dd>${data.getUint8(at + 4)}</dd>
        <dt>last_sect</dt>
        <dd>${data.getUint8(at + 5)}</dd>
        <dt>padding</dt>
        <dd>${byte(data.getUint8(at + 6))} ${byte(data.getUint8(at + 7))}, never written</dd>
      </dl>`;
  }
}
