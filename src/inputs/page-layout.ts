/** What would this have done on larger pages: the same buffers, laid on another page size. */

import type {
  BufferSegment,
  PageSize,
  RequestSettings,
  Scenario,
  WorkloadStep,
} from "../core/scenario.js";

interface ByteRange {
  from: number;
  to: number;
}

/** The buffer as ranges of byte addresses; neighbours become one, in the order of the buffer. */
function byteRanges(segments: readonly BufferSegment[], pageSize: PageSize): ByteRange[] {
  const ranges: ByteRange[] = [];
  for (const { page, offset, length } of segments) {
    const from = page * pageSize + offset;
    const last = ranges[ranges.length - 1];
    if (last && last.to === from) last.to = from + length;
    else ranges.push({ from, to: from + length });
  }
  return ranges;
}

/** The ranges cut where pages of that size begin. */
function segmentsOf(ranges: readonly ByteRange[], pageSize: PageSize): BufferSegment[] {
  const segments: BufferSegment[] = [];
  for (const { from, to } of ranges) {
    for (let at = from; at < to;) {
      const page = Math.floor(at / pageSize);
      const end = Math.min(to, (page + 1) * pageSize);
      segments.push({ page, offset: at - page * pageSize, length: end - at });
      at = end;
    }
  }
  return segments;
}

function layRequest(request: RequestSettings, from: PageSize, to: PageSize): RequestSettings {
  const { physSegments: _, ...kept } = request;
  return { ...kept, segments: segmentsOf(byteRanges(request.segments, from), to) };
}

function layStep(step: WorkloadStep, from: PageSize, to: PageSize): WorkloadStep {
  const lay = (requests: readonly RequestSettings[]): RequestSettings[] =>
    requests.map((request) => layRequest(request, from, to));
  if ("submit" in step) return { submit: lay(step.submit) };
  if ("bios" in step) return { bios: lay(step.bios) };
  return step;
}

/**
 * The same scenario on a guest whose Linux pages have `pageSize` bytes. Every buffer keeps its byte
 * addresses: pieces that lie side by side become one and are cut at the new pages, so the number of
 * physical segments is no longer that of the capture. The block layer then cuts the requests at the
 * limits of the new queue (`guest.blockLayer` becomes `split`), which the core does.
 *
 * Where the driver stood at the start is kept: ring indexes, ids and references do not depend on the
 * page size, nor does the number of grants in the pool.
 */
export function layOnPages(scenario: Scenario, pageSize: PageSize): Scenario {
  const from = scenario.guest.pageSize;
  if (from === pageSize) return scenario;
  return {
    ...scenario,
    guest: { ...scenario.guest, pageSize, blockLayer: "split" },
    workload: scenario.workload.map((step) => layStep(step, from, pageSize)),
  };
}
