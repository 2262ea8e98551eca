/**
 * The guest's physical memory: sparse frames of 4096 bytes, shared between copies of a machine until one
 * of them writes. Addresses are physical byte addresses below 2^40; a `void *` of the driver is one.
 */

/** Bytes in a frame, whatever the guest's page size: the Xen page. */
export const FRAME_SIZE = 4096;
const LEAF_SHIFT = 10;
const LEAF_SIZE = 1 << LEAF_SHIFT;
const LEAF_MASK = LEAF_SIZE - 1;

/** Writes all 4096 bytes of a frame; they are zeros before. */
export type frame_content = (bytes: Uint8Array) => void;

interface frame {
  /** The memory that may write it; `nobody` when it stands in more than one place. */
  owner: object;
  u8: Uint8Array;
  u32: Uint32Array;
  /** Makes the bytes when they are first looked at, and is null from then on. Most data nobody looks at. */
  content: frame_content | null;
}

const nobody = {};

interface leaf {
  owner: object;
  readonly frames: (frame | undefined)[];
}

/** Writes what an untouched frame holds; frames begin as zeros. */
export type frame_fill = (frame: number, bytes: Uint8Array) => void;

export interface memory {
  /** Frames and leaves with another owner are shared with a copy and have to be copied before a write. */
  owner: object;
  readonly dir: (leaf | undefined)[];
  readonly fill: frame_fill | null;
}

/** Empty memory; `fill` gives untouched frames their content. */
export function create_memory(fill: frame_fill | null = null): memory {
  return { owner: {}, dir: [], fill };
}

/** A copy that shares every frame until one side writes it: the time does not depend on the content. */
export function clone_memory(mem: memory): memory {
  mem.owner = {};
  return { owner: {}, dir: mem.dir.slice(), fill: mem.fill };
}

function new_frame(owner: object, u8: Uint8Array): frame {
  const u32 = new Uint32Array(u8.buffer, u8.byteOffset, FRAME_SIZE / 4);
  return { owner, u8, u32, content: null };
}

/** The frame, its bytes made. */
function with_bytes(frame: frame): frame {
  if (frame.content === null) return frame;
  frame.u8 = new Uint8Array(FRAME_SIZE);
  frame.u32 = new Uint32Array(frame.u8.buffer);
  frame.content(frame.u8);
  frame.content = null;
  return frame;
}

function writable_leaf(mem: memory, index: number): leaf {
  while (mem.dir.length <= index) mem.dir.push(undefined);
  const old = mem.dir[index];
  if (old !== undefined && old.owner === mem.owner) return old;
  const frames = old ? old.frames.slice() : new Array<frame | undefined>(LEAF_SIZE).fill(undefined);
  const made = { owner: mem.owner, frames };
  mem.dir[index] = made;
  return made;
}

function private_frame(mem: memory, gfn: number): frame {
  const leaf = writable_leaf(mem, gfn >>> LEAF_SHIFT);
  const old = leaf.frames[gfn & LEAF_MASK];
  if (old !== undefined && old.owner === mem.owner) return old;
  const made = new_frame(mem.owner, new Uint8Array(FRAME_SIZE));
  if (old?.content) old.content(made.u8);
  else if (old !== undefined) made.u8.set(old.u8);
  else if (mem.fill !== null) mem.fill(gfn, made.u8);
  leaf.frames[gfn & LEAF_MASK] = made;
  return made;
}

const zeros = new_frame(nobody, new Uint8Array(FRAME_SIZE));

/** A frame as it stands, its bytes perhaps not made yet. */
function frame_at(mem: memory, gfn: number): frame {
  const found = mem.dir[gfn >>> LEAF_SHIFT]?.frames[gfn & LEAF_MASK];
  if (found !== undefined) return found;
  return mem.fill === null ? zeros : filled_frame(mem, gfn, mem.fill);
}

/** Apart from its caller, which would make the closure's context at every call. */
function filled_frame(mem: memory, gfn: number, fill: frame_fill): frame {
  mem_put_content(mem, gfn, (bytes) => fill(gfn, bytes));
  return frame_at(mem, gfn);
}

function frame_to_read(mem: memory, gfn: number): frame {
  const frame = frame_at(mem, gfn);
  return frame.content === null ? frame : with_bytes(frame);
}

/** Lets a place show a frame that other places show too: whoever writes it copies it first. */
function share_frame(mem: memory, gfn: number, frame: frame): void {
  frame.owner = nobody;
  writable_leaf(mem, gfn >>> LEAF_SHIFT).frames[gfn & LEAF_MASK] = frame;
}

/** Gives a frame a content whose bytes are made when they are looked at. */
export function mem_put_content(mem: memory, gfn: number, content: frame_content): void {
  share_frame(mem, gfn, { owner: nobody, u8: zeros.u8, u32: zeros.u32, content });
}

function frame_to_write(mem: memory, gfn: number): frame {
  const found = mem.dir[gfn >>> LEAF_SHIFT]?.frames[gfn & LEAF_MASK];
  // A frame of ours lies in a leaf of ours: leaves are made private before their frames are.
  return found !== undefined && found.owner === mem.owner ? found : private_frame(mem, gfn);
}

/** The frame that an address lies in. Most addresses fit in 31 bits, for which this is one shift. */
function frame_of(addr: number): number {
  return (addr | 0) === addr ? addr >> 12 : Math.floor(addr / FRAME_SIZE);
}

/** The place of an address in its frame. What `&` drops of a larger address is a multiple of the frame size. */
function offset_of(addr: number): number {
  return addr & (FRAME_SIZE - 1);
}

/** The 4096 bytes of a frame, to be read only. */
export function mem_frame(mem: memory, gfn: number): Uint8Array {
  return frame_to_read(mem, gfn).u8;
}

/** The 4096 bytes of a frame, to be written now: a later copy of the machine must not see later writes. */
export function mem_frame_for_write(mem: memory, gfn: number): Uint8Array {
  return frame_to_write(mem, gfn).u8;
}

/** Whether the frame has ever been written or filled. */
export function mem_has_frame(mem: memory, gfn: number): boolean {
  return mem.dir[gfn >>> LEAF_SHIFT]?.frames[gfn & LEAF_MASK] !== undefined;
}

/** Reads a byte. */
export function mem_get8(mem: memory, addr: number): number {
  return frame_to_read(mem, frame_of(addr)).u8[offset_of(addr)] as number;
}

/** Reads 16 bits, little endian; `addr` is a multiple of 2. */
export function mem_get16(mem: memory, addr: number): number {
  const { u8 } = frame_to_read(mem, frame_of(addr));
  const at = offset_of(addr);
  return (u8[at] as number) | ((u8[at + 1] as number) << 8);
}

/** Reads 32 bits, little endian; `addr` is a multiple of 4. */
export function mem_get32(mem: memory, addr: number): number {
  return frame_to_read(mem, frame_of(addr)).u32[offset_of(addr) >> 2] as number;
}

/** Reads 64 bits, little endian, as a number (exact up to 2^53); `addr` is a multiple of 4. */
export function mem_get64(mem: memory, addr: number): number {
  return mem_get32(mem, addr) + mem_get32(mem, addr + 4) * 0x1_0000_0000;
}

/** Writes a byte. */
export function mem_put8(mem: memory, addr: number, value: number): void {
  frame_to_write(mem, frame_of(addr)).u8[offset_of(addr)] = value;
}

/** Writes 16 bits, little endian; `addr` is a multiple of 2. */
export function mem_put16(mem: memory, addr: number, value: number): void {
  const { u8 } = frame_to_write(mem, frame_of(addr));
  const at = offset_of(addr);
  u8[at] = value;
  u8[at + 1] = value >> 8;
}

/** Writes 32 bits, little endian; `addr` is a multiple of 4. */
export function mem_put32(mem: memory, addr: number, value: number): void {
  frame_to_write(mem, frame_of(addr)).u32[offset_of(addr) >> 2] = value;
}

/** Writes 64 bits, little endian, of a whole number up to 2^53; `addr` is a multiple of 4. */
export function mem_put64(mem: memory, addr: number, value: number): void {
  mem_put32(mem, addr, value >>> 0);
  mem_put32(mem, addr + 4, Math.floor(value / 0x1_0000_0000));
}

/** A private copy of `length` bytes. */
export function mem_read(mem: memory, addr: number, length: number): Uint8Array {
  const out = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const gfn = frame_of(addr + done);
    const from = offset_of(addr + done);
    const n = Math.min(FRAME_SIZE - from, length - done);
    out.set(frame_to_read(mem, gfn).u8.subarray(from, from + n), done);
    done += n;
  }
  return out;
}

/** Writes all of `bytes` at `addr`. */
export function mem_write(mem: memory, addr: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) {
    const gfn = frame_of(addr + done);
    const to = offset_of(addr + done);
    const n = Math.min(FRAME_SIZE - to, bytes.length - done);
    frame_to_write(mem, gfn).u8.set(bytes.subarray(done, done + n), to);
    done += n;
  }
}

/** `memcpy` between two memories (or inside one), in bytes. */
export function mem_copy(to: memory, dst: number, from: memory, src: number, length: number): void {
  for (let done = 0; done < length;) {
    const soff = offset_of(src + done);
    const doff = offset_of(dst + done);
    const n = Math.min(FRAME_SIZE - soff, FRAME_SIZE - doff, length - done);
    if (n === FRAME_SIZE) {
      // Nobody can tell a copy from the same frame until one of the two is written.
      share_frame(to, frame_of(dst + done), frame_at(from, frame_of(src + done)));
      done += n;
      continue;
    }
    const source = frame_to_read(from, frame_of(src + done)).u8;
    const target = frame_to_write(to, frame_of(dst + done)).u8;
    target.set(source.subarray(soff, soff + n), doff);
    done += n;
  }
}
