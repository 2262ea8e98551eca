import { html, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import {
  type RingIndex,
  type RingSlot,
  type RingView,
  SlotState,
} from "../../src/panel/messages.js";
import { amount, count, hex } from "../numbers.js";
import { Section } from "../section.js";
import { slotStateName, statusName } from "../words.js";

const LOOKS: Record<SlotState, string> = {
  [SlotState.free]: "",
  [SlotState.private]: "priv",
  [SlotState.request]: "req",
  [SlotState.response]: "resp",
};

/** What stands in a slot's corner, so that its state does not hang on colour. */
const MARKS: Record<SlotState, string> = {
  [SlotState.free]: "",
  [SlotState.private]: "✎",
  [SlotState.request]: "→",
  [SlotState.response]: "←",
};

const INDEX_OWNERS: Record<RingIndex["name"], string> = {
  req_prod_pvt: "the driver: the next slot that it writes, not yet shown to the back end",
  req_prod: "the driver: requests before this one are with the back end",
  req_event: "the back end: wants an event when req_prod reaches this",
  rsp_prod: "the back end: responses before this one are there to take",
  rsp_event: "the driver: wants an event when rsp_prod reaches this",
  rsp_cons: "the driver: responses before this one are taken",
};

/** The shared ring: whose each slot is, and the indexes of both ends. */
@customElement("gw-ring")
export class Ring extends Section {
  @property({ attribute: false }) ring: RingView | null = null;

  override render(): TemplateResult {
    const { ring } = this;
    if (ring === null) {
      return html`<section aria-labelledby="h-ring">
        <h2 id="h-ring">Ring</h2>
        <p class="empty">The ring is not set up yet.</p>
      </section>`;
    }
    const used = new Map(ring.slots.map((slot) => [slot.slot, slot]));
    return html`<section aria-labelledby="h-ring">
      <h2 id="h-ring">
        Ring <small>${amount(ring.entries, "slot")} · ${count(ring.free)} free</small>
      </h2>
      <div
        class="ring ${ring.entries > 64 ? "dense" : ""} of-${ring.entries}"
        role="group"
        aria-label="Slots of the ring"
        data-roving
      >
        ${Array.from({ length: ring.entries }, (_, slot) => this.slotField(ring, slot, used.get(slot)))}
      </div>
      ${this.legend(ring)}
      <dl class="indexes">${ring.indexes.map((index) => this.index(index))}</dl>
    </section>`;
  }

  private slotField(ring: RingView, slot: number, used: RingSlot | undefined): TemplateResult {
    const state = used?.state ?? SlotState.free;
    const here = slot === ring.current;
    const writing = here && ring.writing;
    const said = writing ? "being written" : slotStateName(state);
    return html`<button
      class="slot ${LOOKS[state]} ${here ? "me" : ""} ${used?.changed === true ? "changed" : ""}"
      tabindex="-1"
      data-item
      data-tip
      data-slot=${slot}
      data-k=${used === undefined ? `slot:${slot}` : `slot:${slot} id:${used.id}`}
      aria-current=${here ? "true" : "false"}
      aria-label="slot ${slot}, ${said}"
      @click=${this.go}
    >
      ${slot}<span class="mark" aria-hidden="true">${MARKS[state]}</span>
    </button>`;
  }

  private readonly go = (event: Event): void => {
    const { slot } = (event.currentTarget as HTMLElement).dataset;
    if (slot !== undefined) this.store.goTo({ kind: "slot", slot: Number(slot) });
  };

  private legend(ring: RingView): TemplateResult {
    const states = new Set(ring.slots.map(({ state }) => state));
    const key = (state: SlotState): TemplateResult | typeof nothing =>
      states.has(state)
        ? html`<span class="entry"
            ><i class="k ${LOOKS[state]}">${MARKS[state]}</i>${slotStateName(state)}</span
          >`
        : nothing;
    return html`<p class="legend">
      ${key(SlotState.response)} ${key(SlotState.request)} ${key(SlotState.private)}
      ${
        ring.current === null
          ? nothing
          : html`<span class="entry"
              ><i class="k me"></i>${ring.writing ? "being written" : "this request"}</span
            >`
      }
      ${states.size === 0 && ring.current === null ? "every slot is free" : nothing}
    </p>`;
  }

  private index(index: RingIndex): TemplateResult {
    const { name, value, slot, was } = index;
    return html`<div
      class="index ${was === null ? "" : "changed"}"
      data-k="slot:${slot}"
      data-tip
      data-index=${name}
    >
      <dt>${name}</dt>
      <dd>
        ${was === null ? nothing : html`<span class="before">${count(was)}</span><span class="to"> → </span>`}<span
          class="after"
          >${count(value)}</span
        >
      </dd>
    </div>`;
  }

  override tip(target: HTMLElement): TemplateResult | null {
    const { ring } = this;
    if (ring === null) return null;
    const { index: name, slot } = target.dataset;
    if (name !== undefined) {
      const index = ring.indexes.find((known) => known.name === name);
      if (index === undefined) return null;
      return html`<b>${index.name}</b> ${count(index.value)} · ${hex(index.value)}
        <dl>
          <dt>slot</dt>
          <dd>${index.slot}</dd>
        </dl>
        <p>Written by ${INDEX_OWNERS[index.name]}.</p>`;
    }
    const used = ring.slots.find((known) => known.slot === Number(slot));
    if (used === undefined) return html`<b>Slot ${slot}</b>: free`;
    return html`<b>Slot ${used.slot}</b>: ${slotStateName(used.state)}
      <dl>
        <dt>id</dt>
        <dd>${used.id} · ${hex(used.id)}</dd>
        <dt>operation</dt>
        <dd>${used.operation}</dd>
        ${
          used.status === null
            ? nothing
            : html`<dt>status</dt>
                <dd>${statusName(used.status)}</dd>`
        }
      </dl>
      <p>Click to go to the step that took the slot.</p>`;
  }
}
