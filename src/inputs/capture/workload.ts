/**
 * Makes the steps of a workload from captured requests and interrupts.
 *
 * Each `queue_rq` becomes a step of its own: the driver of the capture is told of one request at a
 * time, pushes it and notifies, also where the block layer has more to come (`last=0`). An interrupt
 * becomes one step with its answers in order; one that brought none is left out. A request goes to the
 * ring at its first grant: an interrupt that comes between `queue_rq` and that is earlier.
 */

import { NO_SECTOR } from "../../core/linux/request.js";
import type {
  PageSize,
  RequestSettings,
  ResponseSettings,
  WorkloadStep,
} from "../../core/scenario.js";
import { SECTOR_BYTES } from "../driver-limits.js";
import { bufferOf, type StandInPages } from "./buffers.js";
import type { CapturedInterrupt } from "./completions.js";
import { reportRequestGaps, type Warnings } from "./gaps.js";
import {
  bytesOf,
  grantedBytes,
  isPutBack,
  kindOf,
  sectorOf,
  type CapturedRequest,
} from "./requests.js";

export interface CapturedWorkload {
  steps: WorkloadStep[];
  /** The scenario's id of each request that was imported. */
  ids: Map<CapturedRequest, number>;
}

export interface WorkloadContext {
  pageSize: PageSize;
  /** Whether the capture has the driver's own events, so that a missing one is a gap. */
  hasDriverEvents: boolean;
  warnings: Warnings;
  standIns: StandInPages;
}

function sayRequest(kind: { op: string }, sector: number, bytes: number): string {
  if (kind.op === "flush") return "a flush";
  return `a ${kind.op} of ${bytes} bytes at sector ${sector}`;
}

/** The capture ends, or an event is lost, before all of the request's grants were seen. */
function isCutOff(request: CapturedRequest, answered: ReadonlySet<CapturedRequest>): boolean {
  if (request.returned !== null || answered.has(request)) return false;
  const bytes = bytesOf(request);
  return bytes === null || grantedBytes(request) < bytes;
}

/** One request of the scenario; null when it cannot be imported, which is then said. */
function requestOf(
  request: CapturedRequest,
  id: number,
  answered: ReadonlySet<CapturedRequest>,
  context: WorkloadContext,
): RequestSettings | null {
  const { warnings } = context;
  const kind = kindOf(request);
  const sector = sectorOf(request);
  if (kind === null || sector === null) {
    const text =
      "This request is neither a read or write nor a flush or discard, which is all that the driver knows. It is left out.";
    warnings.add("unknown-operation", request.line, text);
    return null;
  }
  const common = { id, ...kind, line: request.line };
  if (kind.op === "flush") return { ...common, sector: NO_SECTOR, sectors: 0, segments: [] };
  const withData = kind.op === "read" || kind.op === "write";
  const bytes = bytesOf(request) ?? grantedBytes(request);
  const what = sayRequest(kind, sector, bytes);
  if (context.hasDriverEvents && withData && isCutOff(request, answered)) {
    const text = `The capture ends, or misses events, while this request (${what}) is being queued. It is left out.`;
    warnings.add("cut-off-request", request.line, text);
    return null;
  }
  if (bytes === 0 || bytes % SECTOR_BYTES !== 0 || sector === NO_SECTOR) {
    const text = `This request (${what}) has no whole number of sectors. It is left out.`;
    warnings.add("damaged-request", request.line, text);
    return null;
  }
  const sectors = bytes / SECTOR_BYTES;
  if (!withData) return { ...common, sector, sectors, segments: [] };
  const buffer = bufferOf(request, context.pageSize, context.standIns);
  if (context.hasDriverEvents) reportRequestGaps(warnings, request, what, buffer);
  const { segments, standInBytes } = buffer;
  const physical = request.queued?.segments ?? null;
  const result: RequestSettings = { ...common, sector, sectors, segments };
  if (physical !== null && physical > 0 && physical !== segments.length && standInBytes === 0) {
    result.physSegments = physical;
  }
  return result;
}

/** Steps for the requests of one disk, sorted by submission, and the interrupts that answer them. */
export function workloadOf(
  requests: readonly CapturedRequest[],
  interrupts: readonly CapturedInterrupt[],
  context: WorkloadContext,
): CapturedWorkload {
  const answered = new Set(interrupts.flatMap(({ answers }) => answers.map((a) => a.request)));
  const ids = new Map<CapturedRequest, number>();
  const steps: WorkloadStep[] = [];
  let next = 0;
  const answer = (interrupt: CapturedInterrupt): void => {
    const complete: ResponseSettings[] = [];
    for (const { request, status } of interrupt.answers) {
      const id = ids.get(request);
      if (id !== undefined) complete.push({ id, status });
    }
    if (complete.length > 0) steps.push({ complete });
  };
  for (const request of requests) {
    for (; next < interrupts.length && interrupts[next]!.at < request.submitted; next++) {
      answer(interrupts[next]!);
    }
    if (isPutBack(request)) continue;
    const settings = requestOf(request, ids.size + 1, answered, context);
    if (settings === null) continue;
    ids.set(request, settings.id);
    steps.push({ submit: [settings] });
  }
  for (; next < interrupts.length; next++) answer(interrupts[next]!);
  return { steps, ids };
}
