import { html, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { guard } from "lit/directives/guard.js";
import {
  GrantState,
  type RequestProgress,
  type RequestSummary,
  unpackInt32s,
} from "../../src/panel/messages.js";
import { amount, count, hex } from "../numbers.js";
import { cssVariables, Section } from "../section.js";
import { grantStateName } from "../words.js";
import { type Chunk, type ChunkRow, chunkRows } from "./chunk-rows.js";

/** Rows from which on they are drawn low. */
const MANY_ROWS = 6;
const COLUMNS = 16;

const MARKS: Partial<Record<GrantState, string>> = {
  [GrantState.moved]: "✓",
  [GrantState.copiedBack]: "↩",
  [GrantState.returned]: "↺",
};

/** All that of a request's progress a row shows, as one text: most steps change one row. */
function progressOfRow(row: ChunkRow, { states, current, key }: RequestProgress): string {
  const first = row.chunks.find(({ grant }) => grant >= 0)?.grant ?? 0;
  const here = row.chunks.some(({ grant }) => grant === current && grant >= 0) ? current : "";
  return `${key} ${states.subarray(first, first + row.chunks.length).join("")} ${here}`;
}

/** The request as its bytes lie in Linux pages, each cut into Xen pages. */
@customElement("gw-request-map")
export class RequestMap extends Section {
  @property({ attribute: false }) request: RequestSummary | null = null;
  @property({ attribute: false }) progress: RequestProgress | null = null;
  private rows: ChunkRow[] = [];
  private rowsOf: unknown = null;

  override render(): TemplateResult {
    const { request, progress } = this;
    if (request === null || progress === null) {
      return html`<section aria-labelledby="h-request">
        <h2 id="h-request">Request</h2>
        <p class="empty">No request has reached the driver at this step.</p>
      </section>`;
    }
    // Two states of one request have the same layout.
    if (this.rowsOf !== request.segments) {
      this.rowsOf = request.segments;
      this.rows = chunkRows(request.segments, request.pageSize, COLUMNS);
    }
    const { rows } = this;
    const grefs = unpackInt32s(progress.grefs);
    return html`<section aria-labelledby="h-request">
      <h2 id="h-request">Request <small>${this.summary(request)}</small></h2>
      ${
        rows.length === 0
          ? nothing
          : html`<div
              class="map ${rows.length > MANY_ROWS ? "dense" : ""} per-${request.pageSize / 4096}"
              role="grid"
              aria-label="Chunks of 4 KB"
              data-roving
            >
              ${rows.map((row) => guard([row, progressOfRow(row, progress)], () => this.row(row, request, progress, grefs)))}
            </div>`
      }
    </section>`;
  }

  private summary(request: RequestSummary): string {
    if (request.grants === 0) {
      return request.op === "discard" || request.op === "secure-discard"
        ? `${amount(request.sectors, "sector")} to discard, no data and no grants`
        : "no data and no grants";
    }
    const sent = `${amount(request.grants, "Xen page")} in ${amount(request.segments.length, "segment")}`;
    if (request.chunksNotSent === 0) return sent;
    const holds = request.chunksNotSent === 1 ? "holds no data and is" : "hold no data and are";
    return `${sent}; ${amount(request.chunksNotSent, "chunk")} of 4 KB ${holds} not sent`;
  }

  private row(
    row: ChunkRow,
    request: RequestSummary,
    progress: RequestProgress,
    grefs: Int32Array,
  ): TemplateResult {
    return html`<div class="page" role="row">
      <div class="ptitle" role="rowheader">${this.rowTitle(row, request)}</div>
      <div class="chunks" role="presentation">
        ${row.chunks.map((chunk) => this.chunk(chunk, progress, grefs))}
      </div>
    </div>`;
  }

  private rowTitle(row: ChunkRow, request: RequestSummary): TemplateResult {
    const first = row.segments[0];
    const last = row.segments.at(-1);
    if (first === undefined || last === undefined) return html``;
    if (request.pageSize === 65536) {
      const { page, offset, length } = first.segment;
      return html`<span class="what">Linux page ${first.at}</span> <b>${hex(page)}</b
        ><span class="rest">
          · offset ${offset === 0 ? "0" : hex(offset)} · ${count(length)} B</span
        >`;
    }
    const bytes = row.segments.reduce((sum, { segment }) => sum + segment.length, 0);
    const what =
      first.at === last.at ? `Linux page ${first.at}` : `Linux pages ${first.at}–${last.at}`;
    return html`<span class="what">${what}</span> <b>${hex(first.segment.page)}</b
      ><span class="rest"> · ${count(bytes)} B</span>`;
  }

  private chunk(chunk: Chunk, progress: RequestProgress, grefs: Int32Array): TemplateResult {
    const { grant, from, to, opens } = chunk;
    const edge = `${opens ? " opens" : ""}${grant >= 0 && to - from < 8 ? " part" : ""}`;
    if (grant < 0) {
      return html`<div
        class="chunk empty${edge}"
        role="gridcell"
        aria-label="not sent"
        data-tip
        data-chunk=${chunk.chunk}
        data-page=${chunk.page}
      ></div>`;
    }
    const state = (progress.states[grant] ?? 0) as GrantState;
    const current = grant === progress.current;
    const gref = grefs[grant] ?? 0;
    const look =
      state === GrantState.waiting ? "todo" : state >= GrantState.copiedBack ? "back" : "done";
    return html`<div
      class="chunk ${look}${current ? " cur" : ""}${edge}"
      role="gridcell"
      tabindex="-1"
      data-item
      data-tip
      data-grant=${grant}
      data-chunk=${chunk.chunk}
      data-page=${chunk.page}
      data-k=${gref === 0 ? `grant:${grant}` : `grant:${grant} gref:${gref}`}
      aria-current=${current ? "true" : "false"}
      aria-label=${`grant ${grant}, ${grantStateName(state)}${gref === 0 ? "" : `, gref ${gref}`}`}
      @click=${this.go}
    >
      <span class="idx" aria-hidden="true">${grant}</span
      ><span class="mark" aria-hidden="true">${MARKS[state] ?? ""}</span>
      <span
        class="secs"
        aria-hidden="true"
        ${cssVariables({ "--from": `${from * 12.5}%`, "--to": `${to * 12.5}%` })}
      ></span>
    </div>`;
  }

  private readonly go = (event: Event): void => {
    const { grant } = (event.currentTarget as HTMLElement).dataset;
    if (grant !== undefined) this.store.goTo({ kind: "grant", index: Number(grant) });
  };

  override tip(target: HTMLElement): TemplateResult | null {
    const { request, progress } = this;
    if (request === null || progress === null) return null;
    const page = Number(target.dataset["page"]);
    const chunk = Number(target.dataset["chunk"]);
    const gfn = page * (request.pageSize / 4096) + chunk;
    const place = html`<dt>caller</dt>
      <dd>Linux page ${hex(page)} + ${hex(chunk * 4096)}, Xen frame ${hex(gfn)}</dd>`;
    if (target.dataset["grant"] === undefined) {
      return html`<b>Not sent</b>
        <dl>${place}</dl>
        <p>No byte of the request lies in these 4,096.</p>`;
    }
    const grant = Number(target.dataset["grant"]);
    const state = progress.states[grant] ?? 0;
    const gref = unpackInt32s(progress.grefs)[grant] ?? 0;
    const step = unpackInt32s(request.steps)[grant] ?? -1;
    return html`<b>Grant ${count(grant)}</b> of ${count(request.grants)}
      <dl>
        ${place}
        ${
          gref === 0
            ? nothing
            : html`<dt>gref</dt>
                <dd>${gref} · ${hex(gref)}</dd>`
        }
        <dt>state</dt>
        <dd>${grantStateName(state)}</dd>
        ${
          step < 0
            ? nothing
            : html`<dt>set up</dt>
                <dd>step ${count(step)}: click to go there</dd>`
        }
      </dl>`;
  }
}
