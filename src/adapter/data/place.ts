/**
 * Where a value lies, in a way that any machine of the scenario can be asked for it: from a root of the machine
 * through fields and indexes, or as bytes of the guest's memory. A place is known by its key, a text that stays true
 * from one stop, run and session to the next.
 */
import { type memory, mem_read, mem_write } from "../../core/linux/memory.js";
import type { Machine } from "../../core/machine.js";
import { blkif_request, blkif_response } from "../../core/xen/blkif.js";
import { blkif_sring } from "../../core/xen/ring.js";
import { walk } from "../present/list.js";

export interface Place {
  readonly key: string;
  /** The bytes of the guest's memory that it is, if that is what it is. */
  readonly bytes: { readonly address: number; readonly size: number } | null;
  /** What lies there; undefined where the way to it leads nowhere. */
  read(machine: Machine): unknown;
  /** What lies there, cut into values that can be compared by identity: a structure into its fields. */
  look(machine: Machine): readonly unknown[];
  /** Puts a value there, as it is. */
  write(machine: Machine, value: unknown): void;
}

/** A name of a field, or an index. */
export type PathStep = string | number;

/** Where paths begin. */
const ROOTS: Readonly<Record<string, (machine: Machine) => unknown>> = {
  info: ({ info }) => info,
  kernel: ({ kernel }) => kernel,
  backend: ({ backend }) => backend,
  xbdev: ({ xbdev }) => xbdev,
  statics: ({ statics }) => statics,
  gd: ({ gd }) => gd,
  requests: ({ requests }) => requests,
};

/** Structures that are views of bytes: they are made anew over the memory of the machine that is asked. */
const VIEWS: Readonly<Record<string, (machine: Machine, address: number) => unknown>> = {
  request: ({ kernel, info }, address) => new blkif_request(kernel.mem, address, info.layout),
  response: ({ kernel }, address) => new blkif_response(kernel.mem, address),
  sring: ({ kernel }, address) => new blkif_sring(kernel.mem, address),
};

const MEMORY = /^0x([\da-f]+)\+(\d+)$/;
const PATH = /^(\w+)(?:@0x([\da-f]+))?((?:\.\w+|\[\d+\])*)( \*)?$/;
/** Bytes of one place. */
const MOST_BYTES = 1 << 20;

/** The key of bytes in the guest's memory. */
export function memoryKey(address: number, size: number): string {
  return `0x${address.toString(16)}+${size}`;
}

/**
 * The key of what lies at the end of a path.
 * @param isPointer whether that is a pointer, which changes only when it points elsewhere
 */
export function pathKey(root: string, steps: readonly PathStep[], isPointer: boolean): string {
  const path = steps.map((step) => (typeof step === "number" ? `[${step}]` : `.${step}`));
  return `${root}${path.join("")}${isPointer ? " *" : ""}`;
}

/** The key of a view of bytes, as the root of a path. */
export function viewRoot(view: "request" | "response" | "sring", address: number): string {
  return `${view}@0x${address.toString(16)}`;
}

/** The place of a key; null for a text that is none. */
export function placeOf(key: string): Place | null {
  const bytes = MEMORY.exec(key);
  if (bytes !== null) {
    const [address, size] = [parseInt(bytes[1] as string, 16), Number(bytes[2])];
    if (!Number.isSafeInteger(address) || size < 1 || size > MOST_BYTES) return null;
    return new Bytes(key, { address, size });
  }
  const path = PATH.exec(key);
  if (path === null) return null;
  const root = rootOf(path[1] as string, path[2]);
  if (root === null) return null;
  const steps = [...(path[3] as string).matchAll(/\.(\w+)|\[(\d+)\]/g)].map(
    ([, name, index]): PathStep => name ?? Number(index),
  );
  return new Path(key, root, steps, path[4] !== undefined);
}

function rootOf(name: string, address: string | undefined): ((machine: Machine) => unknown) | null {
  if (address === undefined) return Object.hasOwn(ROOTS, name) ? (ROOTS[name] ?? null) : null;
  const view = Object.hasOwn(VIEWS, name) ? VIEWS[name] : undefined;
  const at = parseInt(address, 16);
  return view === undefined ? null : (machine) => view(machine, at);
}

class Bytes implements Place {
  constructor(
    readonly key: string,
    readonly bytes: { readonly address: number; readonly size: number },
  ) {}

  /** The number that so few bytes are, lowest first; the bytes themselves when there are more than four. */
  read(machine: Machine): unknown {
    const bytes = this.of(machine);
    if (bytes.length > 4) return bytes;
    return bytes.reduceRight((sum, byte) => sum * 256 + byte, 0);
  }

  look(machine: Machine): readonly unknown[] {
    return Array.from(this.of(machine));
  }

  write({ kernel }: Machine, value: unknown): void {
    const { address, size } = this.bytes;
    if (value instanceof Uint8Array) return mem_write(kernel.mem, address, value);
    const number = BigInt(Number(value));
    const bytes = Uint8Array.from({ length: size }, (_, n) =>
      Number(BigInt.asUintN(8, number >> BigInt(8 * n))),
    );
    mem_write(kernel.mem, address, bytes);
  }

  private of({ kernel }: Machine): Uint8Array {
    return mem_read(kernel.mem, this.bytes.address, this.bytes.size);
  }
}

class Path implements Place {
  readonly bytes = null;

  constructor(
    readonly key: string,
    private readonly root: (machine: Machine) => unknown,
    private readonly steps: readonly PathStep[],
    private readonly isPointer: boolean,
  ) {}

  read(machine: Machine): unknown {
    return this.follow(machine, this.steps.length);
  }

  look(machine: Machine): readonly unknown[] {
    const value = this.read(machine);
    if (this.isPointer || typeof value !== "object" || value === null) return [value];
    if (isView(value)) return Array.from(viewBytes(value, machine));
    if (ArrayBuffer.isView(value)) return Array.from(value as Uint8Array);
    return Object.values(value);
  }

  write(machine: Machine, value: unknown): void {
    const last = this.steps[this.steps.length - 1];
    const holder = this.follow(machine, this.steps.length - 1);
    if (last === undefined || typeof holder !== "object" || holder === null) return;
    (holder as Record<PathStep, unknown>)[last] = value;
  }

  private follow(machine: Machine, count: number): unknown {
    let value = this.root(machine);
    for (let n = 0; n < count; n++) value = step(value, this.steps[n] as PathStep);
    return value;
  }
}

function step(of: unknown, to: PathStep): unknown {
  if (typeof of !== "object" || of === null || to === "__proto__") return undefined;
  // The n-th of a list is the n-th that hangs behind its head.
  if (typeof to === "number" && "next" in of && "prev" in of) {
    return walk(of as Parameters<typeof walk>[0]).nodes[to]?.entry;
  }
  return (of as Record<PathStep, unknown>)[to];
}

interface View {
  readonly mem: memory;
  readonly addr: number;
}

function isView(value: object): value is View {
  return "mem" in value && "addr" in value;
}

function viewBytes(view: View, { info }: Machine): Uint8Array {
  const size = view instanceof blkif_response ? info.layout.response : info.layout.entry;
  return mem_read(view.mem, view.addr, size);
}
