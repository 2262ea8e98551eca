/**
 * Every request of the live captures: what the guest's driver was handed, took, wrote, gave back and ended is
 * what the model does. docs/captures.md says where the two drivers differ.
 */
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { before, describe, it } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { gunzipSync } from "node:zlib";
import { list_entries } from "../../src/core/linux/list.js";
import { mem_get32 } from "../../src/core/linux/memory.js";
import type { request } from "../../src/core/linux/request.js";
import { createMachine, runTask } from "../../src/core/machine.js";
import type { TraceEvent } from "../../src/core/tracepoints.js";
import { RING_GET_REQUEST } from "../../src/core/xen/ring.js";
import { openInput } from "../../src/inputs/open.js";
import { type Entered, type Interrupt, type Returned, type Told, liveTold } from "../live-trace.js";

const FOLDER = "test/fixtures/captures";

function sectorOf(req: request): number | null {
  return req.__data_len === 0 ? null : req.__sector;
}

function modelled(text: string): Told {
  const { scenario, problems } = openInput("trace.txt", text);
  assert.ok(scenario, JSON.stringify(problems));
  const machine = createMachine(scenario);
  const { info, kernel } = machine;
  const told: Told = {
    ...{ taken: [], returned: [], entered: [] },
    ...{ handed: [], ended: [], interrupts: [] },
  };
  /** What came back of the requests that are not ended, by shadow id. */
  const back = new Map<number, Returned[]>();
  let list: Pick<Entered, "live" | "next"> = { live: NaN, next: [] };
  let copied = false;
  let frame: number | null = null;
  let grants = 0;

  const lookAtList = () => {
    const next = [...list_entries(info.grants, 2)].map(({ gref }) => (gref === 0 ? null : gref));
    list = { live: info.persistent_gnts_c, next };
  };
  const watch = (event: TraceEvent) => {
    switch (event.kind) {
      case "request_id":
        grants = 0;
        return lookAtList();
      case "indirect_frame":
        frame = event.gref;
        return;
      case "grant_taken": {
        const { gfn, offset, len, grant_idx, id, gref, fresh } = event;
        told.taken.push({ gfn, offset, len, grant_idx, id, gref, fresh, frame });
        frame = null;
        copied = false;
        return;
      }
      case "bytes_copied":
        copied = event.way === "in";
        return;
      case "segment_written": {
        const { first_sect, last_sect } = event;
        const ring_req = RING_GET_REQUEST(info.ring, info.layout, info.ring.req_prod_pvt);
        const head = mem_get32(kernel.mem, ring_req.addr);
        const { sector_number } = ring_req.u.rw;
        told.entered.push({ first_sect, last_sect, copied, head, sector_number, ...list });
        grants++;
        return lookAtList();
      }
      case "request_queued": {
        const segments = grants === 0 ? null : event.req.nr_phys_segments;
        const bytes = event.req.__data_len;
        told.handed.push({ sector: sectorOf(event.req), bytes, grants, segments });
        back.set(event.id, []);
        return;
      }
      case "grant_released": {
        const returned = { gref: event.gref, to: event.to };
        told.returned.push(returned);
        back.get(event.id)?.push(returned);
        return;
      }
      case "request_end": {
        const returned = back.get(event.id) ?? [];
        told.ended.push({ sector: sectorOf(event.req), bytes: event.req.__data_len, returned });
        return;
      }
      case "interrupt": {
        const { req_prod_pvt: req_prod, rsp_cons, nr_ents: entries, sring } = info.ring;
        told.interrupts.push({ req_prod, rsp_cons, rsp_prod: sring?.rsp_prod ?? NaN, entries });
        return;
      }
    }
  };
  while (runTask(machine, watch));
  assert.equal(machine.bug, null);
  return told;
}

/** Of the model's, in order, those that the capture tells too: all of it, unless something else is between. */
function alsoTold<T>(ours: readonly T[], live: readonly T[]): T[] {
  let at = 0;
  return ours.filter((one) => isDeepStrictEqual(one, live[at]) && ++at);
}

describe("the live captures", () => {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith(".trace.txt.gz"));
  for (const file of files) {
    describe(file.replace(".trace.txt.gz", ""), () => {
      const text = gunzipSync(readFileSync(`${FOLDER}/${file}`)).toString();
      let guest: Told;
      let model: Told;
      let hasGap: boolean;
      before(() => {
        guest = liveTold(text);
        model = modelled(text);
        hasGap = openInput(file, text).problems.length > 0;
      });

      it("hands the driver the same requests", () => {
        assert.ok(guest.handed.length > 0);
        assert.deepEqual(model.handed, guest.handed);
      });
      it("takes the same grants for the same pieces", () => {
        assert.deepEqual(model.taken, guest.taken);
      });
      it("writes the same segments, from a free list in the same order", () => {
        assert.equal(guest.entered.length, guest.taken.length);
        assert.deepEqual(model.entered, guest.entered);
      });
      it("gives the same grants back, request by request", () => {
        assert.equal(model.ended.length, model.handed.length);
        // One capture lacks the events of an interrupt. The rest of it is there, and in this order.
        const ended = hasGap ? alsoTold(model.ended, guest.ended) : model.ended;
        assert.deepEqual(ended, guest.ended);
        if (!hasGap) assert.deepEqual(model.returned, guest.returned);
      });
      it("has the same ring indexes at every interrupt", () => {
        // Responses that arrive while the handler runs belong to its interrupt: `rsp_prod` has a test of its own.
        const indexes = ({ req_prod, rsp_cons, entries }: Interrupt) => [
          req_prod,
          rsp_cons,
          entries,
        ];
        const live = guest.interrupts.map(indexes);
        const ours = model.interrupts.map(indexes);
        assert.deepEqual(hasGap ? alsoTold(ours, live) : ours, live);
      });
      it("has no fewer responses on the ring at an interrupt than the guest had at its entry", () => {
        for (const { rsp_cons, rsp_prod } of guest.interrupts) {
          const ours = model.interrupts.find((interrupt) => interrupt.rsp_cons === rsp_cons);
          assert.ok(rsp_prod > rsp_cons && rsp_prod <= (ours?.rsp_prod ?? NaN));
        }
      });
      it("misses no more than one interrupt", () => {
        const missing = hasGap ? 1 : 0;
        assert.equal(model.ended.length - guest.ended.length, missing);
        assert.equal(model.interrupts.length - guest.interrupts.length, missing);
      });
    });
  }
  it("are all there", () => assert.equal(files.length, 13));
});
