/** The ring: allocated, granted, and published in the store. */
import { EAGAIN, ENOMEM, ENOSPC } from "../../linux/errno.js";
import { fails } from "../../linux/kernel.js";
import {
  alloc_pages,
  free_pages,
  get_order,
  page_address,
  page_to_gfn,
} from "../../linux/pages.js";
import { message } from "../../linux/printk.js";
import {
  GRANT_INVALID_REF,
  gnttab_end_foreign_access_ref,
  gnttab_grant_foreign_access,
} from "../../xen/grant-table.js";
import { XEN_PAGE_SIZE } from "../../xen/page.js";
import { FRONT_RING_INIT, SHARED_RING_INIT, blkif_sring } from "../../xen/ring.js";
import {
  type xenbus_device,
  type xenbus_transaction,
  dev_name,
  xenbus_alloc_evtchn,
  xenbus_dev_fatal,
  xenbus_printf,
  xenbus_scanf,
  xenbus_switch_state,
  xenbus_transaction_end,
  xenbus_transaction_start,
} from "../../xen/xenbus.js";
import { BLK_RING_SIZE, type blk_shadow, type blkfront_info } from "./blkfront-info.js";
import { blkif_free } from "./free.js";

/** The end of the list of free ids. */
const LAST_ID = 0x0fffffff;
/** The interrupt that the event channel is bound to. */
const IRQ = 1;

/**
 * `xenbus_grant_ring`: grants the ring's pages one by one.
 * @param gref receives the references
 * @returns 0, or -ENOSPC with what was granted taken back, but not freed
 */
function xenbus_grant_ring(
  info: blkfront_info,
  dev: xenbus_device,
  page: number,
  nr_pages: number,
  gref: number[],
): number {
  const k = info.kernel;
  for (let i = 0; i < nr_pages; i++) {
    const err = gnttab_grant_foreign_access(k, dev.otherend_id, page_to_gfn(k, page) + i);
    if (err < 0) {
      xenbus_dev_fatal(k, dev, err, "granting access to ring page");
      for (const granted of gref) gnttab_end_foreign_access_ref(k, granted);
      return err;
    }
    gref.push(err);
  }
  return 0;
}

/**
 * `setup_blkring`: the ring's pages, granted to the back end one by one, and an event channel.
 * @returns 0 or a negative errno
 */
function setup_blkring(dev: xenbus_device, info: blkfront_info): number {
  const k = info.kernel;
  const ring_size = info.nr_ring_pages * XEN_PAGE_SIZE;
  for (let i = 0; i < info.nr_ring_pages; i++) info.ring_ref[i] = GRANT_INVALID_REF;

  const page = fails(k, "__get_free_pages") ? 0 : alloc_pages(k, get_order(k, ring_size));
  if (page === 0) {
    xenbus_dev_fatal(k, dev, -ENOMEM, "allocating shared ring");
    return -ENOMEM;
  }
  const sring = new blkif_sring(k.mem, page_address(k, page));
  SHARED_RING_INIT(sring);
  FRONT_RING_INIT(info.ring, sring, info.layout, ring_size);

  const gref: number[] = [];
  let err = xenbus_grant_ring(info, dev, page, info.nr_ring_pages, gref);
  if (err < 0) {
    free_pages(k, page, get_order(k, ring_size));
    info.ring.sring = null;
    return setup_blkring_fail(info, err);
  }
  for (let i = 0; i < info.nr_ring_pages; i++) info.ring_ref[i] = gref[i] as number;

  err = xenbus_alloc_evtchn(k, dev);
  if (err) return setup_blkring_fail(info, err);
  info.evtchn = k.evtchn.port;

  err = fails(k, "bind_evtchn_to_irqhandler") ? -ENOSPC : IRQ;
  if (err <= 0) {
    xenbus_dev_fatal(k, dev, err, "bind_evtchn_to_irqhandler failed");
    return setup_blkring_fail(info, err);
  }
  info.irq = err;
  return 0;
}

/** The label `fail` of `setup_blkring`. */
function setup_blkring_fail(info: blkfront_info, err: number): number {
  blkif_free(info, false);
  return err;
}

/** Threads the free list through all ids of the ring, in ascending order. */
export function init_shadow_ids(info: blkfront_info): void {
  for (let i = 0; i < BLK_RING_SIZE(info); i++) {
    (info.shadow[i] as blk_shadow).req.u.rw.id = i + 1;
  }
  (info.shadow[BLK_RING_SIZE(info) - 1] as blk_shadow).req.u.rw.id = LAST_ID;
}

/**
 * Writes where the ring is into a transaction.
 * @returns what could not be written, in the driver's words, or null
 */
function write_ring_keys(
  info: blkfront_info,
  dev: xenbus_device,
  xbt: xenbus_transaction,
  ring_page_order: number,
): string | null {
  const k = info.kernel;
  if (info.nr_ring_pages === 1) {
    if (xenbus_printf(k, xbt, dev, "ring-ref", info.ring_ref[0] as number)) {
      return "writing ring-ref";
    }
  } else {
    if (xenbus_printf(k, xbt, dev, "ring-page-order", ring_page_order)) {
      return "writing ring-page-order";
    }
    for (let i = 0; i < info.nr_ring_pages; i++) {
      if (xenbus_printf(k, xbt, dev, `ring-ref${i}`, info.ring_ref[i] as number)) {
        return "writing ring-ref";
      }
    }
  }
  if (xenbus_printf(k, xbt, dev, "event-channel", info.evtchn)) return "writing event-channel";
  if (xenbus_printf(k, xbt, dev, "protocol", info.layout.protocol)) {
    return "writing protocol";
  }
  if (xenbus_printf(k, xbt, dev, "feature-persistent", 1)) {
    const text = `${dev_name(dev)}: writing persistent grants feature to xenbus`;
    message(k, "warning", text);
  }
  return null;
}

/**
 * `talk_to_blkback`: sets the ring up and tells the back end where it is, at first and on each resume.
 * @returns 0, or a negative errno with everything given back
 */
export function talk_to_blkback(dev: xenbus_device, info: blkfront_info): number {
  const k = info.kernel;
  let ring_page_order = 0;
  const max_page_order = xenbus_scanf(dev.store, dev.otherend, "max-ring-page-order", "%u");
  if (max_page_order === null) {
    info.nr_ring_pages = 1;
  } else {
    ring_page_order = Math.min(info.statics.xen_blkif_max_ring_order, max_page_order);
    info.nr_ring_pages = 1 << ring_page_order;
  }

  let err = setup_blkring(dev, info);
  if (err) return err;

  const xbt: xenbus_transaction = { writes: new Map() };
  do {
    err = xenbus_transaction_start(k, xbt);
    if (err) {
      xenbus_dev_fatal(k, dev, err, "starting transaction");
      blkif_free(info, false);
      return err;
    }

    const failed = write_ring_keys(info, dev, xbt, ring_page_order);
    if (failed !== null) {
      xenbus_transaction_end(k, dev, xbt, true);
      xenbus_dev_fatal(k, dev, -ENOSPC, failed);
      blkif_free(info, false);
      return -ENOSPC;
    }

    // Another transaction may have come between: then everything is written again.
    err = xenbus_transaction_end(k, dev, xbt, false);
  } while (err === -EAGAIN);
  if (err) {
    xenbus_dev_fatal(k, dev, err, "completing transaction");
    blkif_free(info, false);
    return err;
  }

  init_shadow_ids(info);
  xenbus_switch_state(dev, "Initialised");
  return 0;
}
