/** The rule about the ring's indexes. */
import type { blkfront_info } from "../blkfront/patch-v2/blkfront-info.js";
import type { Machine } from "../machine/state.js";
import type { StreamRule } from "./rule.js";

function compare({ ring }: blkfront_info): string | null {
  const { sring, rsp_cons, req_prod_pvt, nr_ents } = ring;
  if (sring === null) return null;
  const { rsp_prod, req_prod } = sring;
  // Free-running counters of 32 bits: only their distances can be compared.
  const answered = (rsp_prod - rsp_cons) >>> 0;
  const asked = (req_prod - rsp_cons) >>> 0;
  const written = (req_prod_pvt - rsp_cons) >>> 0;
  if (answered > asked) {
    return `rsp_prod is ${rsp_prod} and req_prod ${req_prod}: more was answered than asked (rsp_cons is ${rsp_cons}).`;
  }
  if (asked > written) {
    return `req_prod is ${req_prod} and req_prod_pvt ${req_prod_pvt}: more is shown than was written (rsp_cons is ${rsp_cons}).`;
  }
  if (written <= nr_ents) return null;
  return `req_prod_pvt is ${req_prod_pvt} and rsp_cons ${rsp_cons}: they are ${written} apart, and the ring has ${nr_ents} slots.`;
}

/**
 * `ring-indexes-ordered`: `rsp_cons` <= `rsp_prod` <= `req_prod` <= `req_prod_pvt`, as distances of 32-bit
 * counters, and the first and the last are no more than the ring apart.
 *
 * Beyond that, requests are written over that nobody has read, or answers are read that nobody has written.
 * Breaks with a back end that answers what it was not asked: no driver before 5.16 looks at the distance.
 */
export function ring_indexes_ordered({ info }: Machine): StreamRule {
  return {
    event({ kind }) {
      switch (kind) {
        case "request_queued":
        case "requests_pushed":
        case "backend_response":
        case "interrupt":
          return compare(info);
        default:
          return null;
      }
    },
    rest: () => compare(info),
  };
}
