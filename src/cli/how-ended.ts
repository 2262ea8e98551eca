/** How each request of a scenario ended, for the one who asked for it: told from the ends of its bios. */
import type { RequestSettings, Scenario } from "../core/scenario.js";
import type { TraceEvent } from "../core/tracepoints.js";
import { errnoName } from "../adapter/present/constants.js";
import type { Machine } from "../core/machine.js";

type BioEnd = Extract<TraceEvent, { kind: "bio_end" }>;

/** What a request of the scenario has heard of its bios. */
interface Heard {
  /** First sector and sectors of each bio that has ended. */
  readonly ended: Map<string, { sectors: number; times: number }>;
  readonly errors: Set<number>;
  /** Sectors of clones that have ended without an error. */
  cloned: number;
}

/** All that a scenario asks of the disk, in order. */
function askedFor({ workload }: Scenario): RequestSettings[] {
  return workload.flatMap((step) =>
    "submit" in step ? step.submit : "bios" in step ? step.bios : [],
  );
}

/** A range of sectors, as a key. */
const range = (sector: number, sectors: number): string => `${sector}+${sectors}`;

export class HowEnded {
  private readonly heard = new Map<number, Heard>();
  /** Of which at least one bio has come to the driver. */
  private readonly arrived = new Set<number>();
  /** Clones of a bio that was cut: only the bio's own end counts. */
  private readonly clones = new Map<string, number>();
  /** Of which a bio was cut. */
  private readonly cut = new Set<number>();

  /** Takes one event. */
  listen(event: TraceEvent): void {
    switch (event.kind) {
      case "request_start":
        for (const { nr } of event.req.bio) this.arrived.add(nr);
        return;
      case "request_end":
        // Of one that waited when the guest was suspended, the bios have been taken by now.
        this.arrived.add(event.req.nr);
        return;
      case "submit_bio":
        if (event.split) {
          const clone = range(event.sector, event.sectors);
          this.clones.set(clone, (this.clones.get(clone) ?? 0) + 1);
        }
        return;
      case "bio_end":
        return this.bioEnd(event);
      default:
        return;
    }
  }

  private bioEnd({ nr, sector, sectors, error, times }: BioEnd): void {
    const key = range(sector, sectors);
    const heard = this.heard.get(nr) ?? { ended: new Map(), errors: new Set(), cloned: 0 };
    this.heard.set(nr, heard);
    const clones = this.clones.get(key) ?? 0;
    if (clones > 0) {
      this.clones.set(key, clones - 1);
      this.cut.add(nr);
      if (error === 0) heard.cloned += sectors;
      return;
    }
    heard.ended.set(key, { sectors, times });
    if (error !== 0) heard.errors.add(error);
  }

  /** How one request ended, or null where all is well. */
  private fault(asked: RequestSettings, waiting: ReadonlySet<number>): string | null {
    const heard = this.heard.get(asked.id);
    if (heard === undefined || heard.ended.size === 0) {
      if (this.arrived.has(asked.id)) return "never ended";
      return waiting.has(asked.id) ? "waits in the queue" : "was not submitted";
    }
    const bios = [...heard.ended.values()];
    const done = bios.reduce((sum, { sectors }) => sum + sectors, 0);
    const faults: string[] = [];
    if (done < asked.sectors) {
      faults.push(`${done} of its ${asked.sectors} sectors ended, and the rest never`);
    }
    if (heard.errors.size > 0) {
      faults.push(
        `ended with ${[...heard.errors].map((error) => errnoName(error) ?? String(error)).join(" and ")}`,
      );
    }
    if (this.cut.has(asked.id) && heard.cloned < done && heard.errors.size === 0) {
      faults.push(`ended well, though only ${heard.cloned} of its ${done} sectors were moved`);
    }
    const most = Math.max(...bios.map(({ times }) => times));
    if (most > 1) faults.push(`ended ${most} times`);
    return faults.length === 0 ? null : faults.join(", ");
  }

  /** The lines for a machine that has run; none where its scenario asks for nothing. */
  lines({ scenario, requests }: Machine): string[] {
    const asked = askedFor(scenario);
    if (asked.length === 0) return [];
    const waiting = new Set(requests.flatMap(({ bio }) => bio.map(({ nr }) => nr)));
    const faults = asked.flatMap((request) => {
      const fault = this.fault(request, waiting);
      return fault === null ? [] : [`  ${request.id} ${request.op}: ${fault}`];
    });
    const well = asked.length - faults.length;
    if (faults.length === 0) {
      const all = ["The request", "Both requests"][well - 1] ?? `All ${well} requests`;
      return [`${all} ended well.`];
    }
    const others =
      well === 0 ? [] : [`  ${well === 1 ? "the other one" : `the other ${well}`}: well`];
    return ["How the requests ended:", ...faults, ...others];
  }
}
