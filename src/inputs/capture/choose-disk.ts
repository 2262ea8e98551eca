/** Which disk of a capture is imported: the one that was asked for, or the busiest. */

import { vdevOfDeviceNumbers, vdevOfName } from "../disk-name.js";
import { DEFAULT_DISK } from "../scenario-defaults.js";
import type { CapturedDisk, CaptureHeader } from "./header.js";
import { vdevOf, type CapturedRequest } from "./requests.js";
import type { TraceEvent } from "./trace-event.js";

/** A disk with the requests that the capture has for it. */
export interface DiskRequests {
  disk: CapturedDisk;
  requests: CapturedRequest[];
  /** False for a device of another driver, which has no virtual device number. */
  isXen: boolean;
}

/** Device of a request as `major,minor`; null when no event tells. */
function deviceOf(request: CapturedRequest, header: CaptureHeader): string | null {
  if (request.issued) return request.issued.device;
  const vdev = vdevOf(request);
  return vdev === null ? null : header.disk(vdev).device;
}

function diskOf(
  device: string,
  header: CaptureHeader,
  known: readonly CapturedDisk[],
): DiskRequests {
  const found = known.find((disk) => disk.device === device);
  const vdev = found?.vdev ?? vdevOfDeviceNumbers(device);
  if (vdev !== null) return { disk: header.disk(vdev), requests: [], isXen: true };
  const stand = header.disk(DEFAULT_DISK.vdev);
  const disk: CapturedDisk = { ...stand, name: `device ${device}`, device, sectors: null };
  return { disk, requests: [], isXen: false };
}

/** The disk whose interrupts the capture has, where no request says which disk is its own. */
function diskOfInterrupts(events: readonly TraceEvent[]): number | null {
  for (const event of events) {
    if (event.kind === "interrupt" && event.vdev !== null) return event.vdev;
  }
  return null;
}

/** The requests by disk, the busiest first. Those of no known disk are taken for the busiest's. */
export function requestsByDisk(
  requests: readonly CapturedRequest[],
  events: readonly TraceEvent[],
  header: CaptureHeader,
): DiskRequests[] {
  const known = header.disks();
  const byDevice = new Map<string, DiskRequests>();
  const homeless: CapturedRequest[] = [];
  for (const request of requests) {
    const device = deviceOf(request, header);
    if (device === null) {
      homeless.push(request);
      continue;
    }
    const entry = byDevice.get(device) ?? diskOf(device, header, known);
    byDevice.set(device, entry);
    entry.requests.push(request);
  }
  const sorted = [...byDevice.values()].sort(
    (a, b) => Number(b.isXen) - Number(a.isXen) || b.requests.length - a.requests.length,
  );
  if (homeless.length > 0) {
    if (sorted.length === 0) {
      const disk = header.disk(diskOfInterrupts(events) ?? known[0]?.vdev ?? DEFAULT_DISK.vdev);
      sorted.push({ disk, requests: [], isXen: true });
    }
    const first = sorted[0];
    if (first) {
      first.requests = [...first.requests, ...homeless].sort((a, b) => a.begun - b.begun);
    }
  }
  return sorted;
}

/** Whether a person means this disk by a name, a virtual device number or `major:minor`. */
export function isMeant({ disk }: DiskRequests, wanted: number | string): boolean {
  const text = String(wanted).trim();
  return (
    text === String(disk.vdev) ||
    text === disk.name ||
    vdevOfName(text) === disk.vdev ||
    text.replace(":", ",") === disk.device
  );
}
