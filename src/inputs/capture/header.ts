/** The facts about the guest that a capture begins with, on lines that begin with `#`. */

import { deviceNumbers, diskName, vdevOfName } from "../disk-name.js";

/** A disk of the guest, as its sysfs and the xenstore show it. */
export interface CapturedDisk {
  vdev: number;
  name: string;
  /** `major,minor`, as block events print it. */
  device: string;
  /** Sectors of 512 bytes; null when the header does not say. */
  sectors: number | null;
  /** `max_segments` of the queue. */
  maxSegments: number | null;
  /** The folder of the back ends in xenstore, which says what kind it is: `vbd`, `qdisk` or another. */
  backendKind: string | null;
  /** The disk's keys in the front end's directory of xenstore. */
  frontend: ReadonlyMap<string, string>;
  /** The disk's keys in the back end's directory of xenstore. */
  backend: ReadonlyMap<string, string>;
}

function numberOf(text: string | undefined): number | null {
  if (text === undefined || !/^\d+$/.test(text.trim())) return null;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : null;
}

export class CaptureHeader {
  /** Whether the first line is that of xenblk-capture. */
  isCapture = false;
  /** The version on that line. */
  version: string | null = null;
  /** Whether `#== trace` was seen, after which the events begin. */
  hasTrace = false;
  /** Whether ftrace's own heading was seen. */
  hasTracer = false;
  /** What the header says about itself: `kernel`, `page-size`, `recorded` and so on. */
  readonly about = new Map<string, string>();
  /** What Xen says the guest is: `PV`, `HVM` or `PVH`. */
  guestType: string | null = null;
  /** Parameters of the module. */
  readonly parameters = new Map<string, string>();
  /** Probe hits that were missed, by event, with the line that says so. */
  readonly missed: { event: string; count: number; line: number }[] = [];
  /** Events that did not fit into the trace buffer. */
  readonly lost: { count: number; line: number }[] = [];
  /** Whether the xenstore was readable. */
  hasXenstore = false;
  private section = "";
  private readonly sysfs = new Map<string, Map<string, string>>();
  private readonly frontends = new Map<number, Map<string, string>>();
  private readonly backends = new Map<number, Map<string, string>>();

  /** Takes one line that begins with `#`. */
  read(text: string, line: number): void {
    if (text.startsWith("#== ")) {
      this.section = text.slice(4).trim();
      if (this.section.startsWith("xenblk-capture")) {
        this.isCapture = true;
        this.version = this.section.slice("xenblk-capture".length).trim();
        this.section = "about";
      }
      if (this.section === "trace") this.hasTrace = true;
      return;
    }
    const content = text.replace(/^#\s?/, "");
    switch (this.section) {
      case "about":
        this.readAbout(content);
        return;
      case "module":
        this.readParameter(content);
        return;
      case "disks":
        this.readSysfs(content);
        return;
      case "xenstore frontend":
      case "xenstore backend":
        this.readXenstore(content);
        return;
      case "kprobe hits and misses":
        this.readMisses(content, line);
        return;
      case "buffer":
        this.readBuffer(content, line);
        return;
      case "trace":
      case "":
        if (content.startsWith("tracer:")) this.hasTracer = true;
        return;
      default:
        return;
    }
  }

  /** Bytes in a page of the guest; null when the header does not say. */
  get pageSize(): number | null {
    return numberOf(this.about.get("page-size"));
  }

  /** The disks that the header knows, by virtual device number. */
  disks(): CapturedDisk[] {
    const vdevs = new Set([...this.frontends.keys(), ...this.backends.keys()]);
    for (const name of this.sysfs.keys()) {
      const vdev = vdevOfName(name);
      if (vdev !== null) vdevs.add(vdev);
    }
    return [...vdevs].map((vdev) => this.disk(vdev));
  }

  /** What the header says about one disk, which may be nothing. */
  disk(vdev: number): CapturedDisk {
    const backend = this.backends.get(vdev) ?? new Map<string, string>();
    const name = backend.get("dev") ?? diskName(vdev);
    const sysfs = this.sysfs.get(name);
    const device = sysfs?.get("dev")?.trim().replace(":", ",");
    const frontend = this.frontends.get(vdev) ?? new Map<string, string>();
    return {
      vdev,
      name,
      device: device ?? deviceNumbers(vdev),
      sectors: numberOf(sysfs?.get("size")) ?? numberOf(backend.get("sectors")),
      maxSegments: numberOf(sysfs?.get("queue/max_segments")),
      backendKind: /\/backend\/([^/]+)\//.exec(frontend.get("backend") ?? "")?.[1] ?? null,
      frontend,
      backend,
    };
  }

  private readAbout(content: string): void {
    const at = content.indexOf(":");
    if (at > 0) this.about.set(content.slice(0, at), content.slice(at + 1).trim());
  }

  private readParameter(content: string): void {
    const match = /^\/sys\/module\/xen_blkfront\/parameters\/(\w+): (.*)$/.exec(content);
    if (match) this.parameters.set(match[1] ?? "", (match[2] ?? "").trim());
    this.guestType ??= /^\/sys\/hypervisor\/guest_type: (\w+)/.exec(content)?.[1] ?? null;
  }

  private readSysfs(content: string): void {
    const match = /^\/sys\/block\/([^/]+)\/(\S+): (.*)$/.exec(content);
    if (!match) return;
    const [, name = "", key = "", value = ""] = match;
    const keys = this.sysfs.get(name) ?? new Map<string, string>();
    keys.set(key, value.trim());
    this.sysfs.set(name, keys);
  }

  private readXenstore(content: string): void {
    const match = /^(\S+) = "(.*)"$/.exec(content);
    const path = match?.[1] ?? "";
    // device/vbd/51712/KEY in front, .../backend/vbd/2/51712/KEY behind.
    const front = /(?:^|\/)device\/vbd\/(\d+)\/(\S+)$/.exec(path);
    const back = /\/backend\/[^/]+\/\d+\/(\d+)\/(\S+)$/.exec(path);
    const found = back ?? front;
    if (!found) return;
    const store = back ? this.backends : this.frontends;
    const vdev = Number(found[1]);
    const keys = store.get(vdev) ?? new Map<string, string>();
    keys.set(found[2] ?? "", match?.[2] ?? "");
    store.set(vdev, keys);
    this.hasXenstore = true;
  }

  private readMisses(content: string, line: number): void {
    const match = /^(\w+) hit \d+ missed (\d+)/.exec(content);
    const count = Number(match?.[2] ?? 0);
    if (match && count > 0) this.missed.push({ event: match[1] ?? "", count, line });
  }

  private readBuffer(content: string, line: number): void {
    let count = 0;
    // "overrun" also stands in "commit overrun"; each is a number of events that are not there.
    for (const match of content.matchAll(/(?:overrun|dropped events): (\d+)/g)) {
      count += Number(match[1]);
    }
    if (count > 0) this.lost.push({ count, line });
  }
}
