/** The whole recording as lanes, one for each ring slot that it uses; computed once. */
import { packInt32s } from "./pack.js";
import type { RecordedEvent, RecordingView } from "./recording.js";
import type { RequestIndex } from "./request-index.js";
import type { RequestTrack } from "./request-track.js";
import { LanePhase, type Timeline, type TimelineMark } from "./state.js";

/** Segments that are sent at most; beyond them neighbours are merged. */
const MOST_SEGMENTS = 30_000;
const MOST_MARKS = 500;
const MOST_INTERRUPTS = 8_000;

type Segment = readonly [lane: number, phase: LanePhase, from: number, to: number];

function phasesOf(track: RequestTrack, lane: number, end: number): Segment[] {
  const bounds: [LanePhase, number][] = [
    [LanePhase.queued, track.start],
    [LanePhase.grants, track.firstGrant],
    [LanePhase.pushed, track.queued],
    [LanePhase.backend, track.backend],
    [LanePhase.answered, track.response],
    [LanePhase.copyBack, track.taken],
  ];
  const reached = bounds.filter(([, from]) => from >= 0);
  return reached
    .map(([phase, from], at): Segment => [lane, phase, from, reached[at + 1]?.[1] ?? end])
    .map(([, phase, from, to]): Segment => [lane, phase, from, Math.min(to, end)])
    .filter(([, , from, to]) => to > from);
}

/**
 * Where each request leaves its slot: with its end, or when it is put back, or when another one takes the slot. A
 * request that nobody answers can lose its slot with the ring.
 */
function endsOf(tracks: readonly RequestTrack[], length: number): Map<RequestTrack, number> {
  const ends = new Map<RequestTrack, number>();
  const holders = new Map<number, RequestTrack>();
  for (const track of tracks
    .filter(({ slot }) => slot >= 0)
    .sort((a, b) => a.idTaken - b.idTaken)) {
    const own = [track.end >= 0 ? track.end + 1 : length, track.left >= 0 ? track.left : length];
    ends.set(track, Math.min(...own));
    const before = holders.get(track.slot);
    if (before !== undefined) ends.set(before, Math.min(ends.get(before) ?? length, track.idTaken));
    holders.set(track.slot, track);
  }
  return ends;
}

/** Merges what is shorter than a bucket: each bucket of a lane becomes the phase that fills most of it. */
function coarsen(
  segments: readonly Segment[],
  lanes: number,
  length: number,
  grain: number,
): Segment[] {
  const buckets = Math.ceil(length / grain);
  const PHASES = 6;
  const merged: Segment[] = [];
  const byLane: Segment[][] = Array.from({ length: lanes }, () => []);
  for (const segment of segments) byLane[segment[0]]?.push(segment);
  for (let lane = 0; lane < lanes; lane++) {
    const fill = new Float64Array(buckets * PHASES);
    for (const [, phase, from, to] of byLane[lane] ?? []) {
      const last = Math.floor((to - 1) / grain);
      for (let bucket = Math.floor(from / grain); bucket <= last; bucket++) {
        const covered = Math.min(to, (bucket + 1) * grain) - Math.max(from, bucket * grain);
        fill[bucket * PHASES + phase] = (fill[bucket * PHASES + phase] ?? 0) + covered;
      }
    }
    let open = -1;
    let since = 0;
    for (let bucket = 0; bucket <= buckets; bucket++) {
      let best = -1;
      let most = 0;
      for (let phase = 0; phase < PHASES && bucket < buckets; phase++) {
        const covered = fill[bucket * PHASES + phase] ?? 0;
        if (covered > most) [best, most] = [phase, covered];
      }
      if (best === open) continue;
      if (open >= 0)
        merged.push([lane, open as LanePhase, since * grain, Math.min(length, bucket * grain)]);
      open = best;
      since = bucket;
    }
  }
  return merged;
}

/** At most `most` of ascending steps: those that share a bucket become one. */
function thin(steps: readonly number[], most: number, length: number): number[] {
  if (steps.length <= most) return [...steps];
  const grain = Math.max(1, length / most);
  const kept: number[] = [];
  let last = -1;
  for (const step of steps) {
    const bucket = Math.floor(step / grain);
    if (bucket !== last) kept.push(step);
    last = bucket;
  }
  return kept;
}

function markOf(step: number, event: RecordedEvent): TimelineMark | null {
  switch (event.kind) {
    case "message":
      return {
        step,
        kind: event.level === "info" || event.level === "debug" ? "message" : "warning",
        text: event.text,
      };
    case "bug":
      return { step, kind: "bug", text: `${event.what} in ${event.func}: ${event.expr}` };
    case "backend_message":
      return { step, kind: "warning", text: `back end: ${event.text}` };
    case "backend_rewrite":
      return { step, kind: "warning", text: `back end: writes over ${event.len} bytes` };
    case "call_failed":
      return { step, kind: "warning", text: `${event.call} fails` };
    case "request_busy":
      return { step, kind: "busy", text: "not enough grant references" };
    case "queue_stop":
      return {
        step,
        kind: "busy",
        text: event.ring_full ? "queue stopped: ring full" : "queue stopped",
      };
    default:
      return null;
  }
}

/** The lanes, interrupts and marks of a recording, in bounded size. */
export function timelineOf(recording: RecordingView, index: RequestIndex): Timeline {
  const { length, tracepoints } = recording;
  const slots = [...new Set(index.tracks.map(({ slot }) => slot).filter((slot) => slot >= 0))];
  slots.sort((a, b) => a - b);
  const ends = endsOf(index.tracks, length);
  const laneOf = new Map(slots.map((slot, lane) => [slot, lane]));
  let segments = index.tracks.flatMap((track) => {
    const lane = laneOf.get(track.slot);
    return lane === undefined ? [] : phasesOf(track, lane, ends.get(track) ?? length);
  });
  let grain = 1;
  if (segments.length > MOST_SEGMENTS) {
    grain = Math.max(1, Math.ceil((length * slots.length) / MOST_SEGMENTS));
    segments = coarsen(segments, slots.length, length, grain);
  }

  const interrupts: number[] = [];
  const marks: TimelineMark[] = [];
  for (let place = 0; place < tracepoints.length; place++) {
    const { step, event } = tracepoints.at(place);
    if (event.kind === "interrupt") interrupts.push(step);
    const mark = markOf(step, event);
    // A bug ends the recording and must not fall off the end of the list.
    if (mark !== null && (marks.length < MOST_MARKS || mark.kind === "bug")) marks.push(mark);
  }
  const starts = index.tracks.map(({ start }) => start).filter((start) => start >= 0);
  return {
    length,
    first: starts.reduce((least, start) => Math.min(least, start), starts[0] ?? 0),
    lanes: packInt32s(slots),
    segments: packInt32s(segments.flat()),
    interrupts: packInt32s(thin(interrupts, MOST_INTERRUPTS, length)),
    marks,
    grain,
  };
}
