import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import {
  LanePhase,
  type PanelState,
  type Position,
  type Timeline,
  unpackInt32s,
} from "../../src/panel/messages.js";
import { count } from "../numbers.js";
import { cssVariables, Section } from "../section.js";
import { phaseName } from "../words.js";
import { draw, drawingHeight, type Look, phaseUnder, type Span } from "./timeline-canvas.js";

const PHASES = Object.values(LanePhase);
/** Steps in sight at most zoomed. */
const CLOSEST = 40;

function readLook(element: Element): Look {
  const style = getComputedStyle(element);
  const value = (name: string): string => style.getPropertyValue(name).trim();
  return {
    phases: PHASES.map((phase) => value(`--gw-lane-${phase}`)),
    tick: value("--gw-dim"),
    warning: value("--gw-warning"),
    error: value("--gw-error"),
    text: value("--gw-fg"),
    font: `10px ${style.fontFamily}`,
  };
}

/** The whole recording, a lane for each ring slot; the cursor stands on it and is moved with it. */
@customElement("gw-timeline")
export class TimelineSection extends Section {
  @property({ attribute: false }) timeline!: Timeline;
  @property({ attribute: false }) position!: Position;
  @property({ attribute: false }) request: PanelState["request"] = null;
  /** Grants that are pointed at elsewhere. */
  @property({ attribute: false }) pointed: readonly number[] = [];
  @state() private span: Span = { from: 0, to: 1 };
  @state() private hover: { x: number; step: number; y: number } | null = null;
  @query("canvas") private canvas!: HTMLCanvasElement;
  @query(".track") private track!: HTMLElement;
  private drawn: readonly unknown[] = [];
  private width = 0;
  private look: Look | null = null;
  private spanOf: Timeline | null = null;
  private readonly sizes = new ResizeObserver(([entry]) => {
    this.width = entry?.contentRect.width ?? 0;
    this.requestUpdate();
  });
  private readonly themes = new MutationObserver(() => {
    this.look = null;
    this.requestUpdate();
  });

  override connectedCallback(): void {
    super.connectedCallback();
    this.themes.observe(document.documentElement, { attributes: true });
    this.themes.observe(document.body, { attributes: true });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.themes.disconnect();
    this.sizes.disconnect();
  }

  protected override firstUpdated(): void {
    this.sizes.observe(this.track);
    // Zooming needs `preventDefault`, which a listener in a template cannot promise.
    this.track.addEventListener("wheel", this.wheel, { passive: false });
  }

  protected override willUpdate(): void {
    if (this.spanOf !== this.timeline) {
      this.spanOf = this.timeline;
      this.span = this.everything();
    }
    const { step } = this.position;
    const { from, to } = this.span;
    if (step < from) this.span = { from: Math.max(0, step - Math.ceil((to - from) / 10)), to };
    if (step >= to)
      this.span = { from, to: Math.min(this.timeline.length, step + Math.ceil((to - from) / 10)) };
  }

  /** From the first request to the end. */
  private everything(): Span {
    const { first, length } = this.timeline;
    const margin = Math.ceil((length - first) / 60);
    return { from: Math.max(0, first - margin), to: Math.max(length, 1) };
  }

  override render(): TemplateResult {
    const { timeline, position } = this;
    const lanes = timeline.lanes.length / 4;
    const { step, length, grant } = position;
    return html`<section class="timeline" aria-labelledby="h-time">
      <h2 id="h-time" class="hidden">Timeline</h2>
      <div
        class="track"
        role="slider"
        tabindex="0"
        aria-label="Step"
        aria-orientation="horizontal"
        aria-valuemin="0"
        aria-valuemax=${Math.max(0, length - 1)}
        aria-valuenow=${step}
        aria-valuetext="Step ${count(step)} of ${count(length)}${grant === null ? "" : `, grant ${count(grant)}`}"
        aria-keyshortcuts="ArrowLeft ArrowRight PageUp PageDown Home End"
        ${cssVariables({ "--height": `${drawingHeight(lanes)}px` })}
        @keydown=${this.key}
        @pointerdown=${this.down}
        @pointermove=${this.move}
        @pointerleave=${() => {
          this.hover = null;
        }}
      >
        <canvas aria-hidden="true"></canvas>
        ${this.pointed.map((at) => html`<i class="ghost" ${cssVariables({ "--x": this.percent(at) })}></i>`)}
        ${this.hover === null ? nothing : html`<i class="hair" ${cssVariables({ "--x": `${this.hover.x}px` })}></i>`}
        <i class="now" ${cssVariables({ "--x": this.percent(step + 0.5) })}></i>
      </div>
      <div class="under">${this.legend()} ${this.said()} ${this.zoomButtons()}</div>
    </section>`;
  }

  private percent(step: number): string {
    return `${((step - this.span.from) / (this.span.to - this.span.from)) * 100}%`;
  }

  private legend(): TemplateResult {
    return html`<p class="legend">
      ${PHASES.map((phase) => html`<span class="entry"><i class="k lane-${phase}"></i>${phaseName(phase)}</span>`)}
      <span class="entry"><i class="tri" aria-hidden="true">▲</i>interrupt</span>
    </p>`;
  }

  /** What lies under the pointer. */
  private said(): TemplateResult {
    const { hover } = this;
    if (hover === null) return html`<p class="under-pointer"></p>`;
    const under = phaseUnder(this.timeline, hover.step, hover.y);
    const near = ((this.span.to - this.span.from) / Math.max(1, this.width)) * 4;
    const mark = this.timeline.marks.find((known) => Math.abs(known.step - hover.step) <= near);
    return html`<p class="under-pointer">
      step
      ${count(hover.step)}${under === null ? nothing : ` · slot ${under.slot}, ${phaseName(under.phase)}`}${
        mark === undefined ? nothing : ` · ${mark.text}`
      }
    </p>`;
  }

  private zoomButtons(): TemplateResult {
    const button = (label: string, text: string, run: () => void): TemplateResult =>
      html`<vscode-button appearance="icon" aria-label=${label} title=${label} @click=${run}
        ><span class="sign" aria-hidden="true">${text}</span></vscode-button
      >`;
    return html`<span class="zoom" role="group" aria-label="Zoom">
      ${button("Zoom out", "−", () => {
        this.zoom(2, this.position.step);
      })}
      ${button("Zoom in", "+", () => {
        this.zoom(0.5, this.position.step);
      })}
      ${button("Show everything", "⤢", () => {
        this.span = this.everything();
      })}
    </span>`;
  }

  private zoom(factor: number, around: number): void {
    const { from, to } = this.span;
    const wanted = Math.max(CLOSEST, Math.min(this.timeline.length, (to - from) * factor));
    const part = (around - from) / (to - from);
    const start = Math.max(
      0,
      Math.min(this.timeline.length - wanted, Math.round(around - part * wanted)),
    );
    this.span = { from: start, to: Math.min(this.timeline.length, Math.round(start + wanted)) };
  }

  private stepAt(event: MouseEvent): { x: number; y: number; step: number } {
    const box = this.track.getBoundingClientRect();
    const x = Math.max(0, Math.min(box.width, event.clientX - box.left));
    const { from, to } = this.span;
    const step = Math.min(
      this.timeline.length - 1,
      Math.floor(from + (x / Math.max(1, box.width)) * (to - from)),
    );
    return { x, y: event.clientY - box.top, step };
  }

  private readonly down = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    this.track.setPointerCapture(event.pointerId);
    this.store.moveTo(this.stepAt(event).step);
  };

  private readonly move = (event: PointerEvent): void => {
    this.hover = this.stepAt(event);
    if (this.track.hasPointerCapture(event.pointerId)) this.store.moveTo(this.hover.step);
  };

  private readonly wheel = (event: WheelEvent): void => {
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      this.zoom(event.deltaY > 0 ? 1.25 : 0.8, this.stepAt(event).step);
    } else if (event.deltaX !== 0) {
      event.preventDefault();
      const { from, to } = this.span;
      const by = Math.round((event.deltaX / Math.max(1, this.width)) * (to - from));
      const start = Math.max(0, Math.min(this.timeline.length - (to - from), from + by));
      this.span = { from: start, to: start + to - from };
    }
  };

  private readonly key = (event: KeyboardEvent): void => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const { step, length } = this.position;
    const page = Math.max(1, Math.round((this.span.to - this.span.from) / 20));
    const single = event.shiftKey ? 10 : 1;
    const { first } = this.timeline;
    const targets: Record<string, number> = {
      ArrowRight: step + single,
      ArrowUp: step + single,
      ArrowLeft: step - single,
      ArrowDown: step - single,
      PageUp: step + page,
      PageDown: step - page,
      // The first request is where things begin; once there, the very beginning.
      Home: step === first ? 0 : first,
      End: length - 1,
    };
    const to = targets[event.key];
    if (to !== undefined) this.store.moveTo(to);
    else if (event.key === "+" || event.key === "=") this.zoom(0.5, step);
    else if (event.key === "-") this.zoom(2, step);
    else return;
    event.preventDefault();
  };

  protected override updated(): void {
    if (this.width === 0) return;
    this.look ??= readLook(this);
    const now = [this.timeline, this.span, this.width, this.look];
    if (now.every((value, at) => value === this.drawn[at])) return;
    this.drawn = now;
    draw(this.canvas, {
      timeline: this.timeline,
      span: this.span,
      width: this.width,
      look: this.look,
    });
  }
}

/** The steps that set up the grants of the request that are pointed at. */
export function pointedSteps(keys: ReadonlySet<string>, request: PanelState["request"]): number[] {
  if (request === null) return [];
  const steps = unpackInt32s(request.steps);
  return [...keys]
    .filter((key) => key.startsWith("grant:"))
    .map((key) => steps[Number(key.slice("grant:".length))] ?? -1)
    .filter((step) => step >= 0);
}
