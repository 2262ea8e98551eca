/** The names that the source has for numbers. */
import * as vdev from "../../core/blkfront/patch-v2/vdev.js";
import * as flush from "../../core/linux/blk-flush.js";
import * as errno from "../../core/linux/errno.js";
import * as flags from "../../core/linux/request.js";
import * as blkif from "../../core/xen/blkif.js";
import * as gnttab from "../../core/xen/grant-table.js";
import { XEN_PAGE_SHIFT, XEN_PAGE_SIZE } from "../../core/xen/page.js";
import { XENBUS_STATES } from "../../core/xen/xenbus.js";

function numbersOf(module: object, wanted: RegExp): [string, number][] {
  return Object.entries(module).filter(
    (entry): entry is [string, number] => typeof entry[1] === "number" && wanted.test(entry[0]),
  );
}

/** `BLKIF_STATE_CONNECTED`. */
export function blkifStateName(state: string): string {
  return `BLKIF_STATE_${state}`;
}

/** `XenbusStateConnected`. */
export function xenbusStateName(state: string): string {
  return `XenbusState${state}`;
}

/** Constants of enumerations that the model keeps as their names: what C calls them, and what the model does. */
export const ENUMERATORS: ReadonlyMap<string, string> = new Map([
  ...XENBUS_STATES.map((state) => [xenbusStateName(state), state] as const),
  ...["DISCONNECTED", "CONNECTED", "SUSPENDED"].map(
    (state) => [blkifStateName(state), state] as const,
  ),
  ["REQ_TYPE_FS", "REQ_TYPE_FS"],
  ["REQ_TYPE_BLOCK_PC", "REQ_TYPE_BLOCK_PC"],
]);

/** Constants of the headers, by name; those that depend on the guest are not among them. */
export const CONSTANTS: ReadonlyMap<string, number | boolean | null> = new Map<
  string,
  number | boolean | null
>([
  ["NULL", null],
  ["true", true],
  ["false", false],
  ["XEN_PAGE_SIZE", XEN_PAGE_SIZE],
  ["XEN_PAGE_SHIFT", XEN_PAGE_SHIFT],
  ...numbersOf(blkif, /^(BLKIF_|SEGMENT_SIZE$)/),
  ...numbersOf(flags, /^REQ_/),
  ...numbersOf(gnttab, /^(GTF_|GRANT_|GNTTAB_|NR_RESERVED)/),
  ...numbersOf(errno, /^E[A-Z]+$/),
  ...numbersOf(vdev, /_MAJOR$|^PARTS_PER_|^EMULATED_/),
]);

const OPERATIONS = new Map(
  numbersOf(blkif, /^BLKIF_OP_/).map(([name, value]) => [value, name] as const),
);
const STATUSES = new Map(
  numbersOf(blkif, /^BLKIF_RSP_/).map(([name, value]) => [value, name] as const),
);
const ERRORS = new Map(
  numbersOf(errno, /^E[A-Z]+$/).map(([name, value]) => [-value, `-${name}`] as const),
);

/** `BLKIF_OP_WRITE`. */
export function operationName(operation: number): string | undefined {
  return OPERATIONS.get(operation);
}

/** `BLKIF_RSP_OKAY`. */
export function statusName(status: number): string | undefined {
  return STATUSES.get(status);
}

/** `-EIO`. */
export function errnoName(error: number): string | undefined {
  return ERRORS.get(error);
}

/** The names of the bits of a module's constants, lowest first. */
function bitsOf(module: object, wanted: RegExp): ReadonlyMap<number, string> {
  const named = numbersOf(module, wanted).filter(([, value]) => value > 0);
  return new Map(named.sort(([, a], [, b]) => a - b).map(([name, value]) => [value, name]));
}

/** The request flags that the driver or the block layer looks at. */
export const REQ_FLAGS = bitsOf(flags, /^REQ_/);

/** The steps of a flush sequence, as the block layer counts them. */
export const FLUSH_STEPS = bitsOf(flush, /^REQ_FSEQ_/);
