/** The events of a capture that the import { NO_SECTOR } from "../../core/linux/request.js";
import uses, with their fields. */

import { NO_SECTOR } from "../../core/linux/request.js";
import {
  fieldNumber,
  fieldText,
  parseTraceLine,
  type TraceLine,
  type TracePlace,
} from "./trace-line.js";

/** The driver is handed a request (`blkif_queue_rq`). */
export interface QueueEvent extends TracePlace {
  kind: "queue";
  rq: string | null;
  sector: number | null;
  bytes: number | null;
  /** `cmd_flags`. */
  flags: number | null;
  /** `nr_phys_segments`. */
  segments: number | null;
}

/** The driver has queued the request, or has not. */
export interface QueueReturnEvent extends TracePlace {
  kind: "queue-return";
  /** `blk_status_t`; 0 is success. */
  status: number;
}

/** Entry of the function that sets up one grant. */
export interface GrantEvent extends TracePlace {
  kind: "grant";
  /** Number of the 4 KB frame of this piece of the buffer. */
  gfn: number;
  /** Bytes from the beginning of the frame. */
  offset: number;
  /** Bytes. */
  length: number;
  /** Position of the grant in the request. */
  index: number | null;
  /** Id of the shadow entry. */
  id: number | null;
  /** Operation of the ring request; 6 is an indirect one. */
  op: number | null;
  /** Read or write, of a direct or an indirect request. */
  innerOp: number | null;
  sector: number | null;
  vdev: number | null;
  /** References of the first two entries of the driver's list; null where the entry has none. */
  next: (number | null)[] | null;
  /** `persistent_gnts_c`. */
  live: number | null;
  /** The first of the references that were reserved for the request; null when none were. */
  reserved: number | null;
}

/** A reference is granted. */
export interface NewReferenceEvent extends TracePlace {
  kind: "new-reference";
  gref: number;
}

/** The driver tries to end a grant. */
export interface EndReferenceEvent extends TracePlace {
  kind: "end-reference";
  gref: number;
  /** Address of the caller. */
  caller: string | null;
}

export interface EndReferenceReturnEvent extends TracePlace {
  kind: "end-reference-return";
  /** False: the back end still maps the grant. */
  ended: boolean;
  /** The function that called. */
  caller: string;
}

export interface InterruptEvent extends TracePlace {
  kind: "interrupt";
  ring: string | null;
  vdev: number | null;
  /** The front end's private `req_prod_pvt`. */
  requestsProduced: number | null;
  responsesConsumed: number | null;
  responsesProduced: number | null;
  /** Entries of the ring. */
  entries: number | null;
}

export interface InterruptReturnEvent extends TracePlace {
  kind: "interrupt-return";
}

/** The driver ends a request (`blkif_complete_rq`). */
export interface CompleteEvent extends TracePlace {
  kind: "complete";
  rq: string | null;
  sector: number | null;
  bytes: number | null;
}

/** The block layer hands a request down. */
export interface BlockIssueEvent extends TracePlace {
  kind: "block-issue";
  /** `major,minor`. */
  device: string;
  rwbs: string;
  sector: number;
  sectors: number;
}

/** The block layer sees a request end. */
export interface BlockCompleteEvent extends TracePlace {
  kind: "block-complete";
  device: string;
  rwbs: string;
  sector: number;
  sectors: number;
  /** 0, or a negative errno. */
  error: number;
}

/** Somebody wrote `start NAME` into the trace. */
export interface MarkEvent extends TracePlace {
  kind: "mark";
  text: string;
}

/** The back end's state changed, so the connection may have been made anew. */
export interface StateEvent extends TracePlace {
  kind: "state";
  state: number;
}

export type TraceEvent =
  | QueueEvent
  | QueueReturnEvent
  | GrantEvent
  | NewReferenceEvent
  | EndReferenceEvent
  | EndReferenceReturnEvent
  | InterruptEvent
  | InterruptReturnEvent
  | CompleteEvent
  | BlockIssueEvent
  | BlockCompleteEvent
  | MarkEvent
  | StateEvent;

/** An event that has lost a field which it cannot do without. */
export type DamagedLine = { kind: "damaged"; line: number; event: string };

const UINT64_MAX = "18446744073709551615";
const NO_REFERENCE = 0xffffffff;

function sectorOf(text: string | null): number | null {
  if (text === null) return null;
  if (text === UINT64_MAX) return NO_SECTOR;
  const value = Number(text);
  return Number.isSafeInteger(value) && value >= 0 ? value : null;
}

function sectorField(rest: string): number | null {
  return sectorOf(fieldText(rest, "sector"));
}

/** A reference, or null for the marks that kernels use for none: 0 and 0xffffffff. */
function reference(value: number | null): number | null {
  return value === null || value <= 0 || value === NO_REFERENCE ? null : value;
}

/** Byte 1 of the ring request: `indirect_op` when byte 0, the operation, is 6. */
function innerOperation(rest: string): number | null {
  const word = fieldText(rest, "w0");
  if (word === null || !/^0x[0-9a-f]+$/i.test(word)) return null;
  const low = parseInt(word.slice(2).slice(-4), 16);
  const op = low & 0xff;
  return op === 6 ? low >> 8 : op;
}

function readGrant(at: TraceLine): GrantEvent | null {
  const gfn = fieldNumber(at.rest, "gfn");
  const offset = fieldNumber(at.rest, "off");
  const length = fieldNumber(at.rest, "len");
  if (gfn === null || offset === null || length === null) return null;
  const next0 = fieldNumber(at.rest, "next0");
  return {
    ...at.place,
    kind: "grant",
    gfn,
    offset,
    length,
    index: fieldNumber(at.rest, "idx"),
    id: fieldNumber(at.rest, "id"),
    op: fieldNumber(at.rest, "op"),
    innerOp: innerOperation(at.rest),
    sector: sectorField(at.rest),
    vdev: fieldNumber(at.rest, "vdev"),
    next: next0 === null ? null : [reference(next0), reference(fieldNumber(at.rest, "next1"))],
    live: fieldNumber(at.rest, "pgnts"),
    reserved: reference(fieldNumber(at.rest, "head")),
  };
}

/* 202,0 WS 5632 () 7 + 11 [fio]   (newer kernels: 7 + 11 none,0,0 [fio]) */
const BLOCK_ISSUE = /^(\d+,\d+) ([A-Z]+) \d+ \(.*?\) (\d+) \+ (\d+)(?: |$)/;
/* 202,0 WS () 7 + 11 [0] */
const BLOCK_COMPLETE = /^(\d+,\d+) ([A-Z]+) \(.*?\) (\d+) \+ (\d+) .*\[(-?\d+)\]$/;

function readBlockIssue(at: TraceLine): BlockIssueEvent | null {
  const match = BLOCK_ISSUE.exec(at.rest);
  const sector = sectorOf(match?.[3] ?? null);
  if (!match || sector === null) return null;
  const [, device = "", rwbs = "", , sectors] = match;
  return { ...at.place, kind: "block-issue", device, rwbs, sector, sectors: Number(sectors) };
}

function readBlockComplete(at: TraceLine): BlockCompleteEvent | null {
  const match = BLOCK_COMPLETE.exec(at.rest);
  const sector = sectorOf(match?.[3] ?? null);
  if (!match || sector === null) return null;
  const [, device = "", rwbs = "", , sectors, error] = match;
  return {
    ...at.place,
    kind: "block-complete",
    device,
    rwbs,
    sector,
    sectors: Number(sectors),
    error: Number(error),
  };
}

function readEvent(at: TraceLine): TraceEvent | null | undefined {
  const { rest } = at;
  switch (at.event) {
    case "queue_rq":
      return {
        ...at.place,
        kind: "queue",
        rq: fieldText(rest, "rq"),
        sector: sectorField(rest),
        bytes: fieldNumber(rest, "bytes"),
        flags: fieldNumber(rest, "flags"),
        segments: fieldNumber(rest, "segs"),
      };
    case "queue_rq_ret": {
      const status = fieldNumber(rest, "sts");
      return status === null ? null : { ...at.place, kind: "queue-return", status };
    }
    case "grant":
      return readGrant(at);
    case "new_gref": {
      const gref = fieldNumber(rest, "gref");
      return gref === null ? null : { ...at.place, kind: "new-reference", gref };
    }
    case "end_gref": {
      const gref = fieldNumber(rest, "gref");
      if (gref === null) return null;
      return { ...at.place, kind: "end-reference", gref, caller: fieldText(rest, "caller") };
    }
    case "end_gref_ret": {
      const ended = fieldNumber(rest, "ended");
      if (ended === null) return null;
      const caller = /^\((\w+)/.exec(rest)?.[1] ?? "";
      return { ...at.place, kind: "end-reference-return", ended: ended !== 0, caller };
    }
    case "irq":
      return {
        ...at.place,
        kind: "interrupt",
        ring: fieldText(rest, "ring"),
        vdev: fieldNumber(rest, "vdev"),
        requestsProduced: fieldNumber(rest, "req_prod"),
        responsesConsumed: fieldNumber(rest, "rsp_cons"),
        responsesProduced: fieldNumber(rest, "rsp_prod"),
        entries: fieldNumber(rest, "entries"),
      };
    case "irq_ret":
      return { ...at.place, kind: "interrupt-return" };
    case "complete":
      return {
        ...at.place,
        kind: "complete",
        rq: fieldText(rest, "rq"),
        sector: sectorField(rest),
        bytes: fieldNumber(rest, "bytes"),
      };
    case "block_rq_issue":
      return readBlockIssue(at);
    case "block_rq_complete":
      return readBlockComplete(at);
    case "tracing_mark_write":
      return { ...at.place, kind: "mark", text: rest };
    case "state": {
      const state = fieldNumber(rest, "state");
      return state === null ? null : { ...at.place, kind: "state", state };
    }
    default:
      return undefined;
  }
}

/** Events that a line may hold without being of use here. */
export type OtherLine = { kind: "other"; line: number; event: string };

/** Reads one line of ftrace text; null when it is no event at all. */
export function parseTraceEvent(
  text: string,
  line: number,
): TraceEvent | DamagedLine | OtherLine | null {
  const at = parseTraceLine(text, line);
  if (!at) return null;
  const event = readEvent(at);
  if (event === null) return { kind: "damaged", line, event: at.event };
  return event ?? { kind: "other", line, event: at.event };
}
