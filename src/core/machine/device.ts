/** The device's life: both ends follow each other's states, users open and close the disk. */
import {
  frontend_changed,
  override,
  xen_blkbk_probe,
  xen_blkif_disconnect,
  xen_vbd_resize,
} from "../blkback/xenbus.js";
import { blkfront_remove, blkif_open, blkif_release } from "../blkfront/patch-v2/closing.js";
import { blkback_changed, blkfront_probe, xlblk_init } from "../blkfront/patch-v2/probe.js";
import { blkfront_resume } from "../blkfront/patch-v2/recover.js";
import type { BackendSettings } from "../scenario.js";
import { xenbus_switch_state } from "../xen/xenbus.js";
import { apply_start } from "./start.js";
import type { Machine } from "./state.js";

/** Does something, after which each end is told where that brings the other, until neither moves any more. */
function settle(machine: Machine, act: () => void): void {
  const { backend, info, xbdev } = machine;
  let front = xbdev.state;
  let back = backend.xbdev.state;
  act();
  for (;;) {
    if (backend.xbdev.state !== back) {
      back = backend.xbdev.state;
      blkback_changed(xbdev, info, back);
    } else if (xbdev.state !== front) {
      front = xbdev.state;
      frontend_changed(backend, front);
    } else {
      break;
    }
  }
  // What the driver has made is there to be used, and stays so for those who have it open.
  machine.gd = info.gd ?? machine.gd;
}

/** The driver is loaded and finds the device, and both ends connect. */
export function connect(machine: Machine): void {
  const { backend, info, kernel, scenario, statics, xbdev } = machine;
  if (xlblk_init(kernel, statics)) return;
  if (blkfront_probe(kernel, xbdev, info)) return;
  settle(machine, () => xen_blkbk_probe(backend));
  if (scenario.start !== null && info.connected === "CONNECTED") {
    apply_start(machine, scenario.start);
  }
}

/** Keys of the front end's directory that `talk_to_blkback` writes. */
const WRITTEN_BY_THE_DRIVER =
  /^device\/vbd\/\d+\/(ring-ref\d*|ring-page-order|event-channel|protocol|feature-persistent)$/;

/** The old back end is gone with its mappings when the guest resumes; a new one answers. */
export function suspend_and_resume(machine: Machine, settings: BackendSettings | null): void {
  const { backend, info, xbdev } = machine;
  // A device that has gone does not come back.
  if (info.xbdev === null || !xbdev.drvdata) return;
  xen_blkif_disconnect(backend);
  if (settings !== null) {
    backend.settings = settings;
    backend.overrides.clear();
  }
  // The tool stack makes the directory anew, without what the driver had written there.
  for (const path of xbdev.store.keys()) {
    if (WRITTEN_BY_THE_DRIVER.test(path)) xbdev.store.delete(path);
  }
  xbdev.state = backend.xbdev.state = "Initialising";
  settle(machine, () => {
    xen_blkbk_probe(backend);
    blkfront_resume(xbdev, info);
  });
}

/** Keys of the back end's directory change under its hands; null removes one. */
export function change_store(
  { backend }: Machine,
  keys: Readonly<Record<string, string | null>>,
): void {
  for (const [key, value] of Object.entries(keys)) override(backend, key, value);
}

/** The disk gets another capacity, in sectors of 512 bytes, and the back end says so. */
export function resize(machine: Machine, sectors: number): void {
  const { backend, info, xbdev } = machine;
  xen_vbd_resize(backend, sectors);
  // It writes its state again, so that the front end's watch fires.
  if (info.xbdev !== null) {
    settle(machine, () => blkback_changed(xbdev, info, backend.xbdev.state));
  }
}

/** The tool stack asks the back end to let go of the disk. */
export function close_backend(machine: Machine): void {
  settle(machine, () => xenbus_switch_state(machine.backend.xbdev, "Closing"));
}

/** Somebody in the guest opens the disk: `__blkdev_get`. */
export function open_disk({ gd }: Machine): void {
  if (gd === null || !gd.up || blkif_open(gd) !== 0) return;
  gd.bd_openers++;
}

/** Somebody who has opened the disk closes it: `__blkdev_put`. */
export function close_disk(machine: Machine): void {
  const { gd } = machine;
  if (gd === null || gd.bd_openers === 0) return;
  settle(machine, () => {
    gd.bd_openers--;
    blkif_release(gd);
  });
}

/** The device goes from the bus, and then its back end. */
export function remove(machine: Machine): void {
  const { backend, info, xbdev } = machine;
  if (info.xbdev === null) return;
  blkfront_remove(xbdev, info);
  xen_blkif_disconnect(backend);
}
