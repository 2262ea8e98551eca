/** What a faulty or hostile back end can do to a guest, through what it may reach. */
import { mem_get32, mem_put8 } from "../linux/memory.js";
import type { MadeUpResponse, Rewrite } from "../scenario.js";
import { GRANT_INVALID_REF, grant_entry_addr } from "../xen/grant-table.js";
import { XEN_PAGE_SIZE } from "../xen/page.js";
import { SRING_HEADER } from "../xen/ring.js";
import type { backend } from "./backend.js";
import { make_response, push_responses, take_requests } from "./dispatch.js";

/** Answers what nobody asked. It has read what lies in the slots before it writes over them. */
export function respond_unasked(be: backend, responses: readonly MadeUpResponse[]): void {
  take_requests(be);
  for (const { shadowId, operation, status } of responses) {
    make_response(be, shadowId, operation, status);
  }
}

/** Claims `count` responses that it has not written: the guest finds there what the slots held before. */
export function overrun(be: backend, count: number): void {
  take_requests(be);
  be.rsp_prod_pvt = (be.rsp_prod_pvt + count) >>> 0;
  push_responses(be);
}

/** The grants of a request, as the guest has them. */
export interface sent_request {
  /** The ring slot; -1 when the back end does not know it any more. */
  readonly slot: number;
  readonly indirect_grefs: readonly number[];
  readonly grefs: readonly number[];
}

/** Writes over what the guest has sent; nothing where there is no such slot or frame. */
export function rewrite(be: backend, sent: sent_request, what: Rewrite): void {
  const addr = address_of(be, sent, what);
  if (addr < 0) return;
  what.bytes.forEach((byte, i) => mem_put8(be.mem, addr + i, byte));
  be.trace?.({ kind: "backend_rewrite", where: what.where, addr, len: what.bytes.length });
}

/** The physical address, or -1. */
function address_of(be: backend, sent: sent_request, { where, index, offset }: Rewrite): number {
  if (where === "slot") {
    if (sent.slot < 0) return -1;
    return be.ring + SRING_HEADER + sent.slot * be.layout.entry + offset;
  }
  const gref = (where === "indirect" ? sent.indirect_grefs : sent.grefs)[index];
  // A grant that the request does not have has no reference.
  if (gref === undefined || gref === GRANT_INVALID_REF) return -1;
  return mem_get32(be.mem, grant_entry_addr(be.gnttab, gref) + 4) * XEN_PAGE_SIZE + offset;
}
