/**
 * Puts the events of each request together. Between a task's `queue_rq` and `queue_rq_ret` come the
 * block layer's `block_rq_issue` and one `grant` for each piece of the buffer. Each of these can be
 * missing: a kprobe that fires while another one is handled is missed, and a capture begins and ends
 * in the middle of things.
 */

import { NO_SECTOR } from "../../core/linux/request.js";
import { SECTOR_BYTES } from "../driver-limits.js";
import { kindOfFlags, kindOfRwbs, type RequestKind } from "./request-flags.js";
import {
  type BlockIssueEvent,
  type GrantEvent,
  type QueueEvent,
  type TraceEvent,
} from "./trace-event.js";

/** A `grant` event with the references that were granted for it. */
export interface CapturedGrant {
  event: GrantEvent;
  newReferences: number[];
}

export interface CapturedRequest {
  /** Line of the first event of the request. */
  line: number;
  /** Position of that event among all events. */
  begun: number;
  queued: QueueEvent | null;
  issued: BlockIssueEvent | null;
  grants: CapturedGrant[];
  /** What the driver answered to the block layer; null when its return was not seen. */
  status: number | null;
  /** Position of that return; null when it was not seen. */
  returned: number | null;
  /**
   * Position at which the request went to the ring: its first grant. For a request without grants it
   * is the return of `queue_rq`, unless the ring index of an interrupt shows that it was earlier.
   */
  submitted: number;
}

/** Sector where the request begins; `NO_SECTOR` for an empty flush; null when unknown. */
export function sectorOf(request: CapturedRequest): number | null {
  const kind = kindOf(request);
  if (kind?.op === "flush") return NO_SECTOR;
  return request.queued?.sector ?? request.issued?.sector ?? grantSector(request);
}

function grantSector(request: CapturedRequest): number | null {
  return request.grants[0]?.event.sector ?? null;
}

/** Bytes of the request as the block layer knows it; null when only its grants were seen. */
export function bytesOf(request: CapturedRequest): number | null {
  if (request.queued?.bytes !== null && request.queued !== null) return request.queued.bytes;
  return request.issued ? request.issued.sectors * SECTOR_BYTES : null;
}

/** Bytes of the pieces that were seen. */
export function grantedBytes(request: CapturedRequest): number {
  return request.grants.reduce((sum, grant) => sum + grant.event.length, 0);
}

/** Operation and flags; null when they are unknown or not the driver's. */
export function kindOf(request: CapturedRequest): RequestKind | null {
  const flags = request.queued?.flags;
  if (flags !== undefined && flags !== null) return kindOfFlags(flags);
  if (request.issued) return kindOfRwbs(request.issued.rwbs);
  const op = request.grants[0]?.event.innerOp;
  if (op === 0) return { op: "read", fua: false, preflush: false };
  if (op === 1) return { op: "write", fua: false, preflush: false };
  return null;
}

/** Virtual device number from the grants; null when there are none. */
export function vdevOf(request: CapturedRequest): number | null {
  for (const grant of request.grants) {
    if (grant.event.vdev !== null) return grant.event.vdev;
  }
  return null;
}

/** The driver could not take it (ring full, no references): it comes again, with a new `queue_rq`. */
const COMES_AGAIN = new Set([9, 12, 13]);

export function isPutBack(request: CapturedRequest): boolean {
  return request.status !== null && COMES_AGAIN.has(request.status);
}

/** The driver refused it: it never went to the ring. */
export function isRefused(request: CapturedRequest): boolean {
  return request.status !== null && request.status !== 0 && !isPutBack(request);
}

function newRequest(line: number, begun: number): CapturedRequest {
  return {
    line,
    begun,
    queued: null,
    issued: null,
    grants: [],
    status: null,
    returned: null,
    submitted: begun,
  };
}

function issueFits(request: CapturedRequest, event: BlockIssueEvent): boolean {
  if (request.issued) return false;
  const { queued } = request;
  if (queued === null || queued.sector === null || queued.bytes === null) return true;
  if (queued.sector === NO_SECTOR) return event.sectors === 0;
  return queued.sector === event.sector && queued.bytes === event.sectors * SECTOR_BYTES;
}

function grantFits(request: CapturedRequest, event: GrantEvent): boolean {
  if (event.index === 0 && request.grants.length > 0) return false;
  const sector = request.grants.length > 0 ? grantSector(request) : sectorOf(request);
  return sector === null || event.sector === null || sector === event.sector;
}

/** The idle tasks of all processors have the pid 0. */
function taskOf(event: TraceEvent): string {
  return event.pid === 0 ? `idle/${event.cpu}` : String(event.pid);
}

/** All requests of the capture, of all disks, in the order in which they were first seen. */
export function assembleRequests(events: readonly TraceEvent[]): CapturedRequest[] {
  const requests: CapturedRequest[] = [];
  const open = new Map<string, CapturedRequest>();
  const begin = (event: TraceEvent, at: number): CapturedRequest => {
    const request = newRequest(event.line, at);
    requests.push(request);
    open.set(taskOf(event), request);
    return request;
  };
  events.forEach((event, at) => {
    const current = open.get(taskOf(event));
    switch (event.kind) {
      case "queue":
        begin(event, at).queued = event;
        return;
      case "block-issue":
        (current && issueFits(current, event) ? current : begin(event, at)).issued = event;
        return;
      case "grant": {
        const request = current && grantFits(current, event) ? current : begin(event, at);
        if (request.grants.length === 0) request.submitted = at;
        request.grants.push({ event, newReferences: [] });
        return;
      }
      case "new-reference":
        // In an interrupt another device's driver may grant something.
        if (event.inInterrupt !== true) current?.grants.at(-1)?.newReferences.push(event.gref);
        return;
      case "queue-return":
        if (!current) return;
        current.status = event.status;
        current.returned = at;
        if (current.grants.length === 0) current.submitted = at;
        open.delete(taskOf(event));
        return;
      default:
        return;
    }
  });
  return requests;
}
