import { html, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { Position, RequestProgress, RequestSummary } from "../../src/panel/messages.js";
import { amount, count, size } from "../numbers.js";
import { Section } from "../section.js";

const OPERATIONS = {
  read: "Read",
  write: "Write",
  flush: "Flush",
  discard: "Discard",
  "secure-discard": "Secure discard",
} as const;

/** What is shown and where the cursor stands. */
@customElement("gw-header")
export class Header extends Section {
  @property({ attribute: false }) request: RequestSummary | null = null;
  @property({ attribute: false }) progress: RequestProgress | null = null;
  @property({ attribute: false }) position!: Position;

  override render(): TemplateResult {
    return html`<header class="bar">
      ${this.request === null ? this.idle() : this.titled(this.request)} ${this.where()}
    </header>`;
  }

  private idle(): TemplateResult {
    return html`<h1 class="title">No request yet</h1>
      <p class="facts">the driver connects</p>`;
  }

  private titled(request: RequestSummary): TemplateResult {
    const { op, sector, sectors, disk, fua, preflush } = request;
    const where =
      op === "flush" && sectors === 0 ? [] : [`sector ${count(sector)}`, size(sectors * 512)];
    const flags = [preflush && op !== "flush" ? "flush first" : "", fua ? "FUA" : ""].filter(
      Boolean,
    );
    return html`<span class="op op-${op}">${OPERATIONS[op]}</span>
      <h1 class="title">${[...where, disk].join(" · ")}</h1>
      <p class="facts">
        ${[...this.facts(request), ...flags].map(
          (fact, at) =>
            html`${at > 0 ? html`<span class="dot"> · </span>` : nothing}<span>${fact}</span>`,
        )}
      </p>`;
  }

  private facts(request: RequestSummary): (string | TemplateResult)[] {
    const { shadowId, slot, form, persistent, pageSize, captureLine } = request;
    const facts: (string | TemplateResult)[] = this.origin(request);
    if (shadowId === null) facts.push("no id yet");
    else {
      facts.push(html`<span data-k="id:${shadowId}">id ${shadowId}</span>`);
      facts.push(html`<span data-k="slot:${slot}">slot ${slot}</span>`);
    }
    if (form !== "none") facts.push(form);
    facts.push(persistent ? "persistent" : "not persistent", `${pageSize / 1024} KB pages`);
    if (captureLine !== null) facts.push(`line ${count(captureLine)}`);
    return facts;
  }

  /** What the block layer made the request of. */
  private origin({ nrs, part, parts, anew, flushes }: RequestSummary): string[] {
    if (flushes !== null) return [`for request ${flushes}`];
    return [
      nrs.length > 1 ? `bios of ${nrs.join(" + ")}` : "",
      parts > 1 ? `part ${part + 1} of ${parts}` : "",
      anew ? "made anew" : "",
    ].filter(Boolean);
  }

  /** How the request has ended, if it has. */
  private end(): string {
    const { progress } = this;
    if (progress === null) return "";
    if (progress.phase === "set aside") return " · set aside, its bios go on";
    if (progress.never) return " · never ended";
    if (progress.error === null) return "";
    const how = progress.error === 0 ? "well" : `with ${progress.error}`;
    return progress.ends > 1 ? ` · ended ${progress.ends} times, ${how}` : ` · ended ${how}`;
  }

  private where(): TemplateResult {
    const { step, length, grant, grants } = this.position;
    const hand =
      grant === null
        ? grants > 0
          ? ` · ${amount(grants, "grant")}`
          : ""
        : ` · grant ${count(grant)} of ${count(grants)}`;
    return html`<p class="pos">
      <b>Step ${count(step)}</b> of ${count(length)}${hand}${this.end()}
    </p>`;
  }
}
