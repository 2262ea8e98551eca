/** The driver's and the kernel's macros that the model has, or that follow from what it has. None has a side effect. */
import {
  BLK_RING_SIZE,
  INDIRECT_GREFS,
  type blkfront_info,
} from "../../core/blkfront/patch-v2/blkfront-info.js";
import {
  BLKIF_MAJOR,
  BLKIF_MINOR_EXT,
  VDEV_IS_EXTENDED,
} from "../../core/blkfront/patch-v2/vdev.js";
import { type bio, bio_sectors, bio_segments } from "../../core/linux/bio.js";
import { type list_head, list_empty } from "../../core/linux/list.js";
import { type request, blk_rq_pos, blk_rq_sectors, rq_data_dir } from "../../core/linux/request.js";
import {
  type blkif_front_ring,
  RING_FREE_REQUESTS,
  RING_FULL,
  RING_GET_REQUEST,
  RING_GET_RESPONSE,
  RING_HAS_UNCONSUMED_RESPONSES,
} from "../../core/xen/ring.js";
import { boolean, integer } from "../present/numbers.js";
import { binary, cast, isTrue } from "./arithmetic.js";
import { type Callable, callable, converted, count, number, structure } from "./callable.js";
import { ExpressionError } from "./syntax.js";
import { INT, UNSIGNED_INT, UNSIGNED_LONG } from "./types.js";

const ring = structure<blkif_front_ring>("ring", "struct blkif_front_ring");
const req = structure<request>("req", "struct request");
const of_bio = structure<bio>("bio", "struct bio");
const idx = converted("idx", UNSIGNED_INT);
const vdevice = converted("vdevice", INT);
const SECTOR = { ...UNSIGNED_LONG, name: "sector_t" };

/** A ring whose shared pages are there. */
function shared(front: blkif_front_ring): blkif_front_ring {
  if (front.sring === null) throw new ExpressionError("The ring is not set up: its sring is NULL.");
  return front;
}

const RING: readonly (readonly [string, Callable])[] = [
  callable("RING_SIZE", [ring], "the ring's entries", (_world, front) =>
    integer("unsigned int", front.nr_ents),
  ),
  callable(
    "RING_FREE_REQUESTS",
    [ring],
    "the slots without an unanswered request",
    (_world, front) => integer("unsigned int", RING_FREE_REQUESTS(front)),
  ),
  callable("RING_FULL", [ring], "whether no slot is free for a request", (_world, front) =>
    boolean(RING_FULL(front)),
  ),
  callable(
    "RING_HAS_UNCONSUMED_RESPONSES",
    [ring],
    "how many responses the driver has not taken yet",
    (_world, front) => integer("unsigned int", RING_HAS_UNCONSUMED_RESPONSES(shared(front))),
  ),
  callable("RING_GET_REQUEST", [ring, idx], "the request of an index's slot", (world, front, at) =>
    world.point("blkif_request", RING_GET_REQUEST(shared(front), world.machine.info.layout, at)),
  ),
  callable(
    "RING_GET_RESPONSE",
    [ring, idx],
    "the response of an index's slot",
    (world, front, at) =>
      world.point(
        "blkif_response",
        RING_GET_RESPONSE(shared(front), world.machine.info.layout, at),
      ),
  ),
];

const DRIVER: readonly (readonly [string, Callable])[] = [
  callable(
    "BLK_RING_SIZE",
    [structure<blkfront_info>("info", "struct blkfront_info")],
    "the entries of the device's ring",
    (_world, info) => integer("unsigned int", BLK_RING_SIZE(info)),
  ),
  callable(
    "INDIRECT_GREFS",
    [count("pages")],
    "the indirect frames that so many Xen pages need",
    (_world, pages) => integer("unsigned long", INDIRECT_GREFS(pages)),
  ),
  callable("VDEV_IS_EXTENDED", [vdevice], "whether it is of the extended form", (_world, vdev) =>
    boolean(VDEV_IS_EXTENDED(vdev)),
  ),
  callable("BLKIF_MAJOR", [vdevice], "its major number", (_world, vdev) =>
    integer("int", BLKIF_MAJOR(vdev)),
  ),
  callable("BLKIF_MINOR_EXT", [vdevice], "its minor number, of an extended one", (_world, vdev) =>
    integer("int", BLKIF_MINOR_EXT(vdev)),
  ),
];

const BLOCK_LAYER: readonly (readonly [string, Callable])[] = [
  callable("rq_data_dir", [req], "1 for a write, 0 for a read", (_world, request) =>
    integer("int", rq_data_dir(request)),
  ),
  callable("blk_rq_pos", [req], "its first sector", (_world, request) =>
    cast(SECTOR, integer("long", blk_rq_pos(request))),
  ),
  callable("blk_rq_sectors", [req], "its sectors of 512 bytes", (_world, request) =>
    integer("unsigned int", blk_rq_sectors(request)),
  ),
  callable("bio_sectors", [of_bio], "its sectors of 512 bytes", (_world, bio) =>
    integer("unsigned int", bio_sectors(bio)),
  ),
  callable("bio_segments", [of_bio], "the pieces of its buffer", (_world, bio) =>
    integer("unsigned int", bio_segments(bio)),
  ),
];

const [a, b] = [number("a"), number("b")];

const KERNEL: readonly (readonly [string, Callable])[] = [
  callable("min", [a, b], "the smaller number", (_world, x, y) =>
    isTrue(binary("<", x, y)) ? x : y,
  ),
  callable("max", [a, b], "the larger number", (_world, x, y) =>
    isTrue(binary(">", x, y)) ? x : y,
  ),
  callable("DIV_ROUND_UP", [number("n"), number("d")], "n / d, rounded up", (_world, n, d) =>
    binary("/", binary("-", binary("+", n, d), integer("int", 1)), d),
  ),
  callable(
    "list_empty",
    [structure<list_head<unknown>>("head", "struct list_head")],
    "whether nothing is on the list",
    (_world, head) => boolean(list_empty(head)),
  ),
];

export const MACROS: readonly (readonly [string, Callable])[] = [
  ...RING,
  ...DRIVER,
  ...BLOCK_LAYER,
  ...KERNEL,
];
