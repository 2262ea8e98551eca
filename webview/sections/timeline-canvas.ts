/** Draws the lanes of a recording. It knows a canvas and numbers, no element around it. */
import { LanePhase, type Timeline, unpackInt32s } from "../../src/panel/messages.js";

/** Steps from `from` up to, not including, `to`. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface Look {
  /** A colour for each `LanePhase`. */
  readonly phases: readonly string[];
  readonly tick: string;
  readonly warning: string;
  readonly error: string;
  readonly text: string;
  readonly font: string;
}

/** Height of a bar as a part of its lane: what waits is thin, what works is full. */
const HEIGHTS: Record<LanePhase, number> = {
  [LanePhase.queued]: 0.4,
  [LanePhase.grants]: 1,
  [LanePhase.pushed]: 0.7,
  [LanePhase.backend]: 1,
  [LanePhase.answered]: 0.3,
  [LanePhase.copyBack]: 1,
};

const TICKS = 14;
const TOP = 4;

/** Where a lane lies: lanes get lower as they get more. CSS pixels. */
export function lanePitch(lanes: number): number {
  if (lanes <= 4) return 15;
  return Math.max(2, Math.floor(68 / lanes));
}

/** Height of the whole drawing in CSS pixels. */
export function drawingHeight(lanes: number): number {
  return TOP + Math.max(1, lanes) * lanePitch(lanes) + TICKS;
}

export interface Drawing {
  readonly timeline: Timeline;
  readonly span: Span;
  /** CSS pixels. */
  readonly width: number;
  readonly look: Look;
}

function drawLanes(
  context: CanvasRenderingContext2D,
  { timeline, span, width, look }: Drawing,
): void {
  const segments = unpackInt32s(timeline.segments);
  const lanes = timeline.lanes.length / 4;
  const pitch = lanePitch(lanes);
  const bar = pitch > 4 ? pitch - Math.min(5, Math.ceil(pitch / 3)) : pitch;
  const scale = width / (span.to - span.from);
  for (let i = 0; i < segments.length; i += 4) {
    const [lane, phase, from, to] = [
      segments[i] ?? 0,
      segments[i + 1] ?? 0,
      segments[i + 2] ?? 0,
      segments[i + 3] ?? 0,
    ];
    if (to <= span.from || from >= span.to) continue;
    const x = (from - span.from) * scale;
    const w = Math.max(1, (to - from) * scale - (pitch > 8 ? 0.5 : 0));
    const h = Math.max(1, bar * HEIGHTS[phase as LanePhase]);
    context.fillStyle = look.phases[phase] ?? look.tick;
    context.beginPath();
    context.roundRect(x, TOP + lane * pitch + (bar - h) / 2, w, h, h > 6 && w > 4 ? 2 : 0);
    context.fill();
  }
}

function triangle(context: CanvasRenderingContext2D, x: number, y: number): void {
  context.beginPath();
  context.moveTo(x, y);
  context.lineTo(x + 3.5, y + 6);
  context.lineTo(x - 3.5, y + 6);
  context.fill();
}

function drawTicks(
  context: CanvasRenderingContext2D,
  { timeline, span, width, look }: Drawing,
): void {
  const y = drawingHeight(timeline.lanes.length / 4) - TICKS + 4;
  const scale = width / (span.to - span.from);
  context.fillStyle = look.tick;
  let last = -10;
  for (const step of unpackInt32s(timeline.interrupts)) {
    const x = (step - span.from) * scale;
    if (x < -4 || x > width + 4 || x - last < 3) continue;
    triangle(context, x, y);
    last = x;
  }
  for (const { step, kind } of timeline.marks) {
    if (kind === "message") continue;
    const x = (step - span.from) * scale;
    context.fillStyle = kind === "bug" ? look.error : look.warning;
    context.fillRect(x - 0.75, 0, 1.5, y + 6);
    context.font = look.font;
    context.fillText(kind === "bug" ? "✕" : "!", x + 3, 9);
  }
}

/** Draws everything; only when the recording, the span, the size or the theme has changed. */
export function draw(canvas: HTMLCanvasElement, drawing: Drawing): void {
  const height = drawingHeight(drawing.timeline.lanes.length / 4);
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.max(1, Math.round(drawing.width * ratio));
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext("2d");
  if (context === null) return;
  context.scale(ratio, ratio);
  drawLanes(context, drawing);
  drawTicks(context, drawing);
}

/** The lane and phase under a point, or null. */
export function phaseUnder(
  timeline: Timeline,
  step: number,
  y: number,
): { slot: number; phase: LanePhase } | null {
  const lane = Math.floor((y - TOP) / lanePitch(timeline.lanes.length / 4));
  const slot = unpackInt32s(timeline.lanes)[lane];
  if (slot === undefined) return null;
  const segments = unpackInt32s(timeline.segments);
  for (let i = 0; i < segments.length; i += 4) {
    if (segments[i] !== lane || (segments[i + 2] ?? 0) > step || (segments[i + 3] ?? 0) <= step)
      continue;
    return { slot, phase: (segments[i + 1] ?? 0) as LanePhase };
  }
  return null;
}
