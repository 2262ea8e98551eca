import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { blkback_changed, blkfront_is_ready } from "../../../src/core/blkfront/patch-v2/probe.js";
import { createMachine, runTask } from "../../../src/core/machine.js";
import type {
  DiskSettings,
  GuestSettings,
  KernelCall,
  Scenario,
  WorkloadStep,
} from "../../../src/core/scenario.js";
import { DEFAULT_BACKEND } from "../../../src/inputs/scenario-defaults.js";
import { ends, only, run, run_to, said } from "./run.js";
import { scenario, transfer } from "./scenarios.js";

const page = (pfn: number, length = 4096) => ({ page: pfn, offset: 0, length });

function device(
  workload: WorkloadStep[],
  guest: Partial<GuestSettings> = {},
  disk: Partial<DiskSettings> = {},
): Scenario {
  const made = scenario(workload, { pageSize: 4096, ...guest }, { discard: true });
  return { ...made, disk: { ...made.disk, ...disk } };
}

/** The device's own directory and the back end's. */
const FRONT = "device/vbd/51712";
const BACK = "/local/domain/0/backend/vbd/1/51712";

describe("connecting", () => {
  it("leaves in the store what each end has to know of the other", () => {
    const { machine } = run(device([], { ringPages: 1 }));
    const { store } = machine.xbdev;
    assert.equal(store.get(`${FRONT}/ring-ref`), "8");
    assert.equal(store.get(`${FRONT}/event-channel`), "1");
    assert.equal(store.get(`${FRONT}/protocol`), "x86_64-abi");
    assert.equal(store.get(`${FRONT}/feature-persistent`), "1");
    assert.equal(store.get(`${FRONT}/state`), "4");
    assert.equal(store.get(`${BACK}/state`), "4");
    assert.equal(store.get(`${BACK}/sectors`), "131072");
    assert.equal(machine.info.is_ready, true);
  });

  it("names each page of a larger ring, and no ring-ref", () => {
    const { machine } = run(device([], { ringPages: 4, abi: "arm" }));
    const { store } = machine.xbdev;
    assert.equal(store.get(`${FRONT}/ring-page-order`), "2");
    assert.equal(store.get(`${FRONT}/ring-ref3`), "11");
    assert.equal(store.has(`${FRONT}/ring-ref`), false);
    assert.equal(store.get(`${FRONT}/protocol`), "arm-abi");
    assert.equal(machine.info.ring.nr_ents, 128);
  });

  it("takes the smaller ring of what both ends can do", () => {
    const asked = scenario([], { ringPages: 16 }, { maxRingPages: 4 });
    assert.equal(run(asked).machine.info.nr_ring_pages, 4);
    const old = scenario([], { ringPages: 16 }, { maxRingPages: null });
    assert.equal(run(old).machine.info.nr_ring_pages, 1);
  });

  it("makes nothing of a ring order that is too large", () => {
    const ran = run(device([], { ringPages: 32 }));
    assert.equal(ran.machine.info.nr_ring_pages, 1);
    assert.match(said(ran)[0] ?? "", /Invalid max_ring_order \(5\), will use default max: 4\./);
  });

  const FATAL: [KernelCall, string][] = [
    ["__get_free_pages", "12 allocating shared ring"],
    ["xenbus_alloc_evtchn", "28 allocating event channel"],
    ["bind_evtchn_to_irqhandler", "28 bind_evtchn_to_irqhandler failed"],
    ["xenbus_transaction_start", "12 starting transaction"],
    ["xenbus_printf ring-ref", "28 writing ring-ref"],
    ["xenbus_printf event-channel", "28 writing event-channel"],
    ["xenbus_printf protocol", "28 writing protocol"],
    ["xenbus_transaction_end", "28 completing transaction"],
    ["kzalloc blkfront_info", "12 allocating info structure"],
    ["xlbd_reserve_minors", `16 xlvbd_add at ${BACK}`],
    ["alloc_disk", `19 xlvbd_add at ${BACK}`],
    ["blk_init_queue", `19 xlvbd_add at ${BACK}`],
  ];
  for (const [call, text] of FATAL) {
    it(`ends with "${text}" when ${call} fails, and gives everything back`, () => {
      const ran = run(device([], { failing: [call] }));
      const { kernel, info, xbdev } = ran.machine;
      assert.ok(said(ran).includes(`vbd vbd-51712: ${text}`), said(ran).join("\n"));
      assert.equal(xbdev.state, "Closing");
      assert.equal(xbdev.store.get(`error/${FRONT}/error`), text);
      assert.notEqual(info.connected, "CONNECTED");
      assert.equal(info.statics.minors.size, 0);
      // After the connection the pool stays, as it does in the driver.
      if (text.includes("xlvbd_add")) return;
      assert.equal(kernel.pages_allocated, 0);
      assert.equal(kernel.gnttab.gnttab_free_count, 4096 - 8);
      assert.equal(xbdev.drvdata, false);
    });
  }

  it("ends at any key of a larger ring", () => {
    for (const [call, text] of [
      ["xenbus_printf ring-page-order", "writing ring-page-order"],
      ["xenbus_printf ring-ref", "writing ring-ref"],
    ] as const) {
      const ran = run(device([], { ringPages: 2, failing: [call] }));
      assert.ok(said(ran).includes(`vbd vbd-51712: 28 ${text}`));
    }
  });

  it("writes everything again when another transaction came between", () => {
    const ran = run(device([], { failing: ["xenbus_transaction_end EAGAIN"] }));
    assert.equal(ran.machine.info.connected, "CONNECTED");
    assert.equal(ran.machine.xbdev.store.get(`${FRONT}/ring-ref`), "8");
  });

  it("goes on without persistent grants being offered, with a warning", () => {
    const ran = run(device([], { failing: ["xenbus_printf feature-persistent"] }));
    assert.ok(said(ran).includes("vbd vbd-51712: writing persistent grants feature to xenbus"));
    assert.equal(ran.machine.info.connected, "CONNECTED");
    assert.equal(ran.machine.xbdev.store.has(`${FRONT}/feature-persistent`), false);
  });

  it("does not begin without a major number", () => {
    const ran = run(device([], { failing: ["register_blkdev"] }));
    assert.deepEqual(said(ran), ["xen_blk: can't get major 202 with name xvd"]);
    assert.equal(ran.machine.xbdev.state, "Initialising");
  });

  it("does not begin without a device number", () => {
    const ran = run(device([], { failing: ["xenbus_scanf virtual-device"] }));
    assert.deepEqual(said(ran), ["vbd vbd-51712: 2 reading virtual-device"]);
  });

  it("does not begin when the table has no references for the ring", () => {
    const ran = run(device([], { ringPages: 4, grantTableSize: 10, grantTableMax: 10 }));
    assert.ok(said(ran).includes("vbd vbd-51712: 28 granting access to ring page"));
    // The references that were granted for the first pages are lost: they are ended, but not freed.
    assert.equal(ran.machine.kernel.gnttab.gnttab_free_count, 0);
    assert.equal(ran.machine.kernel.pages_allocated, 0);
  });

  it("leaves a CD-ROM of an HVM guest to its emulated device, but not of a PV guest", () => {
    assert.equal(run(device([], { type: "hvm" }, { cdrom: true })).machine.gd, null);
    const { machine } = run(device([], { type: "pv" }, { cdrom: true, removable: true }));
    assert.equal(machine.gd?.cdrom, true);
    assert.equal(machine.gd?.removable, true);
    assert.equal(machine.xbdev.store.get(`${BACK}/info`), "3");
  });

  it("leaves emulated disks alone where they are still there", () => {
    const ran = run(device([], { type: "hvm-emulated-disks" }, { vdev: 768 }));
    assert.deepEqual(said(ran), [
      "blkfront_probe: HVM does not support vbd 768 as xen block device",
    ]);
    assert.equal(run(device([], { type: "hvm-emulated-disks" })).machine.gd?.disk_name, "xvda");
    const extended = (1 << 28) | (5 << 8);
    const { machine } = run(device([], { type: "hvm-emulated-disks" }, { vdev: extended }));
    assert.equal(machine.gd?.disk_name, "xvdf");
  });

  it("goes wrong where the back end does not say what the disk is", () => {
    const machine = createMachine(device([]));
    machine.backend.overrides.set("sector-size", null);
    while (runTask(machine));
    const ran = { machine, events: [] };
    assert.ok(said(ran).includes(`vbd vbd-51712: 2 reading backend fields at ${BACK}`));
  });

  it("takes the lowest bit of what the back end says of persistent grants", () => {
    for (const [value, persistent] of [
      ["1", true],
      ["2", false],
      ["3", true],
      ["yes", false],
    ] as const) {
      const machine = createMachine(device([]));
      machine.backend.overrides.set("feature-persistent", value);
      while (runTask(machine));
      assert.equal(machine.info.feature_persistent, persistent, value);
    }
  });
});

describe("the disk's name and minors", () => {
  const NAMES: [number, string, number, number][] = [
    [51712, "xvda", 0, 16],
    [51713, "xvda1", 1, 1],
    [51712 + 16 * 15 + 3, "xvdp3", 243, 1],
    [3 << 8, "xvda", 0, 16],
    [(3 << 8) | 64, "xvdb", 16, 16],
    [22 << 8, "xvdc", 32, 16],
    [8 << 8, "xvda", 0, 16],
    [(8 << 8) | 0x21, "xvdc1", 33, 1],
    [65 << 8, "xvdq", 256, 16],
    [128 << 8, "xvddy", 2048, 16],
    [(1 << 28) | (26 << 8), "xvdaa", 26 * 256, 256],
    [(1 << 28) | (700 << 8) | 2, "xvdzy2", 700 * 256 + 2, 1],
  ];
  for (const [vdev, name, minor, minors] of NAMES) {
    it(`of ${vdev} are ${name} and ${minor}`, () => {
      const { machine } = run(device([], {}, { vdev }));
      assert.equal(machine.gd?.disk_name, name);
      assert.equal(machine.gd?.first_minor, minor);
      assert.equal(machine.gd?.minors, minors);
      assert.equal(machine.info.statics.minors.size, minors);
      assert.equal(machine.info.handle, vdev & 0xffff);
    });
  }

  const REFUSED: [number, RegExp][] = [
    [(9 << 8) | 1, /your disk configuration is incorrect, please use an xvd device instead/],
    [0x20000000, /vdevice 0x20000000 is above the extended range; ignoring/],
    [(1 << 28) | (1 << 21), /blkfront: 0x10200000's minor \(0x200000\) out of range; ignoring/],
  ];
  for (const [vdev, text] of REFUSED) {
    it(`are refused for 0x${vdev.toString(16)}`, () => {
      const ran = run(device([], {}, { vdev }));
      assert.match(said(ran).join("\n"), text);
      assert.match(said(ran).join("\n"), /19 xlvbd_add at/);
      assert.equal(ran.machine.gd, null);
    });
  }

  it("warns of an extended number that may be an emulated disk's", () => {
    const ran = run(device([], { type: "hvm" }, { vdev: (1 << 28) | (2 << 8) }));
    assert.match(said(ran)[0] ?? "", /might conflict with emulated IDE disks/);
  });
});

describe("resizing", () => {
  it("changes the capacity of a disk in use", () => {
    const ran = run(device([{ resize: 262144 }, { resize: 262144 }]));
    assert.equal(ran.machine.gd?.capacity, 262144);
    assert.deepEqual(said(ran).slice(1), [
      "Setting capacity to 262144",
      "xvda: detected capacity change from 67108864 to 134217728",
      "Setting capacity to 262144",
    ]);
  });

  it("lets requests reach the new sectors", () => {
    const beyond = transfer(1, "write", 200000, [page(0x1000)]);
    const answer: WorkloadStep = { complete: [{ id: 1, status: "okay" }] };
    assert.deepEqual(ends(run(device([{ submit: [beyond] }, answer]))), [[1, -5]]);
    assert.deepEqual(ends(run(device([{ resize: 262144 }, { submit: [beyond] }, answer]))), [
      [1, 0],
    ]);
  });
});

describe("closing", () => {
  it("lets go of a disk that nobody has open", () => {
    const { machine } = run(device([{ close: true }]));
    assert.equal(machine.xbdev.state, "Closed");
    assert.equal(machine.backend.xbdev.state, "Closed");
    assert.equal(machine.xbdev.down, true);
    assert.equal(machine.info.gd, null);
    assert.equal(machine.info.statics.minors.size, 0);
  });

  it("waits for the last of those who have it open", () => {
    const steps: WorkloadStep[] = [
      { openDisk: true },
      { openDisk: true },
      { close: true },
      { closeDisk: true },
      { closeDisk: true },
    ];
    const machine = createMachine(device(steps));
    run_to(machine, 3);
    assert.equal(machine.xbdev.state, "Closing");
    assert.notEqual(machine.info.gd, null);
    const log = machine.kernel.log.map(({ text }) => text);
    assert.ok(log.includes("vbd vbd-51712: 16 Device in use; refusing to close"));
    run_to(machine, 4);
    assert.equal(machine.xbdev.state, "Closed");
    assert.equal(machine.info.gd, null);
    assert.ok(machine.kernel.log.some(({ text }) => text === "xvda: releasing disk"));
  });

  it("does not close twice, and opens nothing afterwards", () => {
    const steps: WorkloadStep[] = [
      { openDisk: true },
      { close: true },
      { close: true },
      { closeDisk: true },
      { openDisk: true },
      { submit: [transfer(1, "read", 0, [page(0x1000)])] },
    ];
    const ran = run(device(steps));
    assert.equal(said(ran).filter((text) => text.includes("refusing to close")).length, 1);
    assert.equal(ran.machine.gd?.bd_openers, 0);
    assert.deepEqual(ran.machine.requests, []);
  });

  it("closes at once where there is no block device any more", () => {
    const { machine } = run(device([{ close: true }], { failing: ["bdget_disk"] }));
    assert.equal(machine.xbdev.state, "Closed");
    assert.notEqual(machine.info.gd, null);
  });

  it("comes to an end where the back end gave the ring up and the driver still thinks that it is connected", () => {
    const ran = run(
      device(
        [
          { submit: [transfer(1, "read", 0, [page(0x1000)])] },
          { close: true },
          { complete: [{ id: 1, status: "okay" }] },
        ],
        { failing: ["bdget_disk"] },
      ),
    );
    assert.equal(ran.machine.info.connected, "CONNECTED");
    assert.deepEqual(ends(ran), []);
  });
});

describe("the back end's states", () => {
  it("are no news to a driver that is in the middle of something else", () => {
    const machine = createMachine(device([]));
    run_to(machine, -1);
    for (const state of ["Initialising", "Initialised", "Reconfiguring", "InitWait"] as const) {
      blkback_changed(machine.xbdev, machine.info, state);
    }
    assert.equal(machine.info.connected, "CONNECTED");
    assert.equal(blkfront_is_ready(machine.info), true);
  });

  it("close the device when Closing was missed, once", () => {
    const machine = createMachine(device([]));
    run_to(machine, -1);
    blkback_changed(machine.xbdev, machine.info, "Closed");
    assert.equal(machine.xbdev.state, "Closed");
    blkback_changed(machine.xbdev, machine.info, "Closed");
    assert.equal(machine.info.gd, null);
  });

  it("fault where the driver has lost its structure, or do nothing", () => {
    const machine = createMachine(device([], { failing: ["xenbus_printf protocol"] }));
    run_to(machine, -1);
    blkback_changed(machine.xbdev, machine.info, "Closing");
    blkback_changed(machine.xbdev, machine.info, "Closed");
    assert.throws(
      () => blkback_changed(machine.xbdev, machine.info, "Connected"),
      /Oops in blkfront_connect: NULL struct blkfront_info/,
    );
  });
});

describe("a queue that is gone with its disk", () => {
  const stops = (step: WorkloadStep) => run(device([{ close: true }, step])).machine.bug;

  it("is an oops when the device resumes", () => {
    assert.equal(
      stops({ resume: null })?.message,
      "Oops in blkif_recover: NULL struct request_queue",
    );
  });

  it("is an oops when there is an interrupt", () => {
    assert.equal(
      stops({ interrupt: "now" })?.message,
      "Oops in kick_pending_request_queues: NULL struct request_queue",
    );
  });
});

describe("removing", () => {
  it("gives back every page and every reference", () => {
    const io: WorkloadStep[] = [
      { submit: [transfer(1, "write", 0, [page(0x1000), page(0x1001)])] },
      { complete: [{ id: 1, status: "okay" }] },
    ];
    const ran = run(device([...io, { remove: true }, { wait: 2 }]));
    const { kernel, info } = ran.machine;
    assert.equal(kernel.pages_allocated, 0);
    assert.equal(kernel.gnttab.gnttab_free_count, 4096 - 8);
    assert.equal(info.gd, null);
    assert.equal(info.xbdev, null);
    assert.ok(said(ran).includes("xvda: device/vbd/51712 was hot-unplugged, 0 stale handles"));
    // The back end still mapped two grants and the ring when they were ended.
    assert.equal(only(ran.events, "gref_deferred").length, 3);
    assert.equal(said(ran).filter((text) => text.includes("freeing g.e.")).length, 3);
  });

  it("leaves the disk to those who have it open", () => {
    const machine = createMachine(
      device([
        { openDisk: true },
        { remove: true },
        { openDisk: true },
        { closeDisk: true },
        { closeDisk: true },
      ]),
    );
    run_to(machine, 1);
    assert.notEqual(machine.info.gd, null);
    run_to(machine, 2);
    assert.equal(machine.gd?.bd_openers, 2);
    run_to(machine, 3);
    assert.notEqual(machine.info.gd, null);
    run_to(machine, 4);
    assert.equal(machine.info.gd, null);
    assert.equal(machine.gd?.private_data, null);
    assert.ok(machine.kernel.log.some(({ text }) => /1 stale handles/.test(text)));
  });

  it("hangs when a request is still out: nobody ends it any more", () => {
    const ran = run(
      device([{ submit: [transfer(1, "read", 0, [page(0x1000)])] }, { remove: true }]),
    );
    assert.equal(ran.machine.bug?.kind, "HANG");
    assert.equal(ran.machine.bug?.func, "blk_cleanup_queue");
  });

  it("faults on a list that a duplicated response has bent into a cycle", () => {
    const ran = run(
      device([
        { submit: [transfer(1, "read", 0, [page(0x1000)])] },
        { complete: [{ id: 1, status: "okay", times: 2 }] },
        { remove: true },
      ]),
    );
    assert.equal(ran.machine.bug?.kind, "OOPS");
    assert.equal(ran.machine.bug?.func, "blkif_free");
  });

  it("faults where the driver has lost its structure", () => {
    const ran = run(device([{ remove: true }], { failing: ["xenbus_printf protocol"] }));
    assert.equal(ran.machine.bug?.kind, "OOPS");
  });

  it("warns where the disk was pulled from under its users", () => {
    const steps: WorkloadStep[] = [{ openDisk: true }, { closeDisk: true }];
    const ran = run(device(steps, { failing: ["bdget_disk"] }));
    assert.ok(said(ran).includes("Block device xvda yanked out from us!"));
  });
});

describe("resuming", () => {
  const write = (id: number, sector: number, pages: number) =>
    transfer(
      id,
      "write",
      sector,
      Array.from({ length: pages }, (_, i) => page(0x1000 + id * 64 + i)),
    );

  it("submits unfinished work anew, once", () => {
    const ran = run(
      device([
        { submit: [write(1, 0, 4), write(2, 64, 16)] },
        { resume: null },
        { complete: [1, 2].map((id) => ({ id, status: "okay" as const })) },
      ]),
    );
    assert.deepEqual(ends(ran), [
      [1, 0],
      [2, 0],
    ]);
    assert.equal(ran.machine.info.connected, "CONNECTED");
    assert.equal(ran.machine.xbdev.state, "Connected");
    assert.deepEqual(
      ran.machine.requests.map(({ nr, part, parts }) => [nr, part, parts]),
      [
        [1, 0, 1],
        [2, 0, 1],
        [1, 1, 2],
        [2, 1, 2],
      ],
    );
  });

  it("cuts a bio that the new back end cannot take whole, and ends it with the last piece", () => {
    const ran = run(
      device([
        { submit: [write(1, 0, 32)] },
        { resume: { ...DEFAULT_BACKEND, maxIndirectSegments: null } },
        { complete: [{ id: 1, status: "okay" }] },
      ]),
    );
    assert.equal(only(ran.events, "submit_bio").length, 3);
    // Three clones and their parent.
    assert.deepEqual(
      only(ran.events, "bio_end").map(({ sectors, error }) => [sectors, error]),
      [
        [88, 0],
        [88, 0],
        [80, 0],
        [256, 0],
      ],
    );
  });

  it("hangs in a bio whose pieces are shorter than pages", () => {
    // Three pieces of which two fit: the second half would begin behind the end. The ring is full by then.
    const short = transfer(100, "write", 0, [
      page(0x1000, 512),
      { page: 0x1001, offset: 512, length: 512 },
      page(0x1002, 512),
    ]);
    const ran = run(
      device([
        { submit: [...Array.from({ length: 32 }, (_, i) => write(i + 1, i * 100, 1)), short] },
        { resume: { ...DEFAULT_BACKEND, maxIndirectSegments: 2 } },
      ]),
    );
    assert.equal(ran.machine.bug?.kind, "HANG");
    assert.ok(said(ran).includes("Attempted to advance past end of bvec iter"));
  });

  it("keeps the error of a piece for the whole", () => {
    const machine = createMachine(
      device([
        { submit: [write(1, 0, 32)] },
        { resume: { ...DEFAULT_BACKEND, maxIndirectSegments: null } },
        { complete: [{ id: 1, status: "error" }] },
      ]),
    );
    const errors: number[] = [];
    while (runTask(machine, (event) => event.kind === "bio_end" && errors.push(event.error)));
    assert.deepEqual(errors, [-5, -5, -5, -5]);
  });

  it("puts a flush and a discard back whole", () => {
    const steps: WorkloadStep[] = [
      {
        submit: [
          { ...transfer(1, "write", 0, []), op: "discard", sectors: 64 },
          { ...transfer(2, "write", 0, []), op: "flush", sectors: 0 },
        ],
      },
      { resume: null },
      { submit: [write(3, 0, 1)] },
      { complete: [1, 2, 3].map((id) => ({ id, status: "okay" as const })) },
    ];
    const made = device(steps);
    const ran = run({ ...made, backend: { ...made.backend, flush: "flush" } });
    assert.deepEqual(ends(ran).sort(), [
      [1, 0],
      [2, 0],
      [3, 0],
    ]);
  });

  for (const call of ["kmemdup shadow"] as const) {
    it(`stays suspended for ever when ${call} fails`, () => {
      const ran = run(
        device([{ submit: [write(1, 0, 1)] }, { resume: null }], { failing: [call] }),
      );
      assert.equal(ran.machine.info.connected, "SUSPENDED");
      assert.deepEqual(ends(ran), []);
    });
  }

  for (const [call, expr] of [
    ["kzalloc split_bio", "split_bio == NULL"],
    ["bio_clone", "cloned_bio == NULL"],
  ] as const) {
    it(`stops the kernel when ${call} fails`, () => {
      const backend = { ...DEFAULT_BACKEND, maxIndirectSegments: null };
      const ran = run(
        device([{ submit: [write(1, 0, 32)] }, { resume: backend }], { failing: [call] }),
      );
      assert.equal(ran.machine.bug?.expr, expr);
    });
  }

  it("fails like the first connection when the ring cannot be set up", () => {
    const machine = createMachine(device([{ resume: null }]));
    run_to(machine, -1);
    machine.kernel.failing.push("__get_free_pages");
    run_to(machine, 0);
    assert.equal(machine.xbdev.state, "Closing");
    assert.notEqual(machine.info.connected, "CONNECTED");
  });

  it("gives a disk to a guest whose first connection failed", () => {
    const ran = run(
      device(
        [{ resume: null }, { submit: [write(1, 0, 1)] }, { complete: [{ id: 1, status: "okay" }] }],
        { failing: ["alloc_disk"] },
      ),
    );
    assert.equal(ran.machine.info.connected, "CONNECTED");
    assert.deepEqual(ends(ran), [[1, 0]]);
  });

  it("does nothing for a device that is gone", () => {
    const ran = run(device([{ remove: true }, { resume: null }, { remove: true }, { resize: 1 }]));
    assert.equal(ran.machine.bug, null);
    assert.equal(ran.machine.info.connected, "DISCONNECTED");
  });
});
