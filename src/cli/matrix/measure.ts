/** Runs one configuration through the core and reads off it what the matrix says. */
import type { KernelBug } from "../../core/linux/bug.js";
import { list_entries } from "../../core/linux/list.js";
import type { queue_limits } from "../../core/linux/request-queue.js";
import {
  type Machine,
  type Task,
  cloneMachine,
  createMachine,
  runTask,
} from "../../core/machine.js";
import type { BufferSegment, RequestSettings } from "../../core/scenario.js";
import type { TraceEvent, TraceListener } from "../../core/tracepoints.js";
import { XEN_PAGE_SIZE } from "../../core/xen/page.js";
import { GREFS_PER_GRANT_FRAME } from "../../core/xen/grant-table.js";
import { type Configuration, scenarioOf } from "./rows.js";

/** References of one request. */
export interface RequestGrants {
  /** What the driver wants to have in hand before it begins. */
  reserved: number;
  /** What the request then has: its data and its indirect frames. */
  used: number;
}

/** What is tried, in this order; the resume and the full ring each of a machine of its own. */
export type Phase =
  "connect" | "first request" | "full request" | "full ring" | "remove" | "resume";

/** Where the kernel stopped. */
export interface Stop {
  phase: Phase;
  kind: KernelBug["kind"];
  /** The kernel function. */
  func: string;
  /** The C expression, what was accessed, or what is waited for. */
  expr: string;
  /** An oops at the connection comes before it; this is what would follow, had its wild write hit nothing. */
  hypothetical: boolean;
}

/** What one configuration comes to. Null: it did not get that far. */
export interface Measured extends Configuration {
  /** Entries of the ring. */
  ring: number;
  /** The queue limits: pieces of at most a Linux page each, and sectors of 512 bytes. */
  maxSegments: number | null;
  maxHwSectors: number | null;
  /** Bytes of the largest request that the queue limits let through. */
  largestBytes: number | null;
  oneSector: RequestGrants | null;
  largest: RequestGrants | null;
  poolEntries: number;
  /** Frames of the grant table that the pool takes when all of it is granted. */
  grantFrames: number;
  /** Largest requests that are on the ring at once, of `ring`, in a table of 64 frames. */
  atOnce: number | null;
  /** Bytes of the pages that the pool has, the spare ones for indirect frames included. */
  poolBytes: number;
  /** Bytes of them that can ever hold data: one Xen page in each Linux page. */
  usefulBytes: number;
  /** Linux pages of the ring as they are freed and as they were allocated, where that differs. */
  ringPagesFreed: { freed: number; allocated: number } | null;
  /** Empty where all that was tried works. */
  stops: Stop[];
}

const SECTOR = 512;
/** The Linux pfn at which the buffer of every request begins. */
const BUFFER = 0x1000;

/** What a request waits for that never ends. */
const WAITS = {
  kind: "HANG",
  func: "blkif_queue_rw_req",
  expr: "more references than will ever be free",
} as const;

/** A machine that is asked one thing after the other, until its kernel stops. */
class Probe {
  private constructor(
    readonly machine: Machine,
    private readonly hypothetical: boolean,
    private stopped = false,
    private requests = 0,
  ) {}

  /** A machine that has connected, or tried to. */
  static connect(configuration: Configuration, stops: Stop[], hypothetical: boolean): Probe {
    const machine = createMachine(scenarioOf(configuration));
    machine.kernel.survives_empty_sg_table = hypothetical;
    const probe = new Probe(machine, hypothetical);
    // It is what a new machine has to do first.
    probe.run("connect", [], stops);
    return probe;
  }

  /** Another one that has come as far as this one. */
  branch(): Probe {
    const { machine, hypothetical, stopped, requests } = this;
    return new Probe(cloneMachine(machine), hypothetical, stopped, requests);
  }

  /** Runs these tasks and what they bring about; a stop is added to `stops`. */
  run(
    phase: Phase,
    tasks: readonly Task[],
    stops: Stop[],
    listen: TraceListener | null = null,
  ): void {
    const { machine } = this;
    if (this.stopped) return;
    machine.agenda.push(...tasks);
    while (runTask(machine, listen));
    if (machine.bug !== null) this.stop(phase, machine.bug, stops);
  }

  private stop(
    phase: Phase,
    { kind, func, expr }: Omit<Stop, "phase" | "hypothetical">,
    stops: Stop[],
  ) {
    this.stopped = true;
    stops.push({ phase, kind, func, expr, hypothetical: this.hypothetical });
  }

  /**
   * Reads into the same buffer `count` times at once.
   * @returns the grants of the first request, and how many were on the ring; null where the kernel stops
   */
  read(phase: Phase, segments: readonly BufferSegment[], stops: Stop[], count = 1) {
    const requests = Array.from({ length: count }, () => this.request(segments));
    const responses = requests.map(({ id }) => ({ id, status: "okay" as const }));
    let reserved = 0;
    let used = 0;
    let started = 0;
    const listen = (event: TraceEvent) => {
      if (event.kind === "request_id" && ++started === 1) reserved = event.max_grefs;
      const taken = event.kind === "grant_taken" || event.kind === "indirect_frame";
      if (taken && started === 1) used++;
    };
    this.run(phase, [{ kind: "submit", requests }], stops, listen);
    const answers: Task[] = [
      { kind: "backend", responses },
      { kind: "interrupt", responses },
    ];
    this.run(phase, answers, stops);
    const waits = this.machine.requests.some((req) => req.state !== "ended");
    if (waits && !this.stopped) this.stop(phase, WAITS, stops);
    return this.stopped ? null : { reserved, used, started };
  }

  private request(segments: readonly BufferSegment[]): RequestSettings {
    return {
      id: this.requests++,
      op: "read",
      fua: false,
      preflush: false,
      sector: 0,
      sectors: bytesOf(segments) / SECTOR,
      segments: [...segments],
    };
  }
}

function bytesOf(segments: readonly BufferSegment[]): number {
  return segments.reduce((sum, { length }) => sum + length, 0);
}

/** The largest buffer that the queue limits let through as one request: whole pages, and then the rest. */
function largestBuffer(limits: queue_limits): BufferSegment[] {
  const segments: BufferSegment[] = [];
  let left = limits.max_sectors * SECTOR;
  while (left > 0 && segments.length < limits.max_segments) {
    const length = Math.min(left, limits.max_segment_size);
    segments.push({ page: BUFFER + segments.length, offset: 0, length });
    left -= length;
  }
  return segments;
}

/** As many pieces as the queue limits let through, of one sector each. */
function mostPieces(limits: queue_limits): BufferSegment[] {
  const count = Math.min(limits.max_segments, limits.max_sectors);
  return Array.from({ length: count }, (_, i) => ({ page: BUFFER + i, offset: 0, length: SECTOR }));
}

const ONE_SECTOR: readonly BufferSegment[] = [{ page: BUFFER, offset: 0, length: SECTOR }];

/** What a guest would do with its disk; `stops` receives where that ends. */
function tryRequests(probe: Probe, stops: Stop[]) {
  const limits = probe.machine.info.rq?.limits ?? null;
  if (limits === null) return null;
  const largestBytes = bytesOf(largestBuffer(limits));
  const { max_segments: maxSegments, max_hw_sectors: maxHwSectors } = limits;
  const oneSector = probe.read("first request", ONE_SECTOR, stops);
  const largest = probe.read("full request", largestBuffer(limits), stops);
  probe.read("full request", mostPieces(limits), stops);
  return { maxSegments, maxHwSectors, largestBytes, oneSector, largest };
}

/**
 * Every slot with a largest request, and then the device is removed.
 * @returns how many there were on the ring; null where it did not come to that
 */
function tryFullRing(probe: Probe, stops: Stop[]): number | null {
  const { rq, ring } = probe.machine.info;
  if (rq === null) return null;
  const all = probe.read("full ring", largestBuffer(rq.limits), stops, ring.nr_ents);
  probe.run("remove", [{ kind: "remove" }], stops);
  return all?.started ?? null;
}

/**
 * A suspend with nothing under way; the queue limits are others after it.
 * @returns how the old ring's pages were freed
 */
function tryResume(probe: Probe, stops: Stop[]): Measured["ringPagesFreed"] {
  let freed: Measured["ringPagesFreed"] = null;
  const { rq } = probe.machine.info;
  if (rq === null) return freed;
  probe.run("resume", [{ kind: "suspend-resume", settings: null }], stops, (event) => {
    if (event.kind !== "free_pages_order") return;
    freed = { freed: 1 << event.freed, allocated: 1 << event.allocated };
  });
  probe.read("resume", largestBuffer(rq.limits), stops);
  probe.read("resume", mostPieces(rq.limits), stops);
  return freed;
}

/** The entries of the pool, and the bytes of the pages that the driver keeps for it. */
function poolOf({ info, kernel }: Machine) {
  const entries = [...list_entries(info.grants)];
  const spare = [...list_entries(info.indirect_pages)].length;
  const pages = entries.filter(({ page }) => page !== 0).length + spare;
  return {
    poolEntries: entries.length,
    grantFrames: Math.ceil(entries.length / GREFS_PER_GRANT_FRAME),
    poolBytes: pages * kernel.PAGE_SIZE,
    usefulBytes: pages * XEN_PAGE_SIZE,
  };
}

/** Tries a configuration out. */
export function measure(configuration: Configuration): Measured {
  const stops: Stop[] = [];
  const probe = Probe.connect(configuration, stops, false);
  const ring = probe.machine.info.ring.nr_ents;
  const pool = poolOf(probe.machine);
  const tried = tryRequests(probe, stops);
  const resumed = probe.branch();
  const atOnce = tryFullRing(probe, stops);
  const ringPagesFreed = tryResume(resumed, stops);
  if (stops[0]?.func === "sg_init_table") {
    tryRequests(Probe.connect(configuration, stops, true), stops);
  }
  const grants = (of: RequestGrants | null | undefined): RequestGrants | null =>
    of ? { reserved: of.reserved, used: of.used } : null;
  return {
    ...configuration,
    ring,
    maxSegments: tried?.maxSegments ?? null,
    maxHwSectors: tried?.maxHwSectors ?? null,
    largestBytes: tried?.largestBytes ?? null,
    oneSector: grants(tried?.oneSector),
    largest: grants(tried?.largest),
    ...pool,
    atOnce,
    ringPagesFreed,
    stops,
  };
}
