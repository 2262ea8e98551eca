/** Anything without a presenter of its own, field by field. */
import { boolean, enumerator, hexadecimal, integer, text } from "./numbers.js";
import { address, frame, page, reference } from "./pages.js";
import {
  type Format,
  type Member,
  type Value,
  array,
  field,
  hasChildren,
  leaf,
  pointer,
  struct,
} from "./value.js";
import type { StructureName, Structures, World } from "./world.js";

/** What a number is, by the name that the driver's source gives to such a thing. */
function numberByName(world: World, name: string, value: number): Value {
  if (!Number.isInteger(value)) return leaf("double", value, String(value));
  if (/^(gref|ref|claimed|.*_gref)$/.test(name)) return reference(world, value);
  if (/(^|_)page$|^pfn$|_pfn$/.test(name) && name !== "nr_page") return page(world, value);
  if (/^(gfn|frame|.*_gfn)$/.test(name)) return frame(value);
  if (/^(segments|shared|shared_data|bvec_data|addr|src|dst|.*_addr)$/.test(name)) {
    return address(value);
  }
  if (/_mask$/.test(name)) return hexadecimal("unsigned long", value);
  if (/^(id|free|shadow_free)$/.test(name)) return integer("unsigned long", value);
  return integer(smallestType(value), value);
}

/** The type of a number whose name does not tell: what C would give to such a constant. */
function smallestType(value: number): string {
  if (value === (value | 0)) return "int";
  return value === value >>> 0 ? "unsigned int" : "long";
}

/** By which fields a structure is recognised; the first that fits counts. */
const MARKS: readonly (readonly [StructureName, readonly string[]])[] = [
  ["bio", ["bi_sector"]],
  ["split_bio", ["bio", "pending", "err"]],
  ["bio_vec", ["bv_page"]],
  ["blkfront_statics", ["nr_minors"]],
  ["xen_blkif", ["rsp_prod_pvt", "disk_settings"]],
  ["pending_req", ["place", "slot"]],
  ["evtchn", ["port", "sent"]],
  ["deferred_entry", ["warn_delay"]],
  ["blkfront_info", ["persistent_gnts_c"]],
  ["blk_shadow", ["grants_used"]],
  ["grant", ["gref", "node"]],
  ["request", ["cmd_flags"]],
  ["request_queue", ["queue_head"]],
  ["gendisk", ["disk_name"]],
  ["blkif_request", ["operation", "u"]],
  ["blkif_response", ["operation", "status", "addr"]],
  ["blkif_sring", ["req_prod", "rsp_event", "addr"]],
  ["blkif_front_ring", ["req_prod_pvt"]],
  ["blkif_request_indirect", ["indirect_op"]],
  ["blkif_request_discard", ["flag", "nr_sectors"]],
  ["blkif_request_rw", ["seg_addr"]],
  ["blkif_request_segment", ["gref", "first_sect", "last_sect"]],
  ["gnttab", ["gnttab_list"]],
  ["kernel", ["PAGE_SIZE", "next_pfn"]],
  ["xenbus_device", ["otherend_id"]],
  ["list_head", ["next", "prev", "entry"]],
  ["scatterlist", ["page", "offset", "length"]],
];

/** Which structure an object is. Not by its class: the stepped core has its own copy of each. */
export function recognise(raw: object): StructureName | null {
  for (const [name, marks] of MARKS) if (marks.every((mark) => mark in raw)) return name;
  const keys = Object.keys(raw);
  return keys.length === 1 && keys[0] === "head" ? "grant_ref_chain" : null;
}

/** The C types of structures that are shown field by field, by a field that only they have. */
const TYPES: readonly (readonly [string, string])[] = [
  ["gref_head", "struct setup_rw_req"],
  ["bvec_offset", "struct copy_from_grant"],
  ["queued", "struct gnttab_free_callback"],
  ["pending", "struct work_struct"],
  ["max_hw_sectors", "struct queue_limits"],
  ["keepsMapped", "struct backend_settings"],
  ["was_active", "struct persistent_gnt"],
  ["writes", "struct xenbus_transaction"],
  ["sectorSize", "struct disk_settings"],
];

function typeOf(name: string, raw: object): string {
  return TYPES.find(([mark]) => mark in raw)?.[1] ?? `struct ${name}`;
}

/** So many fields are shown in the line of a structure that has no words of its own. */
const IN_LINE = 4;

/** The first plain fields of a structure. */
function preview(members: readonly Member[]): (format: Format) => string {
  const plain = members.filter(({ value }) => !hasChildren(value) && value.raw !== undefined);
  const shown = plain.slice(0, IN_LINE);
  const rest = members.length > shown.length ? ", …" : "";
  return (format) =>
    `{ ${shown.map(({ name, value }) => `${name} = ${value.text(format)}`).join(", ")}${rest} }`;
}

/** A structure without a presenter of its own. */
export function plainStruct(world: World, name: string, raw: object): Value {
  const text = (format: Format): string => preview(plainMembers(world, raw))(format);
  return struct(typeOf(name, raw), raw, text, () => plainMembers(world, raw));
}

/** The names of an object's fields: its own, and those that its class computes. */
function fieldNames(raw: object): string[] {
  const names = new Set(Object.keys(raw));
  const proto: unknown = Object.getPrototypeOf(raw);
  if (proto !== null && proto !== Object.prototype) {
    for (const [name, { get }] of Object.entries(Object.getOwnPropertyDescriptors(proto))) {
      if (get !== undefined) names.add(name);
    }
  }
  return [...names].filter((name) => typeof (raw as Record<string, unknown>)[name] !== "function");
}

/** All fields of an object. */
export function plainMembers(world: World, raw: object): Member[] {
  return fieldNames(raw).map((name) =>
    field(name, world.any(name, (raw as Record<string, unknown>)[name])),
  );
}

function isMemory(raw: object): boolean {
  return "dir" in raw && "owner" in raw && "fill" in raw;
}

function entries(world: World, name: string, raw: ArrayLike<unknown>): Value {
  const singular = name.replace(/s$/, "");
  return array(`[${raw.length}]`, raw, raw.length, (index) => world.any(singular, raw[index]));
}

/** Shows what a variable of the model holds. */
export function plain(world: World, name: string, raw: unknown): Value {
  switch (typeof raw) {
    case "undefined":
      return leaf("", undefined, "not assigned yet");
    case "number":
      return numberByName(world, name, raw);
    case "bigint":
      return leaf("uint64_t", Number(raw), String(raw));
    case "boolean":
      return boolean(raw);
    case "string":
      return /^[A-Z_]+$/.test(raw) ? enumerator("enum", raw, raw) : text(raw);
    case "function":
      return leaf("void (*)()", raw, raw.name);
    case "object":
      return raw === null ? leaf("void *", null, "NULL") : object(world, name, raw);
    default:
      return leaf("", raw, String(raw));
  }
}

function object(world: World, name: string, raw: object): Value {
  if (Array.isArray(raw)) return entries(world, name, raw);
  if (ArrayBuffer.isView(raw) && !(raw instanceof DataView)) {
    return entries(world, name, raw as Uint8Array);
  }
  if (raw instanceof Set) return entries(world, name, [...(raw as Set<unknown>)]);
  if (raw instanceof Map) return leaf("map", raw, `${raw.size} entries`);
  if (isMemory(raw)) return leaf("memory", raw, "the guest's memory");
  const known = recognise(raw);
  // A variable that holds an object is what C would call a pointer to it.
  if (known !== null) return world.point(known, raw as Structures[typeof known]);
  const target = plainStruct(world, name, raw);
  return pointer(target.type, target);
}
