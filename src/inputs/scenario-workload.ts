/** Reads the workload of a scenario: what is submitted, answered and done to the device, step by step. */

import type { JSONPath } from "jsonc-parser";
import type {
  BackendSettings,
  DiskSettings,
  GuestSettings,
  RequestSettings,
  ResponseSettings,
  Rewrite,
  WorkloadStep,
} from "../core/scenario.js";
import {
  ENTRY_BYTES,
  RESERVED_GRANTS,
  SECTOR_BYTES,
  WIRE_SEGMENTS,
  XEN_PAGE_BYTES,
} from "./driver-limits.js";
import { nearestName } from "./nearest-name.js";
import { OPERATIONS, readBytes, readShadowId, STATUSES } from "./protocol-names.js";
import { readNumber, readSize, sayCount } from "./quantity.js";
import { Outstanding } from "./scenario-outstanding.js";
import type {
  RawMadeUpResponse,
  RawRequest,
  RawResponse,
  RawRewrite,
  RawScenario,
  RawStep,
  Written,
} from "./scenario-raw.js";
import { type Place, readRequest } from "./scenario-requests.js";
import {
  bytesAt,
  checkAgreement,
  checkPool,
  MOST_SECTORS,
  numberAt,
  readBackend,
} from "./scenario-settings.js";
import type { ScenarioSource } from "./scenario-source.js";

/** The settings that the steps are read against. */
export interface Surroundings {
  guest: GuestSettings;
  backend: BackendSettings;
  disk: DiskSettings;
}

/** Keys whose response or answer an interrupt follows, unless it is lost. */
const INTERRUPTING: readonly (keyof RawStep)[] = ["complete", "respond", "overrun"];

/** Keys of the back end's directory, to say which one a misspelt one meant. */
const STORE_KEYS: readonly string[] = [
  "discard-alignment",
  "discard-granularity",
  "discard-secure",
  "feature-barrier",
  "feature-discard",
  "feature-flush-cache",
  "feature-max-indirect-segments",
  "feature-persistent",
  "info",
  "max-ring-page-order",
  "mode",
  "multi-queue-max-queues",
  "physical-sector-size",
  "sector-size",
  "sectors",
  "state",
];

/** Reads the steps in their order; each leaves something behind for those after it. */
class WorkloadReader {
  private readonly place: Place;
  private readonly outstanding: Outstanding;
  private position = 0;
  /** References that another driver holds. */
  private taken = 0;

  constructor(
    private readonly source: ScenarioSource,
    private readonly around: Surroundings,
  ) {
    const { guest, disk } = around;
    this.place = { source, guest, blockBytes: disk.sectorSize, sectors: disk.sectors };
    this.outstanding = new Outstanding(source);
  }

  read(raw: RawStep, path: JSONPath): WorkloadStep | null {
    const { interrupt, ...rest } = raw;
    const keys = Object.keys(rest);
    const [key] = keys;
    if (key === undefined) return this.readInterrupt(interrupt, path);
    if (keys.length > 1) {
      const text = `A step does one thing, but this one has ${keys.map((one) => `"${one}"`).join(" and ")}: make a step of each.`;
      this.source.error("step", path, text);
      return null;
    }
    if (interrupt !== undefined) this.checkInterrupt(interrupt, key, path);
    const step = this.readAction(rest, [...path, key]);
    if (step === null) return null;
    if (!("complete" in step || "respond" in step || "overrun" in step)) return step;
    if (interrupt === "lost") return { ...step, interrupt };
    this.outstanding.interrupt();
    return step;
  }

  private readInterrupt(interrupt: RawStep["interrupt"], path: JSONPath): WorkloadStep | null {
    if (interrupt === "now") {
      this.outstanding.interrupt();
      return { interrupt };
    }
    const text =
      'An interrupt is lost where there is one: put "interrupt": "lost" beside complete, respond or overrun, or write "now" for an interrupt without a response.';
    this.source.error("step-interrupt", [...path, "interrupt"], text);
    return null;
  }

  private checkInterrupt(interrupt: "now" | "lost", key: string, path: JSONPath): void {
    if (interrupt === "lost" && INTERRUPTING.includes(key as keyof RawStep)) return;
    const text =
      interrupt === "now"
        ? `"interrupt": "now" is a step of its own: take it out of the step with "${key}".`
        : `No interrupt follows "${key}", so none can be lost: "interrupt": "lost" stands beside complete, respond or overrun.`;
    this.source.error("step-interrupt", [...path, "interrupt"], text);
  }

  private readAction(raw: RawStep, path: JSONPath): WorkloadStep | null {
    const { source } = this;
    if (raw.submit) return { submit: this.readRequests(raw.submit, path) };
    if (raw.bios) return { bios: this.readBios(raw.bios, path) };
    if (raw.complete !== undefined) return { complete: this.readAnswers(raw.complete, path) };
    if (raw.respond) {
      return { respond: raw.respond.map((one, i) => readMadeUp(source, one, [...path, i])) };
    }
    if (raw.overrun !== undefined) return { overrun: raw.overrun };
    if (raw.rewrite) {
      return { rewrite: raw.rewrite.map((one, i) => this.readRewrite(one, [...path, i])) };
    }
    if (raw.keep !== undefined) return { keep: raw.keep };
    if (raw.unmap !== undefined) return { unmap: this.readReferences(raw.unmap, path) };
    if (raw.purge) return { purge: true };
    if (raw.store) return { store: this.readStore(raw.store, path) };
    if (raw.resize !== undefined) return { resize: this.readCapacity(raw.resize, path) };
    if (raw.close) return { close: true };
    if (raw.resume !== undefined) return { resume: this.readResume(raw.resume, path) };
    if (raw.openDisk) return { openDisk: true };
    if (raw.closeDisk) return { closeDisk: true };
    if (raw.remove) return { remove: true };
    if (raw.takeGrants !== undefined) return { takeGrants: this.take(raw.takeGrants) };
    if (raw.giveGrants !== undefined) return { giveGrants: this.give(raw.giveGrants, path) };
    return raw.wait === undefined ? null : { wait: raw.wait };
  }

  private readRequests(raw: readonly RawRequest[], path: JSONPath): RequestSettings[] {
    return raw.map((one, i) => {
      const at = [...path, i];
      const request = readRequest(this.place, one, at, ++this.position);
      this.outstanding.submit(request, at, one.id !== undefined);
      return request;
    });
  }

  private readBios(raw: readonly RawRequest[], path: JSONPath): RequestSettings[] {
    raw.forEach((one, i) => {
      for (const key of ["physSegments", "passthrough"] as const) {
        if (one[key] === undefined || one[key] === false) continue;
        const text = `A bio has no ${key}, the request that the block layer makes of it has: leave it out, or use "submit".`;
        this.source.error("needless-key", [...path, i, key], text);
      }
    });
    return this.readRequests(raw, path);
  }

  private readAnswers(raw: "all" | readonly RawResponse[], path: JSONPath): ResponseSettings[] {
    if (raw === "all") return this.outstanding.answerAll(path);
    return raw.map((one, i) => {
      const at = [...path, i];
      if (typeof one === "number") {
        this.outstanding.answer(one, at);
        return { id: one, status: "okay" };
      }
      this.outstanding.answer(one.id, [...at, "id"], one.times !== undefined);
      return readResponse(this.source, one, at);
    });
  }

  private readRewrite(raw: RawRewrite, path: JSONPath): Rewrite {
    const { source, around } = this;
    const { id, where, index = 0 } = raw;
    this.outstanding.touch(id, [...path, "id"]);
    const offset = raw.offset === undefined ? 0 : bytesAt(source, [...path, "offset"], raw.offset);
    const bytes = readBytes(raw.bytes);
    const size = where === "slot" ? ENTRY_BYTES[around.guest.abi] : XEN_PAGE_BYTES;
    const what = where === "slot" ? "a slot of the ring" : "a frame";
    if (offset >= size) {
      const text = `Byte ${offset} lies beyond ${what}, which has ${size} bytes: the offset is at most ${size - 1}.`;
      source.error("rewrite-beyond", [...path, "offset"], text);
    } else if (offset + bytes.length > size) {
      const text = `${sayCount(bytes.length, "byte")} from byte ${offset} on end beyond ${what}, which has ${size}: give at most ${size - offset}.`;
      source.error("rewrite-beyond", [...path, "bytes"], text);
    }
    const most = { slot: 0, indirect: 7, data: WIRE_SEGMENTS - 1 }[where];
    if (index > most) {
      const text =
        where === "slot"
          ? "A request has one slot: leave the index out."
          : `A request has at most 8 indirect frames: the index goes from 0 to ${most}.`;
      source.error("rewrite-index", [...path, "index"], text);
    }
    return { id, where, index, offset, bytes };
  }

  private readReferences(raw: "all" | readonly Written[], path: JSONPath): "all" | number[] {
    if (raw === "all") return "all";
    const { grantTableMax } = this.around.guest;
    return raw.map((one, i) => {
      const gref = numberAt(this.source, [...path, i], one);
      if (gref < RESERVED_GRANTS || gref >= grantTableMax) {
        const text = `${gref} is no reference of the driver's: they go from ${RESERVED_GRANTS} to ${grantTableMax - 1} (guest.grantTableMax).`;
        this.source.error("gref", [...path, i], text);
      }
      return gref;
    });
  }

  private readStore(
    raw: Readonly<Record<string, string | number | null>>,
    path: JSONPath,
  ): Record<string, string | null> {
    const entries = Object.entries(raw);
    for (const [key] of entries) {
      if (STORE_KEYS.includes(key)) continue;
      const meant = nearestName(key, STORE_KEYS);
      if (meant === null) continue;
      const text = `The driver does not read "${key}". Did you mean "${meant}"?`;
      this.source.warning("store-key", [...path, key], text);
    }
    const offered = readNumber(raw["feature-max-indirect-segments"] ?? "");
    if (offered !== null) {
      const { guest, backend } = this.around;
      const at = [...path, "feature-max-indirect-segments"];
      checkPool(this.source, guest, { ...backend, maxIndirectSegments: offered }, at);
    }
    return Object.fromEntries(
      entries.map(([key, value]) => [key, value === null ? null : String(value)]),
    );
  }

  private readCapacity(raw: Written, path: JSONPath): number {
    const sectors = this.readSectors(raw, path);
    if (sectors === 0) {
      this.source.error("disk-size", path, "A disk without sectors is none: give at least 1.");
    } else if (sectors > MOST_SECTORS) {
      const text = `${sectors} sectors are more than can be counted in bytes: at most ${MOST_SECTORS}.`;
      this.source.error("disk-size", path, text);
    }
    this.place.sectors = sectors;
    return sectors;
  }

  /** A number counts sectors; what has a unit is a size. */
  private readSectors(raw: Written, path: JSONPath): number {
    const number = readNumber(raw);
    if (number !== null) return number;
    const bytes = readSize(raw);
    if (bytes === null) return numberAt(this.source, path, raw);
    if (bytes % SECTOR_BYTES !== 0) {
      const text = `${bytes} bytes are no whole number of sectors: a size is a multiple of ${SECTOR_BYTES}.`;
      this.source.error("disk-size", path, text);
    }
    return Math.floor(bytes / SECTOR_BYTES);
  }

  private readResume(raw: NonNullable<RawStep["resume"]>, path: JSONPath): BackendSettings | null {
    this.outstanding.resume();
    if (raw === true) return null;
    const { guest, backend } = this.around;
    const settings = readBackend(this.source, raw, path, backend);
    checkAgreement(this.source, guest, settings, path);
    return settings;
  }

  private take(count: number): number {
    this.taken += count;
    return count;
  }

  private give(count: number, path: JSONPath): number {
    if (count > this.taken) {
      const text =
        this.taken === 0
          ? 'No reference is taken before this step: take some first, with "takeGrants".'
          : `Only ${sayCount(this.taken, "reference")} ${this.taken === 1 ? "is" : "are"} taken here, so ${count} cannot be given back.`;
      this.source.error("give-grants", path, text);
    }
    this.taken = Math.max(0, this.taken - count);
    return count;
  }
}

function readOperation(raw: number | keyof typeof OPERATIONS): number {
  return typeof raw === "number" ? raw : OPERATIONS[raw];
}

function readShadow(source: ScenarioSource, raw: Written, path: JSONPath): number {
  const id = readShadowId(raw);
  if (id !== null) return id;
  const text = `${String(raw)} is too large to be exact: write a number up to 0x${Number.MAX_SAFE_INTEGER.toString(16)}, or -1 for the largest of 64 bits.`;
  source.error("number", path, text);
  return 0;
}

function readResponse(
  source: ScenarioSource,
  raw: Exclude<RawResponse, number>,
  path: JSONPath,
): ResponseSettings {
  const response: ResponseSettings = { id: raw.id, status: raw.status ?? "okay" };
  if (raw.operation !== undefined) response.operation = readOperation(raw.operation);
  if (raw.shadowId !== undefined) {
    response.shadowId = readShadow(source, raw.shadowId, [...path, "shadowId"]);
  }
  if (raw.times !== undefined) response.times = raw.times;
  return response;
}

function readMadeUp(
  source: ScenarioSource,
  raw: RawMadeUpResponse,
  path: JSONPath,
): { shadowId: number; operation: number; status: number } {
  const { status = "okay" } = raw;
  return {
    shadowId: readShadow(source, raw.shadowId, [...path, "shadowId"]),
    operation: readOperation(raw.operation),
    status: typeof status === "number" ? status : STATUSES[status],
  };
}

/** Reads the steps; those with an error may be missing. */
export function readWorkload(
  source: ScenarioSource,
  steps: RawScenario["workload"],
  around: Surroundings,
): WorkloadStep[] {
  const reader = new WorkloadReader(source, around);
  return steps.flatMap((step, s) => reader.read(step, ["workload", s]) ?? []);
}
