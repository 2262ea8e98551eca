import { REQ_FLAGS, blkifStateName, xenbusStateName } from "./constants.js";
import { boolean, enumerator, flags, integer, text } from "./numbers.js";
import { list } from "./list.js";
import { page, reference } from "./pages.js";
import { plainStruct } from "./plain.js";
import { array, field, struct } from "./value.js";
import type { Presenter } from "./world.js";
import type { blk_shadow } from "../../core/blkfront/patch-v2/blkfront-info.js";

/** `struct blkfront_info`. */
export const blkfront_info: Presenter<"blkfront_info"> = (world, raw) =>
  struct(
    "struct blkfront_info",
    raw,
    `${raw.gd?.disk_name ?? "no disk"} · ${raw.connected}`,
    () => [
      field("xbdev", world.point("xenbus_device", raw.xbdev)),
      field("gd", world.point("gendisk", raw.gd)),
      field("vdevice", integer("int", raw.vdevice)),
      field("handle", integer("blkif_vdev_t", raw.handle)),
      field(
        "connected",
        enumerator("enum blkif_state", raw.connected, blkifStateName(raw.connected)),
      ),
      field(
        "ring_ref",
        array(`int [${raw.ring_ref.length}]`, raw.ring_ref, raw.ring_ref.length, (index) =>
          reference(world, raw.ring_ref[index] as number),
        ),
      ),
      field("nr_ring_pages", integer("unsigned int", raw.nr_ring_pages)),
      field("ring", world.show("blkif_front_ring", raw.ring)),
      field("evtchn", integer("unsigned int", raw.evtchn)),
      field("irq", integer("unsigned int", raw.irq)),
      field("rq", world.point("request_queue", raw.rq)),
      field("work", plainStruct(world, "work", raw.work)),
      field("callback", plainStruct(world, "callback", raw.callback)),
      field(
        "shadow",
        array(`struct blk_shadow [${raw.shadow.length}]`, raw.shadow, raw.shadow.length, (index) =>
          world.show("blk_shadow", raw.shadow[index] as blk_shadow),
        ),
      ),
      field(
        "grants",
        list(world, raw.grants, (held) => world.point("grant", held)),
      ),
      field(
        "indirect_pages",
        list(world, raw.indirect_pages, (held) => page(world, held)),
      ),
      field("persistent_gnts_c", integer("unsigned int", raw.persistent_gnts_c)),
      field("shadow_free", integer("unsigned long", raw.shadow_free)),
      field("feature_flush", flags("unsigned int", raw.feature_flush, REQ_FLAGS)),
      field("feature_discard", boolean(raw.feature_discard)),
      field("feature_secdiscard", boolean(raw.feature_secdiscard)),
      field("discard_granularity", integer("unsigned int", raw.discard_granularity)),
      field("discard_alignment", integer("unsigned int", raw.discard_alignment)),
      field("feature_persistent", boolean(raw.feature_persistent)),
      field("max_indirect_segments", integer("unsigned int", raw.max_indirect_segments)),
      field("is_ready", boolean(raw.is_ready)),
      // Globals in C, which the model reaches through this structure.
      field("kernel", world.show("kernel", raw.kernel)),
      field("statics", world.show("blkfront_statics", raw.statics)),
    ],
  );

/** The driver's static variables, of which there is one set for all its devices. */
export const blkfront_statics: Presenter<"blkfront_statics"> = (_world, raw) => {
  const minors = [...raw.minors].sort((a, b) => a - b);
  return struct("static", raw, `${minors.length} minors in use`, () => [
    field("xen_blkif_max_segments", integer("unsigned int", raw.xen_blkif_max_segments)),
    field("xen_blkif_max_ring_order", integer("unsigned int", raw.xen_blkif_max_ring_order)),
    field("nr_minors", integer("unsigned int", raw.nr_minors)),
    field(
      "minors",
      array("unsigned long *", raw.minors, minors.length, (index) =>
        integer("unsigned int", minors[index] as number),
      ),
    ),
  ]);
};

/** `struct xenbus_device`. */
export const xenbus_device: Presenter<"xenbus_device"> = (_world, raw) =>
  struct("struct xenbus_device", raw, raw.nodename, () => [
    field("nodename", text(raw.nodename)),
    field("otherend", text(raw.otherend)),
    field("otherend_id", integer("int", raw.otherend_id)),
    field("state", enumerator("enum xenbus_state", raw.state, xenbusStateName(raw.state))),
    field("drvdata", boolean(raw.drvdata)),
    field("down", boolean(raw.down)),
    field(
      "store",
      struct("xenstore", raw.store, `${raw.store.size} keys`, () =>
        [...raw.store].map(([key, value]) => ({
          name: key,
          value: text(value),
          expression: () => `$xenstore(${JSON.stringify(key)})`,
        })),
      ),
    ),
  ]);
