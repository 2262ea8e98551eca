/** The guest's physical memory. A memory reference is an address of it. */
import type { DebugProtocol } from "@vscode/debugprotocol";
import { mem_read } from "../core/linux/memory.js";
import { base64 } from "./base64.js";
import type { Context } from "./context.js";
import { Failure, FailureId } from "./failure.js";
import { hex } from "./present/numbers.js";
import type { Handlers } from "./wire.js";

/** Addresses lie below this one. */
const MEMORY_END = 2 ** 40;

/** What one answer may carry; the rest counts as not read, and is asked for again. */
const MOST_BYTES = 4 * 1024 * 1024;

/** An address has one spelling only: clients compare references as text. */
export function memoryReference(address: number): string {
  return hex(address);
}

/** The address that a reference names. @throws Failure */
export function memoryAddress(reference: string): number {
  const address = Number(reference);
  if (!/^0x[\da-f]+$/i.test(reference) || !Number.isSafeInteger(address)) {
    throw new Failure(FailureId.memory, `'${reference}' is no address.`);
  }
  return address;
}

/** `readMemory`. */
export function memoryRequests(context: Context): Handlers {
  return {
    readMemory: (args: DebugProtocol.ReadMemoryArguments) => {
      const base = memoryAddress(args.memoryReference);
      const wanted = args.count;
      const start = base + (args.offset ?? 0);
      const from = Math.min(Math.max(start, 0), MEMORY_END);
      // Nothing lies before address 0: a range that begins there cannot be read at all.
      const end = start < 0 ? from : Math.min(start + wanted, MEMORY_END, from + MOST_BYTES);
      const data = mem_read(context.stop.moment.machine.kernel.mem, from, Math.max(0, end - from));
      return {
        body: {
          address: memoryReference(Math.max(0, start)),
          unreadableBytes: wanted - data.length,
          data: base64(data),
        },
      };
    },
  };
}
