/** From an expression to the place where its value lies. */
import type { Machine } from "../../core/machine.js";
import type { grant } from "../../core/blkfront/patch-v2/blkfront-info.js";
import type { request } from "../../core/linux/request.js";
import { type Names, evaluate, evaluateTree } from "../expression/evaluate.js";
import { parse } from "../expression/parse.js";
import type { Expression } from "../expression/syntax.js";
import { recognise } from "../present/plain.js";
import { type Value, isPointer } from "../present/value.js";
import { type PathStep, type Place, memoryKey, pathKey, placeOf, viewRoot } from "./place.js";

/** The fields of structures that are decoded from bytes: what they are called, where they begin, how long they are. */
const DECODED: Readonly<Record<string, Readonly<Record<string, readonly [number, number]>>>> = {
  "struct blkif_request_segment": { gref: [0, 4], first_sect: [4, 1], last_sect: [5, 1] },
  "struct grant_entry_v1": { flags: [0, 2], domid: [2, 2], frame: [4, 4] },
};

/** Bytes of a `grant_ref_t`. */
const GREF_SIZE = 4;

/**
 * The place of an expression's value in one frame of a stop.
 * @returns null where the value lies nowhere: it is computed, or it is a variable of a function
 * @throws ExpressionError for an expression without a value
 */
export function findPlace(text: string, names: Names): Place | null {
  const value = evaluate(text, names);
  const { machine } = names.world;
  const key = keyOf(parse(text), value, names);
  const place = key === null ? null : placeOf(key);
  return place === null || place.read(machine) === undefined ? null : place;
}

function keyOf(whole: Expression, value: Value, names: Names): string | null {
  const { machine } = names.world;
  const steps: PathStep[] = [];
  for (let tree = whole; ;) {
    if (tree.kind === "unary" && tree.operator === "*") {
      tree = tree.of;
      continue;
    }
    if (tree.kind !== "member" && tree.kind !== "index") {
      const root = steps.length === 0 ? rootOf(evaluateTree(tree, names).raw, machine) : null;
      return root === null ? null : pathKey(root, [], false);
    }
    const parent = evaluateTree(tree.of, names);
    const step = stepOf(tree, names);
    if (steps.length === 0) {
      const bytes = bytesKey(tree, parent, step, names);
      if (bytes !== null) return bytes;
    }
    // In C any pointer is an array of one.
    if (!(step === 0 && parent.items === undefined)) steps.unshift(step);
    const root = rootOf(parent.raw, machine);
    if (root !== null) return pathKey(root, steps, isPointer(value) && value.raw !== undefined);
    tree = tree.of;
  }
}

function stepOf(tree: Expression & { kind: "member" | "index" }, names: Names): PathStep {
  if (tree.kind === "member") return tree.name;
  return Number(evaluateTree(tree.index, names).raw);
}

/** Where the child of something is that is decoded from bytes of the guest, and given as a copy. */
function bytesKey(
  tree: Expression & { kind: "member" | "index" },
  parent: Value,
  step: PathStep,
  names: Names,
): string | null {
  if (parent.address !== undefined) {
    const field = DECODED[parent.type]?.[step];
    if (field !== undefined) return memoryKey(parent.address + field[0], field[1]);
    if (/^uint8_t \[/.test(parent.type) && typeof step === "number") {
      return memoryKey(parent.address + step, 1);
    }
  }
  if (tree.of.kind !== "member" || tree.of.name !== "indirect_grefs") return null;
  if (typeof step !== "number") return null;
  const { kernel, info } = names.world.machine;
  const { mem, addr } = evaluateTree(tree.of.of, names).raw as { mem: unknown; addr: number };
  if (mem !== kernel.mem) return null;
  return memoryKey(addr + info.layout.indirect_grefs + step * GREF_SIZE, GREF_SIZE);
}

/** The root of a path that an object of the machine can be. */
function rootOf(raw: unknown, machine: Machine): string | null {
  if (typeof raw !== "object" || raw === null) return null;
  const { info, kernel, backend, gd, xbdev, statics, requests } = machine;
  const roots = { info, kernel, backend, gd, xbdev, statics, requests };
  for (const [name, root] of Object.entries(roots)) if (root === raw) return name;
  switch (recognise(raw)) {
    case "blk_shadow":
      return indexed("info.shadow", info.shadow.indexOf(raw as never));
    case "grant": {
      const { nr } = raw as grant;
      return info.grant_slab[nr] === raw ? `info.grant_slab[${nr}]` : null;
    }
    case "blkif_front_ring":
      return raw === info.ring ? "info.ring" : null;
    case "request":
      return indexed("requests", requests.indexOf(raw as request));
    case "blkif_request":
      return view("request", raw, machine);
    case "blkif_response":
      return view("response", raw, machine);
    case "blkif_sring":
      return view("sring", raw, machine);
    default:
      return null;
  }
}

function indexed(array: string, index: number): string | null {
  return index < 0 ? null : `${array}[${index}]`;
}

function view(name: "request" | "response" | "sring", raw: object, { kernel }: Machine) {
  const { mem, addr } = raw as { mem: unknown; addr: number };
  return mem === kernel.mem ? viewRoot(name, addr) : null;
}
