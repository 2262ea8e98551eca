/** What the guest's kernel has in one place and the driver reaches through globals. */
import type { GuestType, KernelCall, PageSize } from "../scenario.js";
import type { TraceListener } from "../tracepoints.js";
import type { evtchn } from "../xen/events.js";
import type { gnttab } from "../xen/grant-table.js";
import type { list_head } from "./list.js";
import type { memory } from "./memory.js";
import type { log_level } from "./printk.js";
import type { request } from "./request.js";
import type { work_struct } from "./workqueue.js";

export interface kernel {
  /** What the guest is to Xen: `xen_hvm_domain()` and its kin. */
  readonly domain: GuestType;
  readonly PAGE_SIZE: PageSize;
  readonly mem: memory;
  /** The first Linux pfn that `alloc_page` has not given out yet. */
  next_pfn: number;
  /** Linux pages given out and not freed. */
  pages_allocated: number;
  /** Single pages that `alloc_page` may still give out, or null without a limit. */
  page_limit: number | null;
  /** A wild write behind an empty scatterlist goes unnoticed, as if it hit nothing. */
  survives_empty_sg_table: boolean;
  /** What `kmap_atomic` has mapped and `kunmap_atomic` has not yet unmapped, newest last. */
  readonly kmap: number[];
  /** `page->lru` of the pages that were ever put on a list. */
  readonly lru: Map<number, list_head<number>>;
  /** How often `kunmap_atomic` was called out of stack order since boot. */
  kmap_lifo_violations: number;
  readonly gnttab: gnttab;
  /** The device's event channel. */
  readonly evtchn: evtchn;
  /** Every request that was ever made, in order, with its parts. */
  readonly requests: request[];
  /** Calls that are yet to fail. */
  readonly failing: KernelCall[];
  /** What `submit_bio` is given goes nowhere: the recorded cases end there. */
  swallows_bios: boolean;
  /** Work that `schedule_work` has put aside until the running task has ended. */
  readonly pending_work: work_struct[];
  readonly log: { readonly level: log_level; readonly text: string }[];
  /** The observer. It is not state: a copy of a machine has none. */
  trace: TraceListener | null;
}

/** Whether a call is to fail now, which it does once. */
export function fails(k: kernel, call: KernelCall): boolean {
  const at = k.failing.indexOf(call);
  if (at < 0) return false;
  k.failing.splice(at, 1);
  k.trace?.({ kind: "call_failed", call });
  return true;
}
