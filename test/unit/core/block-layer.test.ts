import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type {
  BackendSettings,
  GuestSettings,
  RequestSettings,
  WorkloadStep,
} from "../../../src/core/scenario.js";
import { REQ_FLUSH, REQ_FUA, REQ_WRITE } from "../../../src/core/linux/request.js";
import { ends, only, run, said } from "./run.js";
import { scenario, transfer } from "./scenarios.js";

const piece = (pfn: number, offset = 0, length = 4096) => ({ page: pfn, offset, length });
const pages = (pfn: number, count: number, length = 4096) =>
  Array.from({ length: count }, (_, i) => piece(pfn + i, 0, length));

function of(
  workload: WorkloadStep[],
  guest: Partial<GuestSettings> = {},
  backend: Partial<BackendSettings> = {},
) {
  return run(scenario(workload, { pageSize: 4096, ...guest }, backend));
}

/** Sector, length in sectors and `nr_phys_segments` of each request. */
function requests({ machine }: ReturnType<typeof run>): number[][] {
  return machine.requests.map((req) => [req.__sector, req.__data_len / 512, req.nr_phys_segments]);
}

function answer(...ids: number[]): WorkloadStep {
  return { complete: ids.map((id) => ({ id, status: "okay" as const })) };
}

const write = (id: number, sector: number, count: number) =>
  transfer(id, "write", sector, pages(0x1000 + id * 0x40, count));
const discard = (id: number, sector: number, sectors: number): RequestSettings => ({
  ...transfer(id, "write", sector, []),
  op: "discard",
  sectors,
});

describe("bios", () => {
  it("that follow on each other become one request, which ends them all", () => {
    const ran = of([{ bios: [write(1, 0, 4), write(2, 32, 4), write(3, 64, 4)] }, answer(2)]);
    assert.deepEqual(requests(ran), [[0, 96, 12]]);
    assert.deepEqual(ends(ran), [
      [1, 0],
      [2, 0],
      [3, 0],
    ]);
  });

  it("are merged in front too", () => {
    const ran = of([{ bios: [write(1, 32, 4), write(2, 0, 4)] }]);
    assert.deepEqual(requests(ran), [[0, 64, 8]]);
    assert.deepEqual(
      ran.machine.requests[0]?.bio.map(({ nr }) => nr),
      [2, 1],
    );
  });

  it("are not merged across reads, writes and gaps", () => {
    const read = transfer(2, "read", 32, pages(0x2000, 4));
    const ran = of([{ bios: [write(1, 0, 4), read, write(3, 72, 4)] }]);
    assert.deepEqual(requests(ran), [
      [0, 32, 4],
      [32, 32, 4],
      [72, 32, 4],
    ]);
  });

  it("fill a request up to the queue's limits and no further", () => {
    // 32 segments, 256 sectors.
    const ran = of([{ bios: [write(1, 0, 20), write(2, 160, 12), write(3, 256, 1)] }]);
    assert.deepEqual(requests(ran), [
      [0, 256, 32],
      [256, 8, 1],
    ]);
  });

  it("close a request that one of them did not fit into", () => {
    const ran = of([{ bios: [write(1, 0, 20), write(2, 160, 20), write(3, 320, 4)] }]);
    assert.deepEqual(requests(ran), [
      [0, 160, 20],
      [160, 192, 24],
    ]);
    const closed = of([{ bios: [write(1, 160, 20), write(2, 0, 20), write(3, 320, 4)] }]);
    // The first is full for the second, and so for the third, which would have fitted.
    assert.deepEqual(requests(closed), [
      [160, 160, 20],
      [0, 160, 20],
      [320, 32, 4],
    ]);
  });

  it("that are too long become several, whole page by whole page", () => {
    const ran = of([{ bios: [write(1, 0, 70)] }, answer(1)]);
    assert.deepEqual(requests(ran), [
      [0, 256, 32],
      [256, 256, 32],
      [512, 48, 6],
    ]);
    assert.equal(ends(ran).length, 3);
    const odd = of(
      [
        {
          bios: [transfer(1, "read", 0, [piece(0x1000, 32768, 32768), ...pages(0x1001, 2, 65536)])],
        },
      ],
      { pageSize: 65536 },
    );
    assert.deepEqual(requests(odd), [
      [0, 192, 2],
      [192, 128, 1],
    ]);
  });

  it("join a request that still waits behind a full ring", () => {
    const many = Array.from({ length: 34 }, (_, i) => write(i + 1, i * 100, 1));
    const ran = of([{ bios: many }, { bios: [write(50, 33 * 100 + 8, 1)] }]);
    // The first that waits has been looked at; the second has not, and takes the newcomer in.
    assert.deepEqual(requests(ran).at(-1), [3300, 16, 2]);
    assert.equal(only(ran.events, "queue_is_stopped").length, 1);
  });

  it("that a later one joins become one request when the plug is pulled", () => {
    const ran = of([{ bios: [write(1, 0, 1), write(2, 16, 1), write(3, 8, 1)] }, answer(2)]);
    assert.deepEqual(requests(ran), [[0, 24, 3]]);
    assert.deepEqual(
      ran.machine.requests[0]?.bio.map(({ nr }) => nr),
      [1, 3, 2],
    );
    assert.deepEqual(
      ends(ran).map(([nr]) => nr),
      [1, 3, 2],
    );
  });

  it("stay apart when the request would be too large with them, or is of another kind", () => {
    const large = of([{ bios: [write(1, 0, 16), write(2, 256, 16), write(3, 128, 16)] }]);
    // The third has filled the second.
    assert.deepEqual(requests(large), [
      [0, 128, 16],
      [128, 256, 32],
    ]);
    const tiny = (id: number, sector: number) =>
      transfer(id, "write", sector, [piece(0x1000, sector * 512, 512)]);
    const joined = of([{ bios: [tiny(1, 0), tiny(2, 2), tiny(3, 1)] }]);
    // Three pieces of one page, of which the last two lie side by side.
    assert.deepEqual(requests(joined), [[0, 3, 2]]);
  });

  it("count each piece, where blk_rq_map_sg joins those of one page", () => {
    const one = transfer(1, "write", 0, [piece(0x1000, 0, 512)]);
    const next = transfer(2, "write", 1, [piece(0x1000, 512, 1024)]);
    const ran = of([{ bios: [one, next] }], { pageSize: 65536 });
    assert.deepEqual(requests(ran), [[0, 3, 2]]);
    assert.deepEqual(ran.machine.requests[0]?.segments, [
      { page: 0x1000, offset: 0, length: 1536 },
    ]);
    // Reserved for two whole pages and their frame, used one.
    assert.equal(only(ran.events, "request_id")[0]?.max_grefs, 33);
    assert.equal(only(ran.events, "grant_taken").length, 1);
  });

  it("beyond the end of the disk do not reach the driver", () => {
    const ran = of([{ bios: [write(1, 131072 - 8, 2)] }]);
    assert.deepEqual(ends(ran), [[1, -5]]);
    assert.deepEqual(said(ran).slice(1), [
      "attempt to access beyond end of device",
      "xvda: rw=1, want=131080, limit=131072",
    ]);
  });
});

describe("discards", () => {
  it("are refused by a queue that cannot", () => {
    assert.deepEqual(ends(of([{ bios: [discard(1, 0, 8)] }])), [[1, -95]]);
    const secure: RequestSettings = { ...discard(1, 0, 8), op: "secure-discard" };
    const ran = of([{ bios: [secure] }], {}, { discard: true, discardSecure: false });
    assert.deepEqual(ends(ran), [[1, -95]]);
  });

  it("are merged, each counting as a segment", () => {
    const ran = of(
      [{ bios: [discard(1, 0, 64), discard(2, 64, 64)] }, answer(1)],
      {},
      { discard: true },
    );
    assert.deepEqual(requests(ran), [[0, 128, 2]]);
    assert.deepEqual(ends(ran), [
      [1, 0],
      [2, 0],
    ]);
  });

  it("are switched off by a back end that cannot after all", () => {
    const ran = of(
      [
        { bios: [discard(1, 0, 64)] },
        { complete: [{ id: 1, status: "unsupported" }] },
        { bios: [discard(2, 0, 64)] },
      ],
      {},
      { discard: true, discardSecure: true },
    );
    assert.deepEqual(ends(ran), [
      [1, -95],
      [2, -95],
    ]);
    assert.equal(ran.machine.requests.length, 1);
  });
});

describe("flushes", () => {
  const flush = (id: number): RequestSettings => ({
    ...transfer(id, "write", 0, []),
    op: "flush",
    sector: -1,
  });
  const fua = (id: number): RequestSettings => ({ ...write(id, 0, 1), fua: true });
  const both = (id: number): RequestSettings => ({ ...fua(id), preflush: true });
  const flags = ({ machine }: ReturnType<typeof run>) =>
    machine.requests.map(({ cmd_flags }) => cmd_flags & (REQ_WRITE | REQ_FLUSH | REQ_FUA));

  it("end at once where there is no cache to flush", () => {
    const ran = of([{ bios: [flush(1), both(2)] }, answer(2)]);
    assert.deepEqual(ends(ran), [
      [1, 0],
      [2, 0],
    ]);
    assert.deepEqual(flags(ran), [REQ_WRITE]);
  });

  it("are empty requests for a back end that flushes its cache", () => {
    const ran = of([{ bios: [flush(1)] }, answer(1)], {}, { flush: "flush" });
    assert.deepEqual(ends(ran), [[1, 0]]);
    // The one that was asked for, and the one that the block layer sends for it.
    assert.deepEqual(flags(ran), [REQ_WRITE, REQ_WRITE | REQ_FLUSH]);
    assert.equal(ran.machine.requests[1]?.__sector, -1);
  });

  it("before and after a write are requests of their own", () => {
    const ran = of([{ bios: [both(1)] }, answer(1)], {}, { flush: "flush" });
    assert.deepEqual(ends(ran), [[1, 0]]);
    assert.deepEqual(
      only(ran.events, "backend_response").map(({ operation }) => operation),
      [3, 1, 3],
    );
  });

  it("go with the data where the back end has barriers", () => {
    const ran = of([{ bios: [fua(1)] }, answer(1)], {}, { flush: "barrier" });
    assert.deepEqual(flags(ran), [REQ_WRITE | REQ_FUA]);
    assert.deepEqual(
      only(ran.events, "backend_response").map(({ operation }) => operation),
      [2],
    );
    assert.deepEqual(ends(ran), [[1, 0]]);
  });

  it("that fail end the write with their error", () => {
    const ran = of(
      [{ bios: [both(1)] }, { complete: [{ id: 1, status: "error" }] }],
      {},
      { flush: "flush" },
    );
    // An empty flush that fails is taken for one that is not supported, and ends as success.
    assert.deepEqual(ends(ran), [[1, -5]]);
    assert.ok(said(ran).includes("blkfront: xvda: empty flush op failed"));
  });
});
