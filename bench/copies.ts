/** A plain copy of the same pages in the same order as a round of persistent writes copies them. */
import { mem_frame, mem_frame_for_write } from "../src/core/linux/memory.js";
import type { Machine } from "../src/core/machine.js";
import type { TraceEvent } from "../src/core/tracepoints.js";

/**
 * @param round runs the driver once more on `machine`
 * @returns a function that copies what that round copied, and nothing else
 */
export function copies_of(machine: Machine, round: () => void): () => void {
  const { kernel } = machine;
  const pairs: [Uint8Array, Uint8Array][] = [];
  kernel.trace = (event: TraceEvent) => {
    if (event.kind !== "bytes_copied") return;
    const to = mem_frame_for_write(kernel.mem, event.dst / 4096);
    pairs.push([to, mem_frame(kernel.mem, event.src / 4096)]);
  };
  round();
  kernel.trace = null;
  return () => {
    for (const [to, from] of pairs) to.set(from);
  };
}
