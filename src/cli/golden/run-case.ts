/** Runs one recorded case on the model. */
import { createHash } from "node:crypto";
import { createMachine, runTask, type Machine } from "../../core/machine.js";
import { mem_frame, mem_has_frame } from "../../core/linux/memory.js";
import { disk_byte } from "../../core/machine/patterns.js";
import type { GoldenCase, GoldenEvent, GoldenStep } from "./case.js";
import { type Difference, first_difference, mask_bytes, recorded_part } from "./compare.js";
import { GoldenObserver } from "./events.js";
import { DISK_SECTORS, scenario_of, tasks_of_step } from "./scenario-of.js";
import { derived_of, state_of } from "./state.js";

/** A case that did not come out as recorded: at which step, and what differs first. */
export interface Failure extends Difference {
  /** From 0; -1 for what is compared after the last step. */
  step: number;
  op: string;
}

/** What of an event is not compared: message texts, and lines of the C file. */
function comparable(event: GoldenEvent): GoldenEvent {
  const { ...copy } = event;
  if (event.ev === "printk") delete copy.text;
  delete copy.line;
  if (event.ev === "queued") {
    copy.ringRaw = mask_bytes(String(event.ringRaw), String(event.ringDefined));
  }
  return copy;
}

let pristine: Buffer | null = null;

/** The content of a disk that nobody has written. */
function pristine_disk(): Buffer {
  if (pristine === null) {
    pristine = Buffer.alloc(DISK_SECTORS * 512);
    for (let i = 0; i < pristine.length; i++) pristine[i] = disk_byte(i);
  }
  return pristine;
}

/** SHA-256 of the whole disk. */
function disk_sha256(machine: Machine): string {
  const disk = pristine_disk();
  const hash = createHash("sha256");
  const blocks = disk.length / 4096;
  let from = 0;
  for (let block = 0; block < blocks; block++) {
    if (!mem_has_frame(machine.disk, block)) continue;
    hash.update(disk.subarray(from * 4096, block * 4096));
    hash.update(mem_frame(machine.disk, block));
    from = block + 1;
  }
  return hash.update(disk.subarray(from * 4096)).digest("hex");
}

function run_step(machine: Machine, observer: GoldenObserver, step: GoldenStep): Difference | null {
  const tasks = tasks_of_step(step);
  if (tasks === null) return { path: "op", recorded: step.op, model: "not modelled" };
  machine.agenda.splice(0, Infinity, ...tasks);
  const entries = machine.info.grant_slab.length;
  while (machine.agenda.length > 0 && runTask(machine, observer.listen));

  const events = observer.take();
  for (let i = 0; i < Math.max(events.length, step.events.length); i++) {
    const recorded = step.events[i];
    const model = events[i];
    const found = first_difference(
      recorded && comparable(recorded),
      model && comparable(model),
      `events[${i}] (${recorded?.ev ?? "none recorded"})`,
    );
    if (found !== null) return found;
  }
  if (step.derived !== undefined) {
    const found = first_difference(
      step.derived,
      recorded_part(step.derived, derived_of(machine, entries)),
      "derived",
    );
    if (found !== null) return found;
  }
  const context = events.find(({ ev }) => ev === "bug_context");
  const dying = context === undefined ? null : Number(context.id);
  return first_difference(step.state, state_of(machine, dying), "state");
}

/** The machine that a case was recorded on, with nothing to run. */
export function machine_of(recorded: GoldenCase): Machine {
  const machine = createMachine(scenario_of(recorded));
  machine.agenda.length = 0;
  // The recorded driver's surroundings: a back end that checks little, and no block layer behind a resume.
  machine.backend.lenient = true;
  machine.kernel.swallows_bios = true;
  machine.kernel.survives_empty_sg_table = recorded.config.lenientSgInitTableZero === 1;
  return machine;
}

/** Runs the case; null when everything is as recorded. */
export function run_case(recorded: GoldenCase): Failure | null {
  const machine = machine_of(recorded);
  const observer = new GoldenObserver(machine);
  for (const [step, one] of recorded.steps.entries()) {
    const found = run_step(machine, observer, one);
    if (found !== null) return { ...found, step, op: one.op };
  }
  if (recorded.terminated) return null;
  const found = first_difference(recorded.finalDiskSha256, disk_sha256(machine), "finalDiskSha256");
  return found && { ...found, step: -1, op: "end" };
}
