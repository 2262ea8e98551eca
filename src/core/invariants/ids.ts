/** The rules about shadow ids and the answers that name them. */
import { BLK_RING_SIZE, type blk_shadow } from "../blkfront/patch-v2/blkfront-info.js";
import type { Machine } from "../machine/state.js";
import type { StreamRule } from "./rule.js";

/**
 * `ids-accounted`: while the driver is connected, each shadow id is in the list of free ids, once, or has a
 * request, whose private copy bears the id.
 *
 * A lost id makes the ring smaller until `get_id_from_freelist` stops the kernel; one that is free and has a
 * request will be given to another, and the first is never ended. Would break where a handler recycles the id of
 * a response before it knows that a request waits for it.
 */
export function ids_accounted({ info }: Machine): string | null {
  if (info.connected !== "CONNECTED") return null;
  const size = BLK_RING_SIZE(info);
  const free = new Uint8Array(size);
  for (let id = info.shadow_free; id < size; id = (info.shadow[id] as blk_shadow).req.u.rw.id) {
    if (free[id]) return `The list of free ids comes back to id ${id}.`;
    free[id] = 1;
  }
  for (let id = 0; id < size; id++) {
    const { request, req } = info.shadow[id] as blk_shadow;
    if (request === null) {
      if (!free[id]) return `Id ${id} is not in the list of free ids, and has no request.`;
      continue;
    }
    if (free[id]) return `Id ${id} is in the list of free ids, but request ${request.nr} has it.`;
    if (req.u.rw.id !== id) {
      return `Id ${id} has request ${request.nr}, but its copy of the ring request bears id ${req.u.rw.id}.`;
    }
  }
  return null;
}

/**
 * `one-answer-per-id`: each response that the driver takes names an id whose request is on the ring and has
 * not been answered.
 *
 * The driver of that time completes the shadow entry before it looks whether anybody waits for it: a second
 * answer gives the grants back once more. Drivers from 5.16 on disable the device instead.
 */
export function one_answer_per_id({ info }: Machine): StreamRule {
  const answered = new Map<number, number>();
  return {
    event(event) {
      if (event.kind === "request_end") answered.set(event.id, event.req.nr);
      if (event.kind !== "response_taken") return null;
      const { id, slot } = event;
      if (id >= BLK_RING_SIZE(info)) {
        return `The response in slot ${slot} names id ${id}, but the ids go up to ${BLK_RING_SIZE(info) - 1}.`;
      }
      if ((info.shadow[id] as blk_shadow).request !== null) return null;
      const last = answered.get(id);
      const why =
        last === undefined ? "which no request has had" : `but request ${last} was answered before`;
      return `The response in slot ${slot} names id ${id}, ${why}.`;
    },
  };
}
