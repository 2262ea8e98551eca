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
  noteGrantEvent,
  type RequestTrack,
  requestKey,
} from "./request-track.js";

export interface RequestIndex {
  readonly tracks: readonly RequestTrack[];
  readonly byKey: ReadonlyMap<string, RequestTrack>;
  readonly events: TraceView;
  /** First steps after something happened to some request, in order, and which one it was. */
  readonly touchSteps: readonly number[];
  readonly touchTracks: readonly number[];
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
  readonly byKey = new Map<string, RequestTrack>();
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

  private trackOf(place: number): RequestTrack | undefined {
    const req = this.requests[place];
    if (req === undefined) return undefined;
    const key = requestKey(req);
    let track = this.byKey.get(key);
    if (track === undefined) {
      track = newTrack(req, this.tracks.length);
      this.tracks.push(track);
      this.byKey.set(key, track);
    }
    return track;
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
    const track = this.trackOf(event.req);
    if (track === undefined) return;
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
      track.end = step;
      track.error = event.error;
      track.rejected = event.why === "rejected";
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
  const { tracks, byKey, touchSteps, touchTracks } = gatherer;
  return { tracks, byKey, events, touchSteps, touchTracks };
}
