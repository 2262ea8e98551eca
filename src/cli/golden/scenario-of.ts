/** A recorded case as a scenario and as the tasks of its steps. */
import type { Task } from "../../core/machine.js";
import type {
  BackendSettings,
  RequestSettings,
  ResponseSettings,
  Scenario,
} from "../../core/scenario.js";
import type {
  GoldenCase,
  GoldenConfig,
  GoldenRequest,
  GoldenResponse,
  GoldenStep,
  RawResponse,
} from "./case.js";
import { DEFAULT_BACKEND, DEFAULT_DISK, DEFAULT_GUEST } from "../../inputs/scenario-defaults.js";

/** The Linux pfn of the recorded data page 0. */
export const FIRST_DATA_PAGE = 0x1000;
/** Sectors of the recorded disk. */
export const DISK_SECTORS = 131072;

const FLUSH: Record<string, BackendSettings["flush"]> = {
  flushonly: "flush",
  flush: "both",
  barrier: "barrier",
};

function keeps_of(keeps: GoldenConfig["backendKeepsMapped"]): BackendSettings["keepsMapped"] {
  return keeps === "all" || keeps === "none" ? keeps : Number(keeps);
}

/** The settings that a case was recorded with. */
export function scenario_of(recorded: GoldenCase): Scenario {
  const { config } = recorded;
  return {
    title: recorded.name,
    guest: {
      ...DEFAULT_GUEST,
      pageSize: config.pageSize,
      abi: "x86_64",
      ringPages: config.nrRingPages,
      maxIndirectSegments: config.xen_blkif_max_segments,
      grantTableSize: config.grantTableSize,
      grantTableMax: config.grantTableSize,
      pagesLeft: config.allocPageLimit,
      blockLayer: "bypass",
    },
    backend: {
      ...DEFAULT_BACKEND,
      maxRingPages: config.nrRingPages === 1 ? null : config.nrRingPages,
      segmentLimit: 4096,
      maxPersistentGrants: null,
      persistent: config.featurePersistent === 1,
      maxIndirectSegments: config.backendMaxIndirectSegments,
      flush: config.backendFlush === null ? "none" : (FLUSH[config.backendFlush] ?? "none"),
      discard: config.featureDiscard === 1,
      discardSecure: config.discardSecure === null ? null : config.discardSecure !== 0,
      keepsMapped: keeps_of(config.backendKeepsMapped),
    },
    disk: { ...DEFAULT_DISK, sectors: DISK_SECTORS },
    start: null,
    walk: null,
    // So that no page of the driver's own lies where the case has its data.
    workload: recorded.steps
      .filter((step) => step.op === "submit")
      .map((step) => ({ submit: (step.requests ?? []).map(request_of) })),
  };
}

function operation_of(request: GoldenRequest): RequestSettings["op"] {
  if (request.flags.includes("S")) return "secure-discard";
  if (request.flags.includes("D")) return "discard";
  if (request.flags.includes("F") && request.scatterlist.length === 0) return "flush";
  return request.dir;
}

function request_of(request: GoldenRequest): RequestSettings {
  const op = operation_of(request);
  return {
    id: request.id,
    op,
    fua: request.flags.includes("U"),
    preflush: request.flags.includes("F") && op !== "flush",
    sector: request.sector,
    sectors: request.dataLen / 512,
    segments: request.scatterlist.map(([page, offset, length]) => ({
      page: FIRST_DATA_PAGE + page,
      offset,
      length,
    })),
    physSegments: request.nrPhysSegments,
    ...(request.flags.includes("P") ? { passthrough: true } : {}),
  };
}

function response_of({ id, operation, status }: GoldenResponse): ResponseSettings {
  return { id, operation, status: status === 0 ? "okay" : status };
}

/** The tasks of a recorded step, or null for one that the model cannot do yet. */
export function tasks_of_step(step: GoldenStep): Task[] | null {
  switch (step.op) {
    case "connect":
      return [{ kind: "connect" }];
    case "submit":
      return [{ kind: "submit", requests: (step.requests ?? []).map(request_of) }];
    case "complete": {
      const responses = (step.responses ?? []).map(response_of);
      if (responses.length === 0) return [];
      return [
        { kind: "backend", responses },
        { kind: "interrupt", responses: [] },
      ];
    }
    case "rawResponse": {
      const { shadowId, operation, status } = step.response as RawResponse;
      // 2^64 - 1 is no exact number in JSON, and becomes 2^64.
      const id = shadowId >= 2 ** 64 ? -1 : shadowId;
      return [
        { kind: "respond", responses: [{ shadowId: id, operation, status }] },
        { kind: "interrupt", responses: [] },
      ];
    }
    case "suspendResume":
      return [{ kind: "suspend-resume", settings: null }];
    case "backendXenstore":
      return [{ kind: "store", keys: { [step.node ?? ""]: step.value ?? null } }];
    case "backendUnmapAll":
      return [{ kind: "unmap", grefs: "all" }];
    case "backendKeep":
      return [{ kind: "keep", keepsMapped: keeps_of(step.keep ?? "all") }];
    case "blkif_free":
      return [{ kind: "free" }];
    case "reserve":
      return [{ kind: "reserve", count: step.got ?? step.count ?? 0 }];
    case "release":
      return [{ kind: "release", count: step.count ?? 0 }];
    default:
      return null;
  }
}
