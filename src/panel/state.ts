/**
 * What the panel shows of one moment, section by section. Plain data: it crosses to the webview as it is.
 * Numbers are bytes unless a name says sectors (512 bytes) or pages. Lists of numbers travel as bytes of
 * little-endian 32-bit integers, since one buffer is cheap to send and an array of objects is not.
 */

/** Little-endian int32s, packed. */
export type Int32s = Uint8Array;

/** What a person sees as one word of a sentence. Whatever names a thing lights that thing up. */
export type TextPart =
  | { kind: "text"; text: string }
  | { kind: "strong"; text: string }
  | { kind: "code"; text: string }
  | { kind: "gref"; gref: number }
  | { kind: "grant"; index: number }
  | { kind: "slot"; slot: number };

/** One sentence that says what the statement at the cursor is about to do. */
export interface Sentence {
  /** The function in which the statement stands. */
  function: string;
  parts: TextPart[];
  /** `warning`: something that the driver complains about; `bug`: the kernel stops here. */
  tone: "plain" | "warning" | "bug";
}

/** Where the cursor stands. */
export interface Position {
  step: number;
  /** Steps in the recording. */
  length: number;
  thread: "submit" | "interrupt" | "backend";
  /** The grant that the step belongs to, and how many the request has. */
  grant: number | null;
  grants: number;
  /** The file name and line of the statement. */
  file: string;
  line: number;
}

/** One run of bytes of the request in one Linux page. */
export interface RequestSegment {
  /** Linux page frame number. */
  page: number;
  offset: number;
  length: number;
  /** Number of the segment's first grant in the request. */
  firstGrant: number;
  grants: number;
}

export type Operation = "read" | "write" | "flush" | "discard" | "secure-discard";

/** What does not change while the request lives. */
export interface RequestSummary {
  /** Names the request in messages. */
  key: string;
  /** The scenario's numbers of the bios that it is made of. */
  nrs: number[];
  /** Which part of them this is after the block layer cut them, from 0, and of how many. */
  part: number;
  parts: number;
  /** It was made after a resume, of bios that another request has had. */
  anew: boolean;
  /** The number of the request whose flush sequence it is a step of, or null. */
  flushes: number | null;
  op: Operation;
  fua: boolean;
  preflush: boolean;
  sector: number;
  sectors: number;
  disk: string;
  /** Line of the capture that it was read from. */
  captureLine: number | null;
  /** Shadow entry and ring slot; null before they are taken. */
  shadowId: number | null;
  slot: number | null;
  form: "direct" | "indirect" | "none";
  persistent: boolean;
  pageSize: number;
  segments: RequestSegment[];
  grants: number;
  /** Chunks of 4096 bytes of the touched Linux pages that hold no data of the request. */
  chunksNotSent: number;
  /** For each grant the step that set it up, or -1. */
  steps: Int32s;
  pinned: boolean;
}

/** How far one grant of a request has come. The order is the order of its life. */
export const GrantState = {
  waiting: 0,
  taken: 1,
  copied: 2,
  written: 3,
  moved: 4,
  copiedBack: 5,
  returned: 6,
} as const;
export type GrantState = (typeof GrantState)[keyof typeof GrantState];

/** How far the request has come; `set aside`: it has ended without its bios, which are submitted anew. */
export type RequestPhase =
  | "waiting"
  | "started"
  | "grants"
  | "queued"
  | "back end"
  | "answered"
  | "completion"
  | "ended"
  | "set aside";

export interface RequestProgress {
  key: string;
  phase: RequestPhase;
  /** The error that it ended with, 0 or a negative errno; null while it lives, and when it is set aside. */
  error: number | null;
  /** How often it has ended: more than once where the back end is faulty. */
  ends: number;
  /** The recording ends, and the request has not. */
  never: boolean;
  /** A `GrantState` for each grant, one byte each. */
  states: Uint8Array;
  /** The grant's reference for each grant, 0 before it has one. */
  grefs: Int32s;
  current: number | null;
}

export interface ShadowRow {
  /** Index in `grants_used`. */
  index: number;
  state: GrantState;
  /** Whether the reference was taken from the table for this request, or was still live in the list. */
  fresh: boolean;
  gref: number;
  /** Linux page and Xen frame that the reference grants. */
  page: number;
  gfn: number;
  /** Bytes from the beginning of the Xen page, and length. */
  offset: number;
  length: number;
  firstSector: number;
  lastSector: number;
  changed: boolean;
}

export interface IndirectGrant {
  n: number;
  gref: number;
  page: number;
  changed: boolean;
}

/** A list of which only a part is sent: item `from` and those after it. */
export interface Window<T> {
  total: number;
  from: number;
  items: T[];
}

export interface ShadowEntry {
  id: number;
  /** `num_sg`, and the request's segments when they are all that is known. */
  numSg: number;
  grantsUsed: number;
  inUse: boolean;
  indirect: IndirectGrant[];
  rows: Window<ShadowRow>;
  current: number | null;
}

/** A field of the request in the ring, for the rows above its segments. */
export interface BytesField {
  name: string;
  offset: number;
  length: number;
  /** What it says, decoded. */
  value: string;
}

/** Where the segments lie: an indirect frame, or the ring slot itself. */
export interface BytesView {
  kind: "frame" | "slot";
  /** Which frame, or which slot. */
  index: number;
  /** The frame's reference; 0 for a slot. */
  gref: number;
  /** Physical address of the first byte. */
  address: number;
  bytes: Uint8Array;
  fields: BytesField[];
  /** Byte offset of segment 0, how many segments fit, and how many of them this request has written. */
  segmentsAt: number;
  capacity: number;
  written: number;
  /** The grant number of segment 0. */
  firstGrant: number;
  current: number | null;
  /** Byte ranges [from, to) that differ from the last stop, flattened. */
  changed: number[];
  /** What else can be chosen: frames of the request and its slot. */
  choices: BytesChoice[];
}

export interface BytesChoice {
  id: string;
  label: string;
  selected: boolean;
}

export const SlotState = {
  free: 0,
  /** Written by the driver, not pushed. */
  private: 1,
  /** Pushed: with the back end. */
  request: 2,
  /** A response that the driver has not taken. */
  response: 3,
} as const;
export type SlotState = (typeof SlotState)[keyof typeof SlotState];

export interface RingSlot {
  slot: number;
  state: SlotState;
  /** Shadow id that the entry's bytes name. */
  id: number;
  /** The operation's name, and for a response its status. */
  operation: string;
  status: number | null;
  /** Key of the request, where it is known. */
  key: string | null;
  changed: boolean;
}

export interface RingIndex {
  name: "req_prod_pvt" | "req_prod" | "req_event" | "rsp_prod" | "rsp_event" | "rsp_cons";
  value: number;
  slot: number;
  /** Its value at the last stop, where that was another. */
  was: number | null;
}

export interface RingView {
  entries: number;
  free: number;
  /** Only slots that are not free. */
  slots: RingSlot[];
  indexes: RingIndex[];
  current: number | null;
  /** Whether the slot at `req_prod_pvt` is being written. */
  writing: boolean;
}

/** A live grant of the free list, or a run of entries without a reference. */
export type FreeItem = { gref: number; page: number; changed: boolean } | { without: number };

export interface FreeGrants {
  /** Entries on the list. */
  total: number;
  /** Entries that have a reference, and `persistent_gnts_c`, which counts the same. */
  live: number;
  persistentCount: number;
  persistentWas: number | null;
  /** What is wrong with the list, in words, or null. */
  corrupt: string | null;
  items: Window<FreeItem>;
  /** References free in the grant table, and those of its entries in all. */
  tableFree: number;
  tableFreeWas: number | null;
  tableSize: number;
  /** The reference that the table would give next, or null. */
  tableNext: number | null;
}

export interface CopyEnd {
  address: number;
  page: number;
  /** Bytes from the beginning of the Linux page. */
  offset: number;
  gref: number | null;
}

export interface CopyView {
  way: "in" | "back";
  grant: number;
  length: number;
  source: CopyEnd;
  target: CopyEnd;
  state: "to come" | "next" | "done";
  /** The first step at which the bytes are there. */
  at: number;
  /** Offset in the copied run of the bytes below. */
  from: number;
  sourceBytes: Uint8Array;
  targetBytes: Uint8Array;
  /** What the target held before the copy; null while that is being looked up. */
  before: Uint8Array | null;
  /** How many of the bytes the copy changes; null while that is being looked up. */
  changes: number | null;
}

export interface Change {
  name: string;
  before: string;
  after: string;
  /** What lights up with it, as in `data-k`. */
  key: string | null;
}

export interface Changes {
  /** The step of the stop that is compared with; null at the first stop. */
  since: number | null;
  items: Change[];
  /** Further changes that are not listed. */
  more: number;
}

/** An option of the request selector. */
export interface RequestOption {
  key: string;
  label: string;
}

/** Everything that follows the cursor. */
export interface PanelState {
  position: Position;
  sentence: Sentence;
  request: RequestSummary | null;
  progress: RequestProgress | null;
  shadow: ShadowEntry | null;
  bytes: BytesView | null;
  ring: RingView | null;
  free: FreeGrants | null;
  copy: CopyView | null;
  /** Why there is no copy, in one sentence. */
  noCopy: string;
  changes: Changes;
  /** The requests around the current one, and how many there are in all. */
  options: RequestOption[];
  requests: number;
}

export const LanePhase = {
  queued: 0,
  grants: 1,
  pushed: 2,
  backend: 3,
  answered: 4,
  copyBack: 5,
} as const;
export type LanePhase = (typeof LanePhase)[keyof typeof LanePhase];

export interface TimelineMark {
  step: number;
  kind: "message" | "warning" | "bug" | "busy";
  text: string;
}

/** The whole recording, drawn once. Steps. */
export interface Timeline {
  length: number;
  /** The step at which the first request is there: connecting can be most of a short recording. */
  first: number;
  /** Ring slot of each lane. */
  lanes: Int32s;
  /** Four numbers each: lane, `LanePhase`, first step, step after the last. */
  segments: Int32s;
  interrupts: Int32s;
  marks: TimelineMark[];
  /** Steps below which detail was merged; 1 when nothing was. */
  grain: number;
}

/** What a person chose to look at. */
export interface Choices {
  /** A pinned request's key; null: follow the cursor. */
  request: string | null;
  /** `auto`, `slot` or a frame's number. */
  bytes: string;
}
