/** The free shadow ids: a last-in first-out list threaded through `shadow[].req.u.rw.id`. */
import { trace_id_recycled } from "../../trace.js";
import { BUG_ON } from "../../linux/bug.js";
import { EINVAL } from "../../linux/errno.js";
import { BLK_RING_SIZE, type blk_shadow, type blkfront_info } from "./blkfront-info.js";

/** What the id of an entry says while a request is being made of it. */
const TAKEN = 0x0fffffee;

/** `get_id_from_freelist`: the id at the head of the list. */
export function get_id_from_freelist(info: blkfront_info): number {
  const free = info.shadow_free;
  BUG_ON(free >= BLK_RING_SIZE(info), "free >= BLK_RING_SIZE(info)", "get_id_from_freelist");
  const shadow = info.shadow[free] as blk_shadow;
  info.shadow_free = shadow.req.u.rw.id;
  shadow.req.u.rw.id = TAKEN;
  return free;
}

/** `add_id_to_freelist`: -EINVAL for an id that is not in use. */
export function add_id_to_freelist(info: blkfront_info, id: number): number {
  const shadow = info.shadow[id] as blk_shadow;
  if (shadow.req.u.rw.id !== id) return -EINVAL;
  if (shadow.request === null) return -EINVAL;
  shadow.req.u.rw.id = info.shadow_free;
  shadow.request = null;
  info.shadow_free = id;
  trace_id_recycled(info.kernel, id);
  return 0;
}
