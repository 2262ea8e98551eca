/** The tasks of a machine: each a piece of the workload that runs to its end. */
import { connect_ring, disconnect } from "../blkback/create.js";
import {
  dispatch,
  do_block_io_op,
  inner_operation,
  make_response,
  take_requests,
} from "../blkback/dispatch.js";
import { xen_blkbk_unmap } from "../blkback/map.js";
import { blkfront_connect } from "../blkfront/patch-v2/connect.js";
import { blkif_free } from "../blkfront/patch-v2/free.js";
import { blkfront_resume, blkif_recover } from "../blkfront/patch-v2/recover.js";
import { blkif_interrupt } from "../blkfront/patch-v2/interrupt.js";
import { talk_to_blkback } from "../blkfront/patch-v2/ring-setup.js";
import { KernelBug } from "../linux/bug.js";
import type { gendisk } from "../linux/gendisk.js";
import { __blk_run_queue, type request_queue } from "../linux/request-queue.js";
import { run_pending_work } from "../linux/workqueue.js";
import { apply_start } from "./start.js";
import { make_requests } from "./make-requests.js";
import { store_write_data, touch_pages } from "./patterns.js";
import type { Machine, Task, Thread } from "./state.js";
import type { RequestSettings, ResponseSettings } from "../scenario.js";
import type { TraceListener } from "../tracepoints.js";
import { BLKIF_RSP_EOPNOTSUPP, BLKIF_RSP_ERROR } from "../xen/blkif.js";
import {
  gnttab_alloc_grant_references,
  gnttab_free_grant_references,
  GNTTAB_LIST_END,
} from "../xen/grant-table.js";

/**
 * Runs one task to its end.
 * @param trace receives what happens, while it happens
 * @returns false when nothing is left to run, or the kernel has stopped
 */
export function runTask(machine: Machine, trace: TraceListener | null = null): boolean {
  if (machine.bug !== null) return false;
  const task = machine.agenda.shift();
  if (task === undefined) return false;
  machine.kernel.trace = trace;
  machine.backend.trace = trace;
  machine.thread = thread_of(task);
  try {
    perform(machine, task);
    run_pending_work(machine.kernel);
  } catch (error) {
    // Whatever is no stop of the kernel is not for the machine: a fault of the model, or of its observer.
    if (!(error instanceof KernelBug)) throw error;
    machine.bug = error;
    trace?.({ kind: "bug", what: error.kind, expr: error.expr, func: error.func });
  }
  machine.kernel.trace = null;
  machine.backend.trace = null;
  return true;
}

function thread_of(task: Task): Thread {
  switch (task.kind) {
    case "backend":
    case "unmap-all":
    case "keep":
      return "backend";
    case "interrupt":
      return "interrupt";
    default:
      return "submit";
  }
}

function perform(machine: Machine, task: Task): void {
  switch (task.kind) {
    case "connect":
      return connect(machine);
    case "submit":
      return submit(machine, task.requests);
    case "backend":
      return answer(machine, task.responses);
    case "interrupt":
      blkif_interrupt(machine.info);
      return answer_what_was_late(machine, task.responses);
    case "raw-response":
      // It has read what lies in the slots before it writes over them.
      take_requests(machine.backend);
      make_response(machine.backend, task.id, task.operation, task.status);
      blkif_interrupt(machine.info);
      return;
    case "suspend-resume":
      return suspend_and_resume(machine);
    case "xenstore":
      return set_backend_key(machine, task.key, task.value);
    case "unmap-all":
      for (const gref of [...machine.backend.mapped]) xen_blkbk_unmap(machine.backend, gref);
      return;
    case "keep":
      machine.backend.keepsMapped = task.keepsMapped;
      return;
    case "free":
      return blkif_free(machine.info, false);
    case "reserve":
      return reserve(machine, task.count);
    case "release":
      return release(machine, task.count);
  }
}

function connect(machine: Machine): void {
  const { info, backend, params, scenario } = machine;
  if (talk_to_blkback(info, params)) return;
  connect_ring(backend, info.ring_ref.slice(0, info.nr_ring_pages), info.ring.nr_ents);
  blkfront_connect(info, params);
  if (scenario.start !== null && info.connected === "CONNECTED") {
    apply_start(machine, scenario.start);
  }
}

/** The old back end is gone with its mappings when the guest resumes; a new one answers. */
function suspend_and_resume(machine: Machine): void {
  const { info, backend, params } = machine;
  disconnect(backend, info.ring_ref);
  if (blkfront_resume(info, params)) return;
  connect_ring(backend, info.ring_ref.slice(0, info.nr_ring_pages), info.ring.nr_ents);
  blkif_recover(info, params);
}

function set_backend_key({ info }: Machine, key: string, value: string | null): void {
  const path = `${info.xbdev.otherend}/${key}`;
  if (value === null) info.xbdev.store.delete(path);
  else info.xbdev.store.set(path, value);
}

function submit(machine: Machine, settings: readonly RequestSettings[]): void {
  const { info, kernel, scenario } = machine;
  // Without a disk there is nothing to submit to: the connection failed.
  if (info.gd === null) return;
  const rq = info.rq as request_queue;
  for (const one of settings) {
    touch_pages(kernel.mem, kernel.PAGE_SIZE, one.segments);
    if (one.op === "write") store_write_data(kernel.mem, kernel.PAGE_SIZE, one.id, one.segments);
    const made = make_requests(one, scenario.guest.blockLayer, info.gd as gendisk);
    machine.requests.push(...made);
    rq.queue_head.push(...made);
  }
  if (rq.stopped) kernel.trace?.({ kind: "queue_is_stopped" });
  __blk_run_queue(rq);
}

function forced_status(response: ResponseSettings): number | null {
  switch (response.status) {
    case "okay":
      return null;
    case "error":
      return BLKIF_RSP_ERROR;
    case "unsupported":
      return BLKIF_RSP_EOPNOTSUPP;
  }
}

/** The back end's turn: it copies all new requests off the ring and answers those that it is asked for. */
function answer(machine: Machine, responses: readonly ResponseSettings[]): void {
  const { backend, info } = machine;
  do_block_io_op(backend);
  for (const response of responses) {
    const answered = backend.pending.filter(
      (pending) => info.shadow[pending.req.u.rw.id]?.request?.nr === response.id,
    );
    for (const pending of answered) {
      const id = pending.req.u.rw.id;
      const operation = response.operation ?? inner_operation(pending.req);
      const status = dispatch(backend, pending, forced_status(response));
      backend.pending.splice(backend.pending.indexOf(pending), 1);
      make_response(backend, id, operation, status);
    }
  }
}

/**
 * A request that the block layer cut, or that waited for a slot, may have reached the ring only after its
 * answer was due. The back end then answers the rest at once.
 */
function answer_what_was_late(machine: Machine, responses: readonly ResponseSettings[]): void {
  const late = responses.filter((response) =>
    machine.info.shadow.some((shadow) => shadow.request?.nr === response.id),
  );
  if (late.length === 0 || machine.info.connected !== "CONNECTED") return;
  machine.agenda.unshift(
    { kind: "backend", responses: late },
    { kind: "interrupt", responses: late },
  );
}

function reserve(machine: Machine, count: number): void {
  const { kernel, reserved } = machine;
  const chain = { head: GNTTAB_LIST_END, claimed: 0 };
  if (gnttab_alloc_grant_references({ ...kernel, trace: null }, count, chain) < 0) return;
  for (let ref = chain.head; ref !== GNTTAB_LIST_END;) {
    reserved.push(ref);
    ref = kernel.gnttab.gnttab_list[ref] as number;
  }
}

function release(machine: Machine, count: number): void {
  const { kernel, reserved } = machine;
  for (let i = 0; i < count; i++) {
    const ref = reserved.pop();
    if (ref === undefined) return;
    kernel.gnttab.gnttab_list[ref] = GNTTAB_LIST_END;
    gnttab_free_grant_references(kernel, ref);
  }
}
