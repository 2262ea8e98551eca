/** Every request of a recording with what happened to it, gathered in one pass over the tracepoints. */
import type { request } from "../core/linux/request.js";
import type {
  RecordedEvent,
  RecordedEventOf as EventOf,
  RecordingView,
  TraceView,
} from "./recording.js";
import {
  GrantColumn,
  newTrack,
  numbersOf,
  noteGrantEvent,
  type RequestTrack,
  requestKey,
} from "./request-track.js";

export interface RequestIndex {
  /** In the order in which something first happened to them; then those to which nothing does. */
  readonly tracks: readonly RequestTrack[];
  /** The tracks of each request, in order of time: more than one where it was put back whole. */
  readonly byKey: ReadonlyMap<string, readonly RequestTrack[]>;
  readonly events: TraceView;
  /** First steps after something happened to some request, in order, and which one it was. */
  readonly touchSteps: readonly number[];
  readonly touchTracks: readonly number[];
}

/** The track of a request that a step belongs to. */
export function trackOf(index: RequestIndex, key: string, step: number): RequestTrack | undefined {
  const tracks = index.byKey.get(key);
  return tracks?.findLast(({ from }) => from <= step) ?? tracks?.[0];
}

/** The events that have happened just before a step, in order. */
export function eventsAt(events: TraceView, step: number): RecordedEvent[] {
  let low = 0;
  let high = events.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (events.at(middle).step < step) low = middle + 1;
    else high = middle;
  }
  const found: RecordedEvent[] = [];
  for (let place = low; place < events.length; place++) {
    const { step: at, event } = events.at(place);
    if (at !== step) break;
    found.push(event);
  }
  return found;
}

/** How many of `sorted` are less than or equal to `limit`. */
export function countUpTo(sorted: ArrayLike<number>, limit: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as number) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

class Gatherer {
  readonly tracks: RequestTrack[] = [];
  readonly byKey = new Map<string, RequestTrack[]>();
  readonly touchSteps: number[] = [];
  readonly touchTracks: number[] = [];
  /** Who holds, or held last, a shadow id. */
  private readonly owners = new Map<number, RequestTrack>();
  /** Whose page a reference grants now. */
  private readonly grefs = new Map<number, { track: RequestTrack; grant: number }>();
  private readonly unpushed = new Set<RequestTrack>();

  constructor(private readonly requests: readonly request[]) {}

  add(place: number, step: number, event: RecordedEvent): void {
    switch (event.kind) {
      case "request_start":
      case "request_busy":
      case "request_requeue":
      case "request_id":
      case "request_queued":
      case "request_end":
        this.ofRequest(step, event);
        break;
      case "indirect_frame":
      case "grant_taken":
      case "segment_written":
      case "bytes_copied":
      case "grant_released":
      case "backend_response":
      case "response_taken":
      case "id_recycled":
        this.ofId(place, step, event);
        break;
      case "backend_map":
      case "backend_unmap":
      case "backend_io":
        this.ofReference(place, step, event);
        break;
      case "requests_pushed":
        for (const track of this.unpushed) track.pushed = step;
        this.unpushed.clear();
        break;
      default:
    }
  }

  private touch(track: RequestTrack, step: number, grant: number): void {
    track.touchSteps.push(step);
    track.touchGrants.push(grant);
    this.touchSteps.push(step);
    this.touchTracks.push(track.ordinal);
  }

  /** The track of a request, the latest one. @param place among the machine's requests */
  private trackOf(place: number): RequestTrack | undefined {
    const req = this.requests[place];
    if (req === undefined) return undefined;
    return this.byKey.get(requestKey(req))?.at(-1) ?? this.begin(req, place, 0);
  }

  private begin(req: request, place: number, from: number): RequestTrack {
    const track = newTrack(req, this.tracks.length, place, from);
    this.tracks.push(track);
    const tracks = this.byKey.get(track.key);
    if (tracks === undefined) this.byKey.set(track.key, [track]);
    else tracks.push(track);
    return track;
  }

  /** Makes tracks of those to which nothing has happened: they wait to the end. */
  addWaiting(): void {
    this.requests.forEach((req, place) => {
      // One that has ended without the driver was the block layer's own.
      if (req.state !== "ended" && !this.byKey.has(requestKey(req))) this.begin(req, place, 0);
    });
  }

  private ofRequest(
    step: number,
    event: EventOf<
      | "request_start"
      | "request_busy"
      | "request_requeue"
      | "request_id"
      | "request_queued"
      | "request_end"
    >,
  ): void {
    let track = this.trackOf(event.req);
    if (track === undefined) return;
    if (event.kind === "request_requeue" && track.queued >= 0 && track.end < 0) {
      // It was on a ring that is gone, and goes on as if nothing had happened to it.
      track.left = step;
      track = this.begin(track.req, track.place, step);
    }
    if (track.start < 0) track.start = step;
    if (event.kind === "request_id") {
      track.id = event.id;
      track.slot = event.slot;
      track.maxGrefs = event.max_grefs;
      track.reserved = event.reserved;
      track.idTaken = step;
      this.owners.set(event.id, track);
    } else if (event.kind === "request_queued") {
      track.queued = step;
      this.unpushed.add(track);
    } else if (event.kind === "request_end") {
      if (track.end < 0) track.end = step;
      track.ends.push({ step, error: event.error, why: event.why });
    }
    this.touch(track, step, -1);
  }

  private ofId(
    place: number,
    step: number,
    event: EventOf<
      | "indirect_frame"
      | "grant_taken"
      | "segment_written"
      | "bytes_copied"
      | "grant_released"
      | "backend_response"
      | "response_taken"
      | "id_recycled"
    >,
  ): void {
    const track = this.owners.get(event.id);
    if (track === undefined) return;
    let grant = -1;
    switch (event.kind) {
      case "indirect_frame":
        if (track.firstGrant < 0) track.firstGrant = step;
        track.frames.push({
          n: event.n,
          gref: event.gref,
          step,
          fresh: event.fresh,
          address: event.addr,
        });
        this.grefs.set(event.gref, { track, grant: -1 });
        break;
      case "grant_taken":
        grant = event.grant_idx;
        if (track.firstGrant < 0) track.firstGrant = step;
        noteGrantEvent(track, grant, GrantColumn.taken, place, step);
        track.grefs[grant] = event.gref;
        track.fresh[grant] = event.fresh ? 1 : 0;
        this.grefs.set(event.gref, { track, grant });
        break;
      case "segment_written":
        grant = event.grant_idx;
        noteGrantEvent(track, grant, GrantColumn.written, place, step);
        break;
      case "bytes_copied":
        grant = event.grant_idx;
        noteGrantEvent(
          track,
          grant,
          event.way === "in" ? GrantColumn.copied : GrantColumn.copiedBack,
          place,
          step,
        );
        break;
      case "grant_released":
        this.grefs.delete(event.gref);
        if (event.indirect) break;
        grant = event.grant_idx;
        noteGrantEvent(track, grant, GrantColumn.returned, place, step);
        break;
      case "backend_response":
        if (track.response < 0) track.response = step;
        if (track.backend < 0) track.backend = step;
        break;
      case "response_taken":
        if (track.taken < 0) track.taken = step;
        break;
      case "id_recycled":
        break;
    }
    this.touch(track, step, grant);
  }

  private ofReference(
    place: number,
    step: number,
    event: EventOf<"backend_map" | "backend_unmap" | "backend_io">,
  ): void {
    const holder = this.grefs.get(event.gref);
    if (holder === undefined) return;
    const { track, grant } = holder;
    if (track.backend < 0 && event.kind !== "backend_unmap") track.backend = step;
    if (event.kind === "backend_io" && grant >= 0)
      noteGrantEvent(track, grant, GrantColumn.moved, place, step);
    this.touch(track, step, grant);
  }
}

/** How many requests there were when a resume took the bios of some. */
type Resumes = ReadonlyMap<RequestTrack, number>;

/**
 * The numbers of the bios that a resume has taken from requests: they are known just before. One moment shows
 * those of all that one resume has recovered.
 */
function restoreNumbers(recording: RecordingView, tracks: readonly RequestTrack[]): Resumes {
  const resumes = new Map<RequestTrack, number>();
  let seen: readonly request[] = [];
  for (const track of tracks) {
    const [end] = track.ends;
    if (end?.why !== "recover") continue;
    if ((seen[track.place]?.bio.length ?? 0) === 0) {
      // The statement that empties the list of bios, and the end itself, lie between.
      seen = recording.momentAt(Math.max(0, end.step - 2)).machine.requests;
    }
    const req = seen[track.place];
    if (req !== undefined) track.role = { ...track.role, nrs: numbersOf(req) };
    resumes.set(track, seen.length);
  }
  return resumes;
}

/** Numbers the requests that were made of one: at first, and anew after each resume. */
function nameParts(tracks: readonly RequestTrack[], resumes: Resumes): void {
  const families = new Map<number, RequestTrack[]>();
  for (const track of tracks) {
    // A second time on a ring is the same part, and a flush is none.
    if (track.from > 0 || track.role.flushes !== null) continue;
    const { nr } = track.req;
    families.set(nr, [...(families.get(nr) ?? []), track]);
  }
  for (const family of families.values()) {
    if (family.length === 1) continue;
    let left = family.toSorted((a, b) => a.place - b.place);
    for (let anew = false; left.length > 0; anew = true) {
      // What was made before the first resume that took one of them; the first of them was.
      const resume = Math.min(...left.map((track) => resumes.get(track) ?? Infinity));
      const made = Math.max(resume, (left[0]?.place ?? 0) + 1);
      const generation = left.filter(({ place }) => place < made);
      generation.forEach((track, part) => {
        track.role = { ...track.role, part, parts: generation.length, anew };
      });
      left = left.filter(({ place }) => place >= made);
    }
  }
}

/** Gathers the requests of a recording; takes time in proportion to its tracepoints, once. */
export function indexRequests(recording: RecordingView): RequestIndex {
  const events = recording.tracepoints;
  // The last moment knows every request; what is read of them never changes.
  const last = recording.length > 0 ? recording.momentAt(recording.length - 1) : null;
  const gatherer = new Gatherer(last?.machine.requests ?? []);
  for (let place = 0; place < events.length; place++) {
    const { step, event } = events.at(place);
    gatherer.add(place, step, event);
  }
  gatherer.addWaiting();
  const { tracks, byKey, touchSteps, touchTracks } = gatherer;
  nameParts(tracks, restoreNumbers(recording, tracks));
  for (const [first, ...others] of byKey.values()) {
    for (const track of others) if (first !== undefined) track.role = first.role;
  }
  return { tracks, byKey, events, touchSteps, touchTracks };
}
