/**
 * What a machine is built from. A scenario file (`*.blkfront.json`) and an imported trace both become
 * this; everything in it has been checked and normalised by `src/inputs` before the core sees it.
 */

/** Bytes in a Linux page of the guest. */
export type PageSize = 4096 | 16384 | 65536;

/** How the ring's structures are laid out: the `protocol` key in xenstore. */
export type Abi = "x86_64" | "x86_32" | "arm";

export interface GuestSettings {
  pageSize: PageSize;
  abi: Abi;
  /** Pages of 4096 bytes in the shared ring: 1, 2, 4, 8 or 16. */
  ringPages: number;
  /** The module parameter `max`: the most segments of 4 KB in an indirect request. */
  maxIndirectSegments: number;
  /** Entries of the grant table, the 8 reserved ones included. */
  grantTableSize: number;
  /**
   * `split`: what is submitted passes the block layer, which cuts it at the queue limits.
   * `bypass`: it reaches the driver as it stands, even where no block layer would let it through.
   */
  blockLayer: "split" | "bypass";
}

export interface BackendSettings {
  /** `feature-persistent`: grants stay mapped after the response. */
  persistent: boolean;
  /** `feature-max-indirect-segments`; null when the key is absent. */
  maxIndirectSegments: number | null;
  /** Which of `feature-flush-cache` and `feature-barrier` the back end offers. */
  flush: "none" | "flush" | "barrier" | "both";
  /** `feature-discard`. */
  discard: boolean;
  /** `discard-secure`; null when the key is absent. */
  discardSecure: boolean | null;
  /** Which grants stay mapped after a response: all, none, or the first N distinct references seen. */
  keepsMapped: "all" | "none" | number;
}

export interface DiskSettings {
  /** The virtual device number; 51712 is xvda. */
  vdev: number;
  /** Capacity in sectors of 512 bytes. */
  sectors: number;
}

/** Where the driver stood when the workload began, for a guest that had been running before. */
export interface StartSettings {
  /** The value of all four ring indexes. */
  ringIndex: number;
  /** Shadow ids in the order in which they will be taken; the others follow in ascending order. */
  freeIds: number[];
  /** References of the grants which the back end still maps, in list order, head first. */
  liveGrants: number[];
  /** References at the head of the grant table's free list, in the order in which they will be taken. */
  freeGrefs: number[];
}

export type RequestOperation = "read" | "write" | "flush" | "discard" | "secure-discard";

/** A part of the caller's buffer that lies in one Linux page. */
export interface BufferSegment {
  /** Linux page frame number, in pages of the guest's page size. */
  page: number;
  /** Bytes from the beginning of that page. */
  offset: number;
  /** Bytes; a multiple of 512. */
  length: number;
}

export interface RequestSettings {
  /** The scenario's own number for the request, unique in it. */
  id: number;
  op: RequestOperation;
  /** Force unit access (REQ_FUA). */
  fua: boolean;
  /** Flush before the data (REQ_FLUSH on a request with data). */
  preflush: boolean;
  /** First sector, in units of 512 bytes. */
  sector: number;
  /** Length in sectors of 512 bytes. For reads and writes it equals the sum of the segments. */
  sectors: number;
  segments: BufferSegment[];
  /** `nr_phys_segments` where it differs from the number of segments. */
  physSegments?: number;
  /** Not a file system's request (`cmd_type` is not `REQ_TYPE_FS`): the driver refuses it. */
  passthrough?: boolean;
  /** Line of the capture, from 1, that the request was read from. */
  line?: number;
}

export interface ResponseSettings {
  /** The request's id. */
  id: number;
  status: "okay" | "error" | "unsupported";
  /** The operation that a faulty back end writes into the response, where it is not the request's. */
  operation?: number;
}

export type WorkloadStep =
  /** All of these are queued, then the request function runs once. */
  | { submit: RequestSettings[] }
  /** The back end executes and answers these, in this order; one interrupt follows. */
  | { complete: ResponseSettings[] };

export interface Scenario {
  title: string;
  guest: GuestSettings;
  backend: BackendSettings;
  disk: DiskSettings;
  start: StartSettings | null;
  workload: WorkloadStep[];
}
