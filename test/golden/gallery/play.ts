/** Plays a scenario on the plain core, and keeps what its checks ask about. */
import { mem_frame, mem_read } from "../../../src/core/linux/memory.js";
import type { InvariantName } from "../../../src/core/invariants/rule.js";
import { watchInvariants } from "../../../src/core/invariants/watch.js";
import { type Machine, createMachine, runTask } from "../../../src/core/machine.js";
import { disk_byte, page_byte, write_byte } from "../../../src/core/machine/patterns.js";
import type { RequestSettings, Scenario } from "../../../src/core/scenario.js";
import type { TraceEvent } from "../../../src/core/tracepoints.js";
import { list_entries, type list_head } from "../../../src/core/linux/list.js";

export type Kind = TraceEvent["kind"];
export type EventOf<K extends Kind> = Extract<TraceEvent, { kind: K }>;

const SECTOR = 512;

/** What the users of the guest's disk were told, and whether it is true. */
class Users {
  /** Sectors that a write or a discard has ended with success, and what they hold since. */
  private readonly sectors = new Map<number, Uint8Array>();
  /** By the number of the request: sectors whose bios have ended, and the errors. */
  readonly ended = new Map<number, { bios: number; sectors: number; errors: Set<number> }>();
  /** Sectors that a read ended with success without bringing. */
  readonly wrongReads: { nr: number; sector: number }[] = [];
  private readonly asked = new Map<number, RequestSettings>();

  constructor(private readonly machine: Machine) {
    for (const step of machine.scenario.workload) {
      const requests = "submit" in step ? step.submit : "bios" in step ? step.bios : [];
      for (const one of requests) this.asked.set(one.id, one);
    }
  }

  get requests(): RequestSettings[] {
    return [...this.asked.values()];
  }

  listen(event: TraceEvent): void {
    if (event.kind !== "bio_end") return;
    const { nr, sector, sectors, error } = event;
    const sum = this.ended.get(nr) ?? { bios: 0, sectors: 0, errors: new Set() };
    this.ended.set(nr, sum);
    sum.bios++;
    sum.sectors += sectors;
    sum.errors.add(error);
    const settings = this.asked.get(nr);
    if (error !== 0 || settings === undefined) return;
    for (let n = sector; n < sector + sectors; n++) this.endSector(settings, n);
  }

  private endSector(settings: RequestSettings, sector: number): void {
    const from = (sector - settings.sector) * SECTOR;
    if (settings.op === "write") this.sectors.set(sector, written(settings.id, from, SECTOR));
    else if (settings.op === "read") {
      const got = bytesOfBuffer(this.machine, settings, from);
      if (!same(got, this.expected(sector))) this.wrongReads.push({ nr: settings.id, sector });
    } else this.sectors.set(sector, new Uint8Array(SECTOR));
  }

  /** What a sector has to hold, by what its users were told. */
  expected(sector: number): Uint8Array {
    return this.sectors.get(sector) ?? untouched(sector, SECTOR);
  }

  /** Sectors of the workload that do not hold what they have to. */
  wrongSectors(): number[] {
    const wrong = new Set<number>();
    for (const { sector, sectors } of this.requests) {
      for (let n = sector; n < sector + sectors; n++) {
        if (!same(onDisk(this.machine, n, SECTOR), this.expected(n))) wrong.add(n);
      }
    }
    return [...wrong].sort((a, b) => a - b);
  }
}

/** A scenario that has been played to its end. */
export interface Play {
  readonly scenario: Scenario;
  readonly machine: Machine;
  readonly users: Users;
  /** All events with the step of the workload that they belong to. */
  readonly events: readonly { readonly step: number; readonly event: TraceEvent }[];
  /** The invariants that broke, in order of time. */
  readonly broken: readonly InvariantName[];
  /** How often the landmark was met: once. */
  readonly met: number;
}

/**
 * Plays it to its end.
 * @param atLandmark is called at the moment of the event where the walk goes wrong
 */
export function play(
  scenario: Scenario,
  atLandmark: (machine: Machine, event: TraceEvent) => void = () => undefined,
): Play {
  const machine = createMachine(scenario);
  const watch = watchInvariants(machine);
  const users = new Users(machine);
  const events: { step: number; event: TraceEvent }[] = [];
  const wrong = scenario.walk?.wrong ?? null;
  let nth = 0;
  let met = 0;
  const listen = (event: TraceEvent): void => {
    watch.listen(event);
    users.listen(event);
    const { step } = machine;
    events.push({ step, event });
    if (wrong === null || wrong.step !== step || wrong.event !== event.kind) return;
    if (++nth !== wrong.nth) return;
    met++;
    atLandmark(machine, event);
  };
  while (runTask(machine, listen)) watch.afterTask();
  const broken = watch.broken.map(({ invariant }) => invariant);
  return { scenario, machine, users, events, broken, met };
}

/** The events of a kind, of one step or of all. */
export function eventsOf<K extends Kind>(played: Play, kind: K, step?: number): EventOf<K>[] {
  return played.events
    .filter(({ event, step: at }) => event.kind === kind && (step ?? at) === at)
    .map(({ event }) => event as EventOf<K>);
}

/** What the guest's kernel has printed, a line each. */
export function printed(played: Play, step?: number): string {
  return eventsOf(played, "message", step)
    .map(({ text }) => text)
    .join("\n");
}

/** Bytes that request `id` writes, from its byte `from` on. */
export function written(id: number, from: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, k) => write_byte(id, from + k));
}

/** Bytes of a disk that nobody has written. */
export function untouched(sector: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, k) => disk_byte((sector * SECTOR + k) | 0));
}

/** Bytes of a page that nobody has written. @param page Linux pfn */
export function blank(page: number, length: number): Uint8Array {
  return new Uint8Array(length).fill(page_byte(page));
}

export function onDisk(machine: Machine, sector: number, length: number): Uint8Array {
  return mem_read(machine.disk, sector * SECTOR, length);
}

/** Bytes of the guest's memory. @param page Linux pfn */
export function inPage({ kernel }: Machine, page: number, length: number, offset = 0): Uint8Array {
  return mem_read(kernel.mem, page * kernel.PAGE_SIZE + offset, length);
}

/** The 4096 bytes of a frame of the guest's. */
export function frame(machine: Machine, addr: number): Uint8Array {
  return mem_frame(machine.kernel.mem, Math.floor(addr / 4096));
}

/** The sector of the buffer that begins at byte `from` of its request. */
function bytesOfBuffer(machine: Machine, settings: RequestSettings, from: number): Uint8Array {
  let left = from;
  for (const { page, offset, length } of settings.segments) {
    if (left < length) return inPage(machine, page, SECTOR, offset + left);
    left -= length;
  }
  return new Uint8Array(0);
}

export function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** The entries of a list; `circle` when it never comes back to its head. */
export function entries<T>(head: list_head<T>): { listed: T[]; circle: boolean } {
  const listed: T[] = [];
  const seen = new Set<T>();
  for (const entry of list_entries(head)) {
    if (seen.has(entry)) return { listed, circle: true };
    seen.add(entry);
    listed.push(entry);
  }
  return { listed, circle: false };
}
