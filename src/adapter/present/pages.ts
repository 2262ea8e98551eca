/** Pages, addresses, bytes and grant references: what points into the guest's memory. */
import {
  FRAME_SIZE,
  type memory,
  mem_get16,
  mem_get32,
  mem_get8,
} from "../../core/linux/memory.js";
import {
  GRANT_ENTRY_SIZE,
  GTF_permit_access,
  GTF_reading,
  GTF_readonly,
  GTF_writing,
  grant_entry_addr,
} from "../../core/xen/grant-table.js";
import { flags, hex, hexadecimal, integer } from "./numbers.js";
import { type Member, type Value, array, derived, field, leaf, struct } from "./value.js";
import type { World } from "./world.js";

/** `struct page *`: a Linux page frame number, with the page's bytes behind it. */
export function page(world: World, pfn: number): Value {
  if (pfn === 0) return leaf("struct page *", null, "NULL");
  const size = world.machine.kernel.PAGE_SIZE;
  return leaf("struct page *", pfn, hex(pfn), { address: pfn * size, size });
}

/** A Xen frame number, with the frame's 4096 bytes behind it. */
export function frame(gfn: number): Value {
  return leaf("unsigned long", gfn, hex(gfn), { address: gfn * FRAME_SIZE, size: FRAME_SIZE });
}

/** `void *`: an address, with what is left of its Xen frame behind it. */
export function address(value: number): Value {
  if (value === 0) return leaf("void *", null, "NULL");
  return leaf("void *", value, hex(value), {
    address: value,
    size: FRAME_SIZE - (value % FRAME_SIZE),
  });
}

const GTF = new Map([
  [GTF_permit_access, "GTF_permit_access"],
  [GTF_readonly, "GTF_readonly"],
  [GTF_reading, "GTF_reading"],
  [GTF_writing, "GTF_writing"],
]);

/** Whether the reference is one of the grant table's entries. */
export function isReference(world: World, ref: number): boolean {
  return Number.isInteger(ref) && ref > 0 && ref < world.machine.kernel.gnttab.nr_entries;
}

/** `grant_ref_t`: the memory behind it is its entry in the grant table. */
export function reference(world: World, ref: number): Value {
  const value = integer("grant_ref_t", ref);
  if (!isReference(world, ref)) return value;
  return {
    ...value,
    address: grant_entry_addr(world.machine.kernel.gnttab, ref),
    size: GRANT_ENTRY_SIZE,
  };
}

/** `struct grant_entry_v1`, as the back end reads it. */
export function grantEntry(world: World, ref: number): Value {
  const { mem, gnttab } = world.machine.kernel;
  const at = grant_entry_addr(gnttab, ref);
  const bits = mem_get16(mem, at);
  const gfn = mem_get32(mem, at + 4);
  const text =
    bits & GTF_permit_access
      ? `frame ${hex(gfn)} for domain ${mem_get16(mem, at + 2)}`
      : "not granted";
  return struct(
    "struct grant_entry_v1",
    { ref },
    text,
    () => [
      field("flags", flags("uint16_t", bits, GTF)),
      field("domid", integer("domid_t", mem_get16(mem, at + 2))),
      field("frame", frame(gfn)),
    ],
    { address: at, size: GRANT_ENTRY_SIZE },
  );
}

/** A region as a memory reference can name it; there are none into memory that is not the guest's. */
export function region(
  world: World,
  mem: memory,
  address: number,
  size: number,
): { address: number; size: number } | undefined {
  return mem === world.machine.kernel.mem ? { address, size } : undefined;
}

/** The bytes of a region, one by one. */
export function bytes(world: World, mem: memory, at: number, size: number): Value {
  return array(
    `uint8_t [${size}]`,
    { at, size },
    size,
    (index) => hexadecimal("uint8_t", mem_get8(mem, at + index)),
    () => {
      const shown = Array.from({ length: Math.min(size, 16) }, (_, i) =>
        mem_get8(mem, at + i)
          .toString(16)
          .padStart(2, "0"),
      );
      return shown.join(" ") + (size > shown.length ? " …" : "");
    },
    region(world, mem, at, size),
  );
}

/** The child that shows a structure's bytes. */
export function rawBytes(world: World, mem: memory, at: number, size: number): Member {
  return derived("bytes", bytes(world, mem, at, size), (parent) => `$bytes(${parent})`);
}
