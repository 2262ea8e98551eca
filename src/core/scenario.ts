/**
 * What a machine is built from. A scenario file (`*.blkfront.json`) and an imported trace both become
 * this; everything in it has been checked and normalised by `src/inputs` before the core sees it.
 */

/** Bytes in a Linux page of the guest. */
export type PageSize = 4096 | 16384 | 65536;

/** How the ring's structures are laid out: the `protocol` key in xenstore. */
export type Abi = "x86_64" | "x86_32" | "arm";

/** What the guest is to Xen. An `hvm-emulated-disks` guest still has its emulated IDE and SCSI disks. */
export type GuestType = "pv" | "hvm" | "hvm-emulated-disks";

/** Calls of the guest's kernel that can be made to fail, once, the first time. */
export const KERNEL_CALLS = [
  "register_blkdev",
  "xenbus_scanf virtual-device",
  "kzalloc blkfront_info",
  "__get_free_pages",
  "xenbus_alloc_evtchn",
  "bind_evtchn_to_irqhandler",
  "xenbus_transaction_start",
  "xenbus_printf ring-ref",
  "xenbus_printf ring-page-order",
  "xenbus_printf event-channel",
  "xenbus_printf protocol",
  "xenbus_printf feature-persistent",
  /** With -EAGAIN: another transaction came between. */
  "xenbus_transaction_end EAGAIN",
  "xenbus_transaction_end",
  "kmemdup shadow",
  "xlbd_reserve_minors",
  "alloc_disk",
  "blk_init_queue",
  "kzalloc split_bio",
  "bio_clone",
  "kmalloc deferred_entry",
  "bdget_disk",
] as const;
export type KernelCall = (typeof KERNEL_CALLS)[number];

export interface GuestSettings {
  type: GuestType;
  pageSize: PageSize;
  abi: Abi;
  /** The module parameter `max_ring_page_order`, as pages of 4096 bytes: 1, 2, 4, 8 or 16. */
  ringPages: number;
  /** The module parameter `max`: the most segments of 4 KB in an indirect request. */
  maxIndirectSegments: number;
  /** Entries of the grant table when the driver starts, the 8 reserved ones included. */
  grantTableSize: number;
  /** Entries up to which the table may grow, by frames of 512; not less than `grantTableSize`. */
  grantTableMax: number;
  /**
   * `split`: what is submitted passes the block layer, which cuts it at the queue limits.
   * `bypass`: it reaches the driver as it stands, even where no block layer would let it through.
   */
  blockLayer: "split" | "bypass";
  /** Single Linux pages that the driver's `alloc_page` can still get; null without a limit. */
  pagesLeft: number | null;
  /** Calls that fail the first time. */
  failing: readonly KernelCall[];
}

/** Which back end it is: what it checks and what it cannot do. */
export type BackendProfile = "blkback" | "qdisk" | "tapdisk";

/** Which grants stay mapped after a response: all, none, or the first N distinct references seen. */
export type MappingPolicy = "all" | "none" | number;

export interface BackendSettings {
  profile: BackendProfile;
  /** `max-ring-page-order`, as pages of 4096 bytes; null when the key is absent. */
  maxRingPages: number | null;
  /** `feature-persistent`: grants stay mapped after the response. */
  persistent: boolean;
  /** `feature-max-indirect-segments`; null when the key is absent. */
  maxIndirectSegments: number | null;
  /** The most segments of an indirect request that it takes; a larger one is answered with an error. */
  segmentLimit: number;
  /** Which of `feature-flush-cache` and `feature-barrier` the back end offers. */
  flush: "none" | "flush" | "barrier" | "both";
  /** `feature-discard`. */
  discard: boolean;
  /** `discard-granularity`, in bytes. */
  discardGranularity: number;
  /** `discard-alignment`, in bytes. */
  discardAlignment: number;
  /** `discard-secure`; null when the key is absent. */
  discardSecure: boolean | null;
  keepsMapped: MappingPolicy;
  /** Of the grants that it keeps, the most that stay mapped (`max_persistent_grants`); null without a limit. */
  maxPersistentGrants: number | null;
}

/** What an untouched sector of the disk holds: a pattern that the seed varies, zeros, or given bytes and then zeros. */
export type DiskContent =
  | { kind: "pattern"; seed: number }
  | { kind: "zeros" }
  /** `name`: the file that they come from, by its path from the scenario's folder. */
  | { kind: "bytes"; bytes: Uint8Array; name?: string };

export interface DiskSettings {
  /** The virtual device number; 51712 is xvda. */
  vdev: number;
  /** Capacity in sectors of 512 bytes. */
  sectors: number;
  /** `sector-size`: the logical block size, in bytes. */
  sectorSize: number;
  /** `physical-sector-size` in bytes; null when the key is absent. */
  physicalSectorSize: number | null;
  /** The `mode` is `r`. */
  readonly: boolean;
  removable: boolean;
  /** `device-type` is `cdrom`. */
  cdrom: boolean;
  content: DiskContent;
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
  /** First sector, in units of 512 bytes; -1 for a flush, which is about none. */
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
  /** A number is what a faulty back end may write: any of 16 bits. Only "okay" moves data. */
  status: "okay" | "error" | "unsupported" | number;
  /** The operation that a faulty back end writes into the response, where it is not the request's. */
  operation?: number;
  /** The shadow id that a faulty back end writes into the response, where it is not the request's. */
  shadowId?: number;
  /** How often a faulty back end writes the response; once unless it says so. */
  times?: number;
}

/** A response that answers nothing. */
export interface MadeUpResponse {
  /** Any number of 64 bits; -1 stands for the largest. */
  shadowId: number;
  /** `BLKIF_OP_*`, or any byte. */
  operation: number;
  /** `BLKIF_RSP_*`, or any number of 16 bits. */
  status: number;
}

/** Bytes that the back end writes over what the guest has sent. */
export interface Rewrite {
  /** The request whose slot or frame it is. */
  id: number;
  /** Its ring slot, its indirect frame `index`, or the frame of its grant `index`. */
  where: "slot" | "indirect" | "data";
  index: number;
  /** Bytes from the beginning of the slot or frame. */
  offset: number;
  bytes: readonly number[];
}

/** One step of the workload. `interrupt: "lost"` keeps the event of what the step answers from the guest. */
export type WorkloadStep =
  /** All of these are queued, then the request function runs once. */
  | { submit: RequestSettings[] }
  /** Each is a bio, which the block layer merges with its neighbours or cuts; then the queue runs. */
  | { bios: RequestSettings[] }
  /** The back end executes and answers these, in this order; one interrupt follows. */
  | { complete: ResponseSettings[]; interrupt?: "lost" }
  /** The back end answers what nobody asked. */
  | { respond: MadeUpResponse[]; interrupt?: "lost" }
  /** The back end moves `rsp_prod` on by so many without having written a response. */
  | { overrun: number; interrupt?: "lost" }
  /** An interrupt without a response. */
  | { interrupt: "now" }
  | { rewrite: Rewrite[] }
  /** From now on the back end keeps these grants mapped. */
  | { keep: MappingPolicy }
  /** The back end unmaps these references. */
  | { unmap: "all" | number[] }
  /** The back end's purge of its persistent grants runs. */
  | { purge: true }
  /** Keys in the back end's directory change; null removes one. */
  | { store: Record<string, string | null> }
  /** The disk has another capacity from now on, in sectors of 512 bytes. */
  | { resize: number }
  /** The back end goes to Closing. */
  | { close: true }
  /** The guest is suspended and resumes with a new back end: one like the old, or one with these settings. */
  | { resume: BackendSettings | null }
  /** Somebody in the guest opens the disk, or closes it. */
  | { openDisk: true }
  | { closeDisk: true }
  /** The device is removed from the guest. */
  | { remove: true }
  /** Another driver of the guest takes, or gives back, so many references; the last taken come back first. */
  | { takeGrants: number }
  | { giveGrants: number }
  /** So many seconds pass: the grant table tries its deferred references again. */
  | { wait: number };

/** A moment of a run, named so that it survives a change of the model: the nth event of a kind in a step. */
export interface Landmark {
  /** Which step of the workload, from 0; -1 is the connection. */
  step: number;
  /** The kind of a `TraceEvent`. */
  event: string;
  /** Which of them, from 1. */
  nth: number;
}

/** What a scenario is there to show. */
export interface Walk {
  /** What to look at, and why. */
  watch: string;
  /** Where it goes wrong; null where everything is as it should be. */
  wrong: Landmark | null;
}

export interface Scenario {
  title: string;
  guest: GuestSettings;
  backend: BackendSettings;
  disk: DiskSettings;
  start: StartSettings | null;
  walk: Walk | null;
  workload: WorkloadStep[];
}
