/** Rounds of full requests through the driver alone: nothing of the back end is timed but its responses. */
import { DEFAULT_BACKEND, DEFAULT_DISK, DEFAULT_GUEST } from "../src/inputs/scenario-defaults.js";
import type * as blkback from "../src/core/blkback/dispatch.js";
import type * as requestFn from "../src/core/blkfront/patch-v2/request-fn.js";
import type * as interrupt from "../src/core/blkfront/patch-v2/interrupt.js";
import type * as machines from "../src/core/machine.js";
import type * as making from "../src/core/machine/make-requests.js";
import type { Scenario } from "../src/core/scenario.js";

/** The parts of one build of the core that a round needs. */
export interface Core {
  createMachine: typeof machines.createMachine;
  runTask: typeof machines.runTask;
  make_requests: typeof making.make_requests;
  do_blkif_request: typeof requestFn.do_blkif_request;
  blkif_interrupt: typeof interrupt.blkif_interrupt;
  make_response: typeof blkback.make_response;
}

const REQUESTS = 32;
const PAGES = 256;
/** Grants in a round: every slot of the ring, 256 pages each. */
export const GRANTS = REQUESTS * PAGES;

function full_requests(op: "read" | "write") {
  return Array.from({ length: REQUESTS }, (_, id) => ({
    id,
    op,
    fua: false,
    preflush: false,
    sector: id * PAGES * 8,
    sectors: PAGES * 8,
    segments: Array.from({ length: PAGES }, (_, i) => ({
      page: 0x1000 + id * PAGES + i,
      offset: 0,
      length: 4096,
    })),
  }));
}

function scenario_of(persistent: boolean, op: "read" | "write"): Scenario {
  const requests = full_requests(op);
  return {
    title: "bench",
    guest: {
      ...DEFAULT_GUEST,
      pageSize: 4096,
      abi: "x86_64",
      ringPages: 1,
      maxIndirectSegments: PAGES,
      grantTableSize: 32768,
      grantTableMax: 32768,
      blockLayer: "bypass",
    },
    backend: {
      ...DEFAULT_BACKEND,
      maxPersistentGrants: null,
      persistent,
      maxIndirectSegments: PAGES,
      flush: "none",
      discard: false,
      discardSecure: null,
      keepsMapped: persistent ? "all" : "none",
    },
    disk: { ...DEFAULT_DISK, sectors: REQUESTS * PAGES * 8 },
    start: null,
    walk: null,
    workload: [
      { submit: requests },
      { complete: requests.map(({ id }) => ({ id, status: "okay" as const })) },
    ],
  };
}

/**
 * A machine that has run its workload once, so that every page exists and, where grants persist, every
 * grant is mapped; and a function that runs it once more.
 */
export function prepare(core: Core, persistent: boolean, op: "read" | "write") {
  const scenario = scenario_of(persistent, op);
  const machine = core.createMachine(scenario);
  while (core.runTask(machine));
  const { info, backend } = machine;
  const { rq, gd } = info;
  if (rq === null || gd === null) throw new Error("the bench machine did not connect");
  const operation = op === "write" ? 1 : 0;
  const requests = full_requests(op).flatMap((one) =>
    core.make_requests(machine.kernel, one, "bypass", gd),
  );
  const round = () => {
    for (const req of requests) req.rq_disk = gd;
    rq.queue_head.push(...requests);
    core.do_blkif_request(rq);
    for (const [id, shadow] of info.shadow.entries()) {
      if (shadow.request !== null) core.make_response(backend, id, operation, 0);
    }
    core.blkif_interrupt(info);
  };
  return { machine, round };
}
