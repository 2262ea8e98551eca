/** The back end's turn, and what of it the workload asks to be wrong. */
import {
  dispatch,
  do_block_io_op,
  inner_operation,
  make_response,
  take_requests,
  NOT_KNOWN_YET,
  untaken_ids,
} from "../blkback/dispatch.js";
import { type sent_request, rewrite } from "../blkback/misbehave.js";
import { request_is_for } from "../linux/request.js";
import type { ResponseSettings, Rewrite } from "../scenario.js";
import { BLKIF_RSP_EOPNOTSUPP, BLKIF_RSP_ERROR } from "../xen/blkif.js";
import type { Machine } from "./state.js";

function forced_status({ status }: ResponseSettings): number | null {
  if (typeof status === "number") return status;
  switch (status) {
    case "okay":
      return null;
    case "error":
      return BLKIF_RSP_ERROR;
    case "unsupported":
      return BLKIF_RSP_EOPNOTSUPP;
  }
}

/** Whether shadow entry `id` belongs to what the scenario calls `nr`. */
function is_for({ info }: Machine, id: number, nr: number): boolean {
  const req = info.shadow[id]?.request ?? null;
  return req !== null && request_is_for(req, nr);
}

/**
 * Notes what the requests that the back end has just taken are for. Later the shadow entry of one may belong to
 * another request: when somebody has answered it in the back end's name.
 */
export function note_what_was_asked({ backend, info }: Machine): void {
  for (const pending of backend.pending) {
    if (pending.asked !== NOT_KNOWN_YET) continue;
    const req = info.shadow[pending.req.u.rw.id]?.request ?? null;
    pending.asked = req === null ? [] : [req.nr, ...req.bio.map(({ nr }) => nr)];
  }
}

/** The back end's turn: it copies all new requests off the ring and answers those that it is asked for. */
export function answer(machine: Machine, responses: readonly ResponseSettings[]): void {
  const { backend } = machine;
  // Without a ring it has nothing to look at.
  if (backend.ring_refs.length === 0) return;
  do_block_io_op(backend);
  note_what_was_asked(machine);
  for (const response of responses) {
    for (const pending of backend.pending.filter(({ asked }) => asked.includes(response.id))) {
      const id = response.shadowId ?? pending.req.u.rw.id;
      const operation = response.operation ?? inner_operation(pending.req);
      const status = dispatch(backend, pending, forced_status(response));
      backend.pending.splice(backend.pending.indexOf(pending), 1);
      for (let n = 0; n < (response.times ?? 1); n++) {
        make_response(backend, id, operation, status);
      }
    }
  }
}

/**
 * A request that the block layer cut, or that waited for a slot, may have reached the ring only after its
 * answer was due. The back end then answers the rest at once.
 */
export function answer_what_was_late(
  machine: Machine,
  responses: readonly ResponseSettings[],
): void {
  const { agenda, backend, info, step } = machine;
  if (responses.length === 0 || info.connected !== "CONNECTED") return;
  if (backend.ring_refs.length === 0) return;
  const taken = backend.pending.flatMap(({ asked }) => asked);
  const untaken = untaken_ids(backend);
  const late = responses.filter(
    ({ id }) => taken.includes(id) || untaken.some((n) => is_for(machine, n, id)),
  );
  if (late.length === 0) return;
  agenda.unshift(
    { kind: "backend", responses: late, step },
    // All of them again: others may have waited for what was late.
    { kind: "interrupt", responses, step },
  );
}

/** A faulty back end writes over slots and frames of requests that it was sent. */
export function rewrite_what_was_sent(machine: Machine, rewrites: readonly Rewrite[]): void {
  const { backend, info } = machine;
  take_requests(backend);
  note_what_was_asked(machine);
  for (const what of rewrites) {
    const id = info.shadow.findIndex((_, n) => is_for(machine, n, what.id));
    const shadow = info.shadow[id];
    if (shadow === undefined) continue;
    const pending = backend.pending.find(({ asked }) => asked.includes(what.id));
    const grefs = (grants: readonly ({ gref: number } | null)[]) =>
      grants.map((entry) => entry?.gref ?? 0);
    const sent: sent_request = {
      slot: pending?.slot ?? -1,
      indirect_grefs: grefs(shadow.indirect_grants),
      grefs: grefs(shadow.grants_used),
    };
    rewrite(backend, sent, what);
  }
}
