/** Connecting: the ring, the back end's features, the pool, and the disk. */
import { amount, count } from "../format.js";
import { type Area, code, on, say, type Words } from "./words.js";

function perRequest(w: Words): number {
  return w.number("nr_page");
}

export const connect: Area = {
  talk_to_blkback: [
    on(
      /nr_ring_pages/,
      (w) => say`The ring gets ${amount(w.info.nr_ring_pages || 1, "page")} of 4,096 bytes.`,
    ),
    on(/setup_blkring/, () => say`The ring’s pages are allocated and granted.`),
    on(/write_ring_keys/, () => say`The store is told where the ring is.`),
    on(/init_shadow_ids/, () => say`The shadow entries are chained as the free ids.`),
    on(/Initialised/, () => say`The driver has set up its side, and waits for the back end.`),
  ],
  init_shadow_ids: [
    on(/./, (w) => say`The ${w.info.ring.nr_ents} shadow entries are chained as the free ids.`),
  ],
  setup_blkring: [
    on(
      /SHARED_RING_INIT|FRONT_RING_INIT/,
      (w) =>
        say`The ring is empty: of ${amount(w.number("ring_size"), "byte")}, entries of ${w.info.layout.entry} bytes.`,
    ),
    on(/xenbus_grant_ring/, () => say`The ring’s pages are granted to the back end.`),
    on(
      /alloc_pages/,
      (w) => say`Pages for a ring of ${amount(w.number("ring_size"), "byte")} are allocated.`,
    ),
  ],
  blkfront_setup_indirect: [
    on(
      /^const indirect_segments|indirect_segments === null/,
      () => say`Does the back end take indirect requests, and of how many segments?`,
    ),
    on(
      /max_indirect_segments = 0/,
      () => say`The back end takes none: a request has 11 segments at most.`,
    ),
    on(
      /max_indirect_segments = Math/,
      (w) =>
        say`The back end takes ${w.number("indirect_segments")} segments in an indirect request.`,
    ),
    on(/^nr_page =/, () => say`So many grants can one request have.`),
    on(
      /^const segs =/,
      (w) => {
        const segs = Math.floor(perRequest(w) / w.perPage);
        return say`${perRequest(w)} grants of ${w.perPage} Xen pages to a Linux page: a request has ${amount(segs, "scatterlist entry", "scatterlist entries")}.`;
      },
      (w) => (Math.floor(perRequest(w) / w.perPage) === 0 ? "warning" : "plain"),
    ),
    on(/fill_grant_buffer/, (w) => {
      const frames = Math.ceil(perRequest(w) / 512);
      const ring = w.info.ring.nr_ents;
      return say`The pool gets ${(perRequest(w) + frames) * ring} entries: ${perRequest(w)} grants and ${amount(frames, "frame")} for each of ${ring} slots.`;
    }),
    on(
      /^const num =/,
      (w) =>
        say`Spare pages for the indirect frames are allocated: ${Math.ceil(perRequest(w) / 512) * w.info.ring.nr_ents}.`,
    ),
    on(
      /sg_init_table/,
      (w) =>
        say`The scatterlist of shadow entry ${w.number("i")} is marked to end after ${amount(w.number("segs"), "entry", "entries")}.`,
    ),
    on(/./, (w) => say`Shadow entry ${w.number("i")} gets room for ${perRequest(w)} grants.`),
  ],
  blkfront_connect: [
    on(/^const fields/, () => say`The back end is ready: its features are read from the store.`),
    on(/feature-barrier/, () => say`Does the back end offer barriers?`),
    on(
      /feature-flush-cache/,
      () => say`Does the back end offer a cache flush? It wins where both are offered.`,
    ),
    on(/feature-discard/, () => say`Does the back end offer discards?`),
    on(
      /feature-persistent/,
      () =>
        say`Does the back end keep grants mapped? Then the driver copies, and uses its grants again.`,
    ),
    on(/blkfront_setup_indirect/, () => say`The pool of grants and the shadow entries are made.`),
    on(
      /xlvbd_alloc_gendisk/,
      (w) => say`The disk of ${count(w.number("sectors"))} sectors and its queue are made.`,
    ),
    on(/CONNECTED/, () => say`The device is connected: from now on requests are queued.`),
    on(/kick_pending/, () => say`Requests that came in early are queued.`),
  ],
  xlvbd_init_blk_queue: [
    on(
      /max_hw_sectors/,
      (w) =>
        say`A request has ${amount(w.number("segments") * 8, "sector")} at most: 8 for each of ${w.number("segments")} grants.`,
    ),
    on(
      /max_segments/,
      (w) =>
        say`A request has ${amount(Math.floor(w.number("segments") / w.perPage), "segment")} at most: ${w.number("segments")} grants, ${w.perPage} to a Linux page.`,
    ),
    on(/segment_boundary/, () => say`A segment never crosses the end of a Linux page.`),
  ],
  xlvbd_flush: [
    on(
      /./,
      (w) =>
        say`The features are printed: persistent grants ${w.info.feature_persistent ? "enabled" : "disabled"}, ${code("max_indirect_segments")} ${w.info.max_indirect_segments}.`,
    ),
  ],
};
