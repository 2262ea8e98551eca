/** The shared ring: who owns each slot, and the indexes of both ends. */
import { blkif_op_text } from "../../core/xen/blkif.js";
import {
  RING_FREE_REQUESTS,
  RING_GET_REQUEST,
  RING_GET_RESPONSE,
  ring_slot,
} from "../../core/xen/ring.js";
import { requestKey, type RequestTrack } from "../request-track.js";
import type { Scene } from "../scene.js";
import { type RingIndex, type RingSlot, type RingView, SlotState } from "../state.js";

/** The state of the slot that a free-running index stands for, while it lies in the window in use. */
function stateAt(index: number, reqProd: number, rspProd: number): SlotState {
  // Both differences are of 32-bit counters that may have wrapped.
  if ((rspProd - index) >>> 0 !== 0 && (rspProd - index) >>> 0 < 0x8000_0000)
    return SlotState.response;
  if ((reqProd - index) >>> 0 !== 0 && (reqProd - index) >>> 0 < 0x8000_0000)
    return SlotState.request;
  return SlotState.private;
}

function slotAt(scene: Scene, index: number, state: SlotState): RingSlot {
  const { info } = scene.machine;
  const slot = ring_slot(info.ring.nr_ents, index);
  const response =
    state === SlotState.response ? RING_GET_RESPONSE(info.ring, info.layout, slot) : null;
  const request = RING_GET_REQUEST(info.ring, info.layout, slot);
  const id = response?.id ?? request.u.rw.id;
  const held = info.shadow[id]?.request;
  return {
    slot,
    state,
    id,
    operation: blkif_op_text(response?.operation ?? request.operation),
    status: response?.status ?? null,
    key: held ? requestKey(held) : null,
    changed: false,
  };
}

/** Whether the request has a slot of the ring that there is now; an earlier one can have had more slots. */
function isOnRing({ step, machine }: Scene, track: RequestTrack): boolean {
  const past = (at: number): boolean => at >= 0 && at <= step;
  if (!past(track.idTaken) || past(track.end) || past(track.left)) return false;
  return track.slot < machine.info.ring.nr_ents;
}

/** The ring; null before the driver has one. */
export function ringView(scene: Scene): RingView | null {
  const { ring } = scene.machine.info;
  const { sring, nr_ents } = ring;
  if (sring === null || nr_ents === 0) return null;
  const values = {
    req_prod_pvt: ring.req_prod_pvt,
    req_prod: sring.req_prod,
    req_event: sring.req_event,
    rsp_prod: sring.rsp_prod,
    rsp_event: sring.rsp_event,
    rsp_cons: ring.rsp_cons,
  };
  const before = scene.previous?.ring ?? null;
  const indexes: RingIndex[] = Object.entries(values).map(([name, value], at) => {
    const old = before?.indexes[at]?.value;
    return {
      name: name as RingIndex["name"],
      value,
      slot: ring_slot(nr_ents, value),
      was: old === undefined || old === value ? null : old,
    };
  });

  const slots: RingSlot[] = [];
  // Less than none where the driver has taken more responses than it has made requests.
  const used = Math.min(nr_ents, Math.max(0, (values.req_prod_pvt - values.rsp_cons) | 0));
  for (let n = 0; n < used; n++) {
    const index = (values.rsp_cons + n) >>> 0;
    slots.push(slotAt(scene, index, stateAt(index, values.req_prod, values.rsp_prod)));
  }
  const track = scene.track;
  const held = track !== null && isOnRing(scene, track);
  const writing = held && (track.queued < 0 || track.queued > scene.step);
  if (writing && !slots.some(({ slot }) => slot === track.slot)) {
    slots.push(slotAt(scene, values.req_prod_pvt, SlotState.private));
  }
  if (before !== null) {
    const old = new Map(before.slots.map((slot) => [slot.slot, slot]));
    for (const slot of slots) {
      const was = old.get(slot.slot);
      slot.changed = was?.state !== slot.state || was.id !== slot.id;
    }
  }
  return {
    entries: nr_ents,
    free: RING_FREE_REQUESTS(ring),
    slots,
    indexes,
    current: held ? track.slot : null,
    writing,
  };
}
