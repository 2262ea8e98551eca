/** The request: what it is, how its bytes lie in pages, and how far each of its grants has come. */
import { REQ_FLUSH, REQ_FUA, flushes_for_another, type request } from "../../core/linux/request.js";
import { BLKIF_MAX_SEGMENTS_PER_REQUEST } from "../../core/xen/blkif.js";
import { packInt32s } from "../pack.js";
import { GrantColumn, grantStep, type RequestTrack } from "../request-track.js";
import type { Scene } from "../scene.js";
import {
  GrantState,
  type Operation,
  type RequestPhase,
  type RequestProgress,
  type RequestSegment,
  type RequestSummary,
} from "../state.js";

/** Chunks of 4 KB of the touched Linux pages in which no byte of the request lies. */
function chunksNotSent(segments: readonly RequestSegment[], pageSize: number): number {
  const perPage = pageSize / 4096;
  const used = new Map<number, Set<number>>();
  for (const { page, offset, grants } of segments) {
    const chunks = used.get(page) ?? new Set<number>();
    used.set(page, chunks);
    const first = Math.floor(offset / 4096);
    for (let chunk = first; chunk < first + grants; chunk++) chunks.add(chunk);
  }
  let empty = 0;
  for (const chunks of used.values()) empty += perPage - chunks.size;
  return empty;
}

/** The step that set each grant up, packed; it is the same at every moment. */
export function grantSteps(track: RequestTrack): Uint8Array {
  const steps = new Int32Array(track.grants);
  for (let grant = 0; grant < track.grants; grant++) {
    steps[grant] = grantStep(track, grant, GrantColumn.taken);
  }
  return packInt32s(steps);
}

interface Layout {
  readonly steps: Uint8Array;
  readonly chunksNotSent: number;
}

const layouts = new WeakMap<RequestTrack, Layout>();

/** What of a request's layout takes time to work out, once. */
function layoutOf(track: RequestTrack, pageSize: number): Layout {
  let layout = layouts.get(track);
  if (layout === undefined) {
    layout = {
      steps: grantSteps(track),
      chunksNotSent: chunksNotSent(track.segments, pageSize),
    };
    layouts.set(track, layout);
  }
  return layout;
}

/** What a request does; a step of another one's flush sequence flushes. */
export function operationOf(req: request): Operation {
  return flushes_for_another(req) ? "flush" : req.settings.op;
}

/** The request's header and its layout; null without a request. */
export function summarize(scene: Scene): RequestSummary | null {
  const { track, machine, step } = scene;
  if (track === null) return null;
  const { req, role } = track;
  const op = operationOf(req);
  const named = track.idTaken >= 0 && track.idTaken <= step;
  return {
    key: track.key,
    nrs: [...role.nrs],
    part: role.part,
    parts: role.parts,
    anew: role.anew,
    flushes: role.flushes,
    op,
    fua: (req.cmd_flags & REQ_FUA) !== 0,
    preflush: op !== "flush" && (req.cmd_flags & REQ_FLUSH) !== 0,
    sector: Math.max(0, req.__sector),
    sectors: req.__data_len / 512,
    // Who has it open still knows it by its name when the driver has let go of it.
    disk: (machine.info.gd ?? machine.gd)?.disk_name ?? "no disk",
    captureLine: req.settings.line ?? null,
    shadowId: named ? track.id : null,
    slot: named ? track.slot : null,
    form:
      track.grants === 0
        ? "none"
        : track.grants > BLKIF_MAX_SEGMENTS_PER_REQUEST
          ? "indirect"
          : "direct",
    persistent: machine.info.feature_persistent,
    pageSize: machine.kernel.PAGE_SIZE,
    segments: track.segments,
    grants: track.grants,
    ...layoutOf(track, machine.kernel.PAGE_SIZE),
    pinned: scene.choices.request === track.key,
  };
}

/** How far a request has come when `step` is about to run. */
export function phaseAt(track: RequestTrack, step: number): RequestPhase {
  const past = (at: number): boolean => at >= 0 && at <= step;
  if (past(track.end)) return track.ends[0]?.why === "recover" ? "set aside" : "ended";
  if (past(track.taken)) return "completion";
  if (past(track.response)) return "answered";
  if (past(track.backend)) return "back end";
  if (past(track.queued)) return "queued";
  if (past(track.firstGrant)) return "grants";
  return past(track.start) ? "started" : "waiting";
}

const STAGES: readonly (readonly [GrantColumn, GrantState])[] = [
  [GrantColumn.returned, GrantState.returned],
  [GrantColumn.copiedBack, GrantState.copiedBack],
  [GrantColumn.moved, GrantState.moved],
  [GrantColumn.written, GrantState.written],
  [GrantColumn.copied, GrantState.copied],
  [GrantColumn.taken, GrantState.taken],
];

/** The stage that a grant has reached when `step` is about to run. */
export function grantStateAt(track: RequestTrack, grant: number, step: number): GrantState {
  for (const [column, state] of STAGES) {
    const at = grantStep(track, grant, column);
    if (at >= 0 && at <= step) return state;
  }
  return GrantState.waiting;
}

/** The state of every grant; null without a request. */
export function progressOf(scene: Scene): RequestProgress | null {
  const { track, step } = scene;
  if (track === null) return null;
  const states = new Uint8Array(track.grants);
  const grefs = new Int32Array(track.grants);
  for (let grant = 0; grant < track.grants; grant++) {
    const state = grantStateAt(track, grant, step);
    states[grant] = state;
    if (state !== GrantState.waiting) grefs[grant] = track.grefs[grant] ?? 0;
  }
  const phase = phaseAt(track, step);
  const past = track.ends.filter((end) => end.step <= step);
  return {
    key: track.key,
    phase,
    error: phase === "ended" ? (past.at(-1)?.error ?? null) : null,
    ends: past.length,
    never: past.length === 0 && step === scene.recording.length - 1,
    states,
    grefs: packInt32s(grefs),
    current: scene.grant,
  };
}
