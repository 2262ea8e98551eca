/** What the tracepoints tell of one request, from the queue to its end. */
import type { request } from "../core/linux/request.js";
import type { RequestSegment } from "./state.js";

/** The columns of a `RequestTrack`'s grants: when each of these happened to a grant. */
export const GrantColumn = {
  taken: 0,
  copied: 1,
  written: 2,
  moved: 3,
  copiedBack: 4,
  returned: 5,
} as const;
export type GrantColumn = (typeof GrantColumn)[keyof typeof GrantColumn];
const COLUMNS = 6;

export interface FrameTrack {
  n: number;
  gref: number;
  /** First step at which the frame is granted. */
  step: number;
  fresh: boolean;
  /** Physical address of its bytes. */
  address: number;
}

/** Steps are the first at which it has happened; -1 for what never does. */
export interface RequestTrack {
  readonly key: string;
  readonly ordinal: number;
  readonly nr: number;
  readonly part: number;
  /** Only what never changes may be read: the object is that of the recording's end. */
  readonly req: request;
  readonly segments: RequestSegment[];
  readonly grants: number;
  id: number;
  slot: number;
  maxGrefs: number;
  reserved: number;
  start: number;
  idTaken: number;
  firstGrant: number;
  queued: number;
  pushed: number;
  backend: number;
  response: number;
  taken: number;
  end: number;
  error: number;
  rejected: boolean;
  readonly frames: FrameTrack[];
  /** For each grant and column the event's place in the tracepoints, and the first step after it; or -1. */
  readonly events: Int32Array;
  readonly eventSteps: Int32Array;
  /** For each grant its reference and whether it was new; 0 before it has one. */
  readonly grefs: Int32Array;
  readonly fresh: Uint8Array;
  /** Steps at which something happened to it, and to which grant (or -1), in order. */
  readonly touchSteps: number[];
  readonly touchGrants: number[];
}

/** The runs of a request cut at Xen page boundaries, as `gnttab_foreach_grant` will. */
export function segmentsOf(req: request): RequestSegment[] {
  let firstGrant = 0;
  return req.segments.map(({ page, offset, length }) => {
    const grants = Math.ceil((offset + length) / 4096) - Math.floor(offset / 4096);
    const segment = { page, offset, length, firstGrant, grants };
    firstGrant += grants;
    return segment;
  });
}

export interface GrantSpan {
  /** The caller's Xen frame. */
  gfn: number;
  /** Bytes from the beginning of that frame. */
  offset: number;
  length: number;
}

/** Where a grant's bytes lie in the caller's memory; `perPage` Xen pages are in a Linux page. */
export function spanOf(track: RequestTrack, grant: number, perPage: number): GrantSpan {
  for (const segment of track.segments) {
    if (grant >= segment.firstGrant + segment.grants) continue;
    const chunk = Math.floor(segment.offset / 4096) + grant - segment.firstGrant;
    const from = Math.max(segment.offset, chunk * 4096);
    const to = Math.min(segment.offset + segment.length, (chunk + 1) * 4096);
    return { gfn: segment.page * perPage + chunk, offset: from % 4096, length: to - from };
  }
  return { gfn: 0, offset: 0, length: 0 };
}

/**
 * What a person calls a request: the scenario's numbers of all that was merged into it, and which of several
 * requests it is that were made of one.
 */
export function requestName(req: request): string {
  if (req.serves !== null) return `${req.nr}, the flush of it`;
  const merged = [...new Set(req.bio.map(({ nr }) => nr))];
  if (merged.length > 1) return merged.join(" + ");
  return req.parts > 1 ? `${req.nr}, part ${req.part + 1} of ${req.parts}` : String(req.nr);
}

/** The name of a request in messages. */
export function requestKey(req: { nr: number; part: number }): string {
  return `${req.nr}.${req.part}`;
}

export function newTrack(req: request, ordinal: number): RequestTrack {
  const segments = segmentsOf(req);
  const grants = segments.reduce((sum, segment) => sum + segment.grants, 0);
  return {
    key: requestKey(req),
    ordinal,
    nr: req.nr,
    part: req.part,
    req,
    segments,
    grants,
    id: -1,
    slot: -1,
    maxGrefs: 0,
    reserved: 0,
    start: -1,
    idTaken: -1,
    firstGrant: -1,
    queued: -1,
    pushed: -1,
    backend: -1,
    response: -1,
    taken: -1,
    end: -1,
    error: 0,
    rejected: false,
    frames: [],
    events: new Int32Array(grants * COLUMNS).fill(-1),
    eventSteps: new Int32Array(grants * COLUMNS).fill(-1),
    grefs: new Int32Array(grants),
    fresh: new Uint8Array(grants),
    touchSteps: [],
    touchGrants: [],
  };
}

/** The place in the tracepoints of what happened to a grant, or -1. */
export function grantEvent(track: RequestTrack, grant: number, column: GrantColumn): number {
  return track.events[grant * COLUMNS + column] ?? -1;
}

/** The first step at which something has happened to a grant, or -1. */
export function grantStep(track: RequestTrack, grant: number, column: GrantColumn): number {
  return track.eventSteps[grant * COLUMNS + column] ?? -1;
}

/** Notes an event of a grant; the first one counts, so that a repeated response changes nothing. */
export function noteGrantEvent(
  track: RequestTrack,
  grant: number,
  column: GrantColumn,
  place: number,
  step: number,
): void {
  const at = grant * COLUMNS + column;
  if (track.events[at] !== -1) return;
  track.events[at] = place;
  track.eventSteps[at] = step;
}
