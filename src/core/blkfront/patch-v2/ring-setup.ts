/** The ring: allocated, granted, and published in the store. */
import { ENOMEM } from "../../linux/errno.js";
import { alloc_pages, get_order, page_address, page_to_gfn } from "../../linux/pages.js";
import { gnttab_grant_foreign_access, GRANT_INVALID_REF } from "../../xen/grant-table.js";
import { XEN_PAGE_SIZE } from "../../xen/page.js";
import { FRONT_RING_INIT, SHARED_RING_INIT, blkif_sring } from "../../xen/ring.js";
import {
  xenbus_dev_fatal,
  xenbus_printf,
  xenbus_read_otherend,
  xenbus_switch_state,
} from "../../xen/xenbus.js";
import {
  BLK_RING_SIZE,
  type blk_shadow,
  type blkfront_info,
  type blkfront_params,
} from "./blkfront-info.js";

/** The end of the list of free ids. */
const LAST_ID = 0x0fffffff;

/**
 * `setup_blkring`: the ring's pages, granted to the back end one by one, and an event channel.
 * @returns 0 or a negative errno
 */
function setup_blkring(info: blkfront_info): number {
  const k = info.kernel;
  const ring_size = info.nr_ring_pages * XEN_PAGE_SIZE;
  for (let i = 0; i < info.nr_ring_pages; i++) info.ring_ref[i] = GRANT_INVALID_REF;

  const page = alloc_pages(k, get_order(k, ring_size));
  if (page === 0) {
    xenbus_dev_fatal(k, info.xbdev, -ENOMEM, "allocating shared ring");
    return -ENOMEM;
  }
  const sring = new blkif_sring(k.mem, page_address(k, page));
  SHARED_RING_INIT(sring);
  FRONT_RING_INIT(info.ring, sring, info.layout, ring_size);

  for (let i = 0; i < info.nr_ring_pages; i++) {
    const gfn = page_to_gfn(k, page) + i;
    const err = gnttab_grant_foreign_access(k, info.xbdev.otherend_id, gfn);
    if (err < 0) {
      xenbus_dev_fatal(k, info.xbdev, err, `granting access to ring page ${gfn}`);
      return err;
    }
    info.ring_ref[i] = err;
  }
  info.evtchn = 1;
  return 0;
}

/** Threads the free list through all ids of the ring, in ascending order. */
export function init_shadow_ids(info: blkfront_info): void {
  for (let i = 0; i < BLK_RING_SIZE(info); i++) {
    (info.shadow[i] as blk_shadow).req.u.rw.id = i + 1;
  }
  (info.shadow[BLK_RING_SIZE(info) - 1] as blk_shadow).req.u.rw.id = LAST_ID;
}

/** `talk_to_blkback`: sets the ring up and tells the back end where it is. */
export function talk_to_blkback(info: blkfront_info, params: blkfront_params): number {
  const dev = info.xbdev;
  const max_page_order = xenbus_read_otherend(dev, "max-ring-page-order");
  if (max_page_order === null) {
    info.nr_ring_pages = 1;
  } else {
    info.nr_ring_pages = 1 << Math.min(params.xen_blkif_max_ring_order, max_page_order);
  }

  const err = setup_blkring(info);
  if (err) return err;

  if (info.nr_ring_pages === 1) {
    xenbus_printf(dev, "ring-ref", info.ring_ref[0] as number);
  } else {
    xenbus_printf(dev, "ring-page-order", Math.log2(info.nr_ring_pages));
    for (let i = 0; i < info.nr_ring_pages; i++) {
      xenbus_printf(dev, `ring-ref${i}`, info.ring_ref[i] as number);
    }
  }
  xenbus_printf(dev, "event-channel", info.evtchn);
  xenbus_printf(dev, "feature-persistent", 1);

  init_shadow_ids(info);
  xenbus_switch_state(dev, "Initialised");
  return 0;
}
