/** What the tracepoints tell of one request, from the queue to its end. */
import { flushes_for_another, type request } from "../core/linux/request.js";
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

/** An end of a request: there can be two when the back end is faulty. */
export interface RequestEnd {
  readonly step: number;
  readonly error: number;
  readonly why: "complete" | "rejected" | "recover";
}

/** What a request is to those that were made of the same bios. */
export interface RequestRole {
  /** The scenario's numbers of the bios that it is made of; its own where it has none. */
  readonly nrs: readonly number[];
  /** Which of the requests it is that were made of one, from 0, and how many there are. */
  readonly part: number;
  readonly parts: number;
  /** It was made after a resume, of bios that another request has had. */
  readonly anew: boolean;
  /** The number of the request whose flush sequence it is a step of, or null. */
  readonly flushes: number | null;
}

/**
 * What happened to one request, from the queue to its end. One that was put back whole, and lies on another ring
 * later, has a track for each time. Steps are the first at which it has happened; -1 for what never does.
 */
export interface RequestTrack {
  readonly key: string;
  readonly ordinal: number;
  /** Its place among the machine's requests. */
  readonly place: number;
  /** The first step that it tells of. */
  readonly from: number;
  /** Only what never changes may be read: the object is that of the recording's end. */
  readonly req: request;
  role: RequestRole;
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
  /** Its first end; all of them are in `ends`. */
  end: number;
  readonly ends: RequestEnd[];
  /** It was taken off the ring without an answer, and put back into the queue. */
  left: number;
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

/** The scenario's numbers of what was merged into a request, as it stands; its own where it has no bios. */
export function numbersOf(req: request): number[] {
  const merged = [...new Set(req.bio.map(({ nr }) => nr))];
  return merged.length === 0 ? [req.nr] : merged;
}

/** What a person calls a request: by its numbers, and which of several it is. */
export function roleName({ nrs, part, parts, flushes }: RequestRole): string {
  if (flushes !== null) return `${flushes} (its flush)`;
  const name = nrs.join(" + ");
  return parts > 1 ? `${name} (part ${part + 1} of ${parts})` : name;
}

/** The name of a request in messages. */
export function requestKey(req: { nr: number; part: number }): string {
  return `${req.nr}.${req.part}`;
}

/** @param place of the request among the machine's; `from`: the first step that the track tells of */
export function newTrack(req: request, ordinal: number, place: number, from: number): RequestTrack {
  const segments = segmentsOf(req);
  const grants = segments.reduce((sum, segment) => sum + segment.grants, 0);
  return {
    key: requestKey(req),
    ordinal,
    place,
    from,
    req,
    role: {
      nrs: numbersOf(req),
      part: 0,
      parts: 1,
      anew: false,
      flushes: flushes_for_another(req) ? req.nr : null,
    },
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
    ends: [],
    left: -1,
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
