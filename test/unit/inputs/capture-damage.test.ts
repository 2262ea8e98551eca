import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { importCapture, type ImportedCapture } from "../../../src/inputs/capture/import-capture.js";
import { parseScenario } from "../../../src/inputs/scenario-file.js";
import { serializeScenario } from "../../../src/inputs/scenario-writer.js";
import { BLOCK_LINES, capture, DRIVER_LINES, without, withoutSome } from "./captures.js";
import { workloadText } from "./workload-text.js";

/** What holds for every import, whatever was wrong with the capture. */
function assertSound({ scenario, problems }: ImportedCapture, text: string): void {
  const errors = problems.filter(({ severity }) => severity === "error");
  assert.equal(scenario === null, errors.length > 0, JSON.stringify(errors));
  const lines = text.split("\n").length;
  for (const { line, message } of problems) {
    assert.ok(line >= 1 && line <= lines, message);
    assert.doesNotMatch(message, /undefined|NaN|null|\[object/);
  }
  if (scenario) {
    const { problems: again } = parseScenario(serializeScenario(scenario));
    assert.deepEqual(again, []);
  }
}

function codesOf({ problems }: ImportedCapture): string[] {
  return problems.map(({ code }) => code);
}

for (const name of ["w48k", "r1m", "w1m", "nopersist", "raw-ring"]) {
  test(`${name} cut at any byte: the good part, a warning, and nothing thrown`, () => {
    const text = capture(name);
    const whole = workloadText(importCapture(text).scenario);
    const trace = text.indexOf("#== trace");
    fc.assert(
      fc.property(fc.integer({ min: 0, max: text.length - 1 }), (at) => {
        const cut = text.slice(0, at);
        const imported = importCapture(cut);
        assertSound(imported, cut);
        if (imported.scenario) {
          // What is left is a beginning of the whole; only the last interrupt may be cut short.
          const part = workloadText(imported.scenario).split(" ");
          if (part.at(-1)?.startsWith("C")) part.pop();
          assert.ok(whole.startsWith(part.join(" ")), `${part.join(" ")} of ${whole}`);
        }
        if (at > trace + 1000 && !cut.endsWith("\n")) {
          assert.ok(codesOf(imported).includes("capture.cut-off"));
        }
      }),
      { numRuns: name === "w48k" ? 300 : 60 },
    );
  });

  test(`${name} with any lines missing: nothing thrown, and still a good scenario`, () => {
    const lines = capture(name).split("\n");
    const begin = lines.indexOf("#== trace") + 1;
    const numbers = fc.array(fc.integer({ min: begin, max: lines.length - 1 }), { maxLength: 30 });
    fc.assert(
      fc.property(numbers, (missing) => {
        const gone = new Set(missing);
        const text = lines.filter((_, i) => !gone.has(i)).join("\n");
        assertSound(importCapture(text), text);
      }),
      { numRuns: name === "w48k" ? 200 : 40 },
    );
  });
}

test("without the driver's events the requests are imported, with pages that stand in", () => {
  const text = without(capture("r1m"), DRIVER_LINES);
  const imported = importCapture(text);
  assertSound(imported, text);
  assert.deepEqual(codesOf(imported), ["capture.no-driver-events"]);
  assert.match(imported.problems[0]?.message ?? "", /stand in/);
  assert.equal(workloadText(imported.scenario), "S1 C1 S2 S3 S4 S5 C2 C3 C4 C5 S6 S7 S8 C6 C7 C8");
  assert.equal(imported.scenario?.start, null);
  const step = imported.scenario.workload[0];
  assert.ok(step && "submit" in step);
  assert.deepEqual(
    step.submit[0]?.segments.map(({ offset, length }) => [offset, length]),
    Array.from({ length: 32 }, () => [0, 4096]),
  );
});

test("without block events the driver's are enough", () => {
  for (const name of ["w48k", "r1m", "w1m", "trim", "flush_only", "ringorder4"]) {
    const whole = importCapture(capture(name));
    const imported = importCapture(without(capture(name), BLOCK_LINES));
    assert.deepEqual(codesOf(imported), [], name);
    assert.equal(workloadText(imported.scenario), workloadText(whole.scenario), name);
    assert.deepEqual(imported.scenario?.start, whole.scenario?.start, name);
    assert.deepEqual(imported.scenario?.disk, whole.scenario?.disk, name);
  }
});

test("without a header the settings are assumed, and said", () => {
  const text = capture("w48k");
  const imported = importCapture(text.slice(text.indexOf("# tracer:")));
  assert.deepEqual(codesOf(imported), []);
  assert.equal(workloadText(imported.scenario), "S1 C1");
  assert.equal(imported.scenario?.backend.persistent, true);
  assert.ok((imported.facts?.notes.length ?? 0) >= 4);
});

/** A capture that lacks some events, and what becomes of it. */
interface Gap {
  from: string;
  lines: RegExp;
  numbers: number[];
  code: string;
  /** Nothing else that the import makes is different. */
  harmless: boolean;
}

const gaps: Record<string, Gap> = {
  "a complete event": {
    from: "r1m",
    lines: / complete: /,
    numbers: [3],
    code: "capture.gap-interrupt",
    harmless: true,
  },
  "an interrupt's event": {
    from: "r1m",
    lines: / irq: /,
    numbers: [2],
    code: "capture.gap-interrupt",
    harmless: true,
  },
  "grants in the middle of a request": {
    from: "r1m",
    lines: / grant: /,
    numbers: [40, 41, 100],
    code: "capture.gap-grants",
    harmless: true,
  },
  "grants at the end of a request": {
    from: "r1m",
    lines: / grant: /,
    numbers: [63, 64],
    code: "capture.gap-grants",
    harmless: false,
  },
  "all events of a grant's end": {
    from: "r1m",
    lines: / end_gref(_ret)?: .*(gref=142 |blkif_interrupt.*)/,
    numbers: [21, 22],
    code: "capture.gap-interrupt",
    harmless: true,
  },
  "a queue_rq event": {
    from: "r1m",
    lines: / queue_rq: /,
    numbers: [3],
    code: "capture.gap-request",
    harmless: true,
  },
  "a new reference": {
    from: "w1m",
    lines: / new_gref: /,
    numbers: [10],
    code: "capture.gap-references",
    harmless: true,
  },
};

for (const [name, { from, lines, numbers, code, harmless }] of Object.entries(gaps)) {
  test(`a gap: without ${name} there is a warning with its line, and the rest is good`, () => {
    const text = withoutSome(capture(from), lines, numbers);
    const imported = importCapture(text);
    assertSound(imported, text);
    assert.ok(codesOf(imported).includes(code), JSON.stringify(imported.problems));
    for (const { message } of imported.problems) assert.match(message, /driver did nothing wrong/);
    const whole = importCapture(capture(from)).scenario;
    assert.equal(workloadText(imported.scenario), workloadText(whole));
    if (harmless) assert.deepEqual(imported.scenario?.start, whole?.start);
  });
}

test("a missed answer that only the ring index shows", () => {
  const text = without(withoutSome(capture("r1m"), / complete: /, [3]), BLOCK_LINES);
  const imported = importCapture(text);
  assertSound(imported, text);
  assert.deepEqual(codesOf(imported), ["capture.gap-answers"]);
  assert.equal(workloadText(imported.scenario), "S1 C1 S2 S3 S4 S5 C2,3,4,5 S6 S7 S8 C6,7,8");
});

test("an overflow of the trace buffer is said where it was", () => {
  const lines = capture("r1m").split("\n");
  const at = lines.findIndex((line) => / grant: /.test(line)) + 5;
  lines.splice(at, 3, "CPU:0 [LOST 3 EVENTS]");
  const imported = importCapture(lines.join("\n"));
  assertSound(imported, lines.join("\n"));
  const problem = imported.problems.find(({ code }) => code === "capture.lost-events");
  assert.equal(problem?.line, at + 1);
});

test("what the header says about missed probes is passed on", () => {
  const text = capture("raw-ring").replace(
    "# end_gref hit 251 missed 0",
    "# end_gref hit 251 missed 4",
  );
  const imported = importCapture(text);
  const problem = imported.problems.find(({ code }) => code === "capture.missed-probes");
  assert.match(problem?.message ?? "", /4 of end_gref/);
});

test("a capture that begins in the middle leaves out what it did not see begin", () => {
  const text = capture("r1m");
  const lines = text.split("\n");
  const begin = lines.indexOf("#== trace") + 1;
  const second = lines.findIndex((line) => / queue_rq_ret: /.test(line)) + 1;
  const imported = importCapture([...lines.slice(0, begin), ...lines.slice(second)].join("\n"));
  assertSound(imported, text);
  assert.ok(codesOf(imported).includes("capture.already-running"));
  assert.equal(workloadText(imported.scenario), "S1 S2 S3 S4 C1,2,3,4 S5 S6 S7 C5,6,7");
  assert.equal(imported.scenario?.start?.ringIndex, 17);
});

test("a request that the driver puts back counts once", () => {
  const lines = capture("w48k").split("\n");
  const at = lines.findIndex((line) => / queue_rq: /.test(line));
  const ret = lines.find((line) => / queue_rq_ret: /.test(line)) ?? "";
  const [queue = "", issue = ""] = lines.slice(at, at + 2);
  lines.splice(at, 0, queue, issue, ret.replace("sts=0", "sts=9"));
  const imported = importCapture(lines.join("\n"));
  assert.deepEqual(codesOf(imported), []);
  assert.equal(workloadText(imported.scenario), "S1 C1");
});

test("errors of the device become statuses", () => {
  const text = capture("w48k").replace(/(block_rq_complete: .*)\[0\]/, "$1[-5]");
  assert.equal(workloadText(importCapture(text).scenario), "S1 C1!error");
  const unsupported = capture("flush_only").replace(
    /(block_rq_complete: 202,0 FF .*)\[0\]/,
    "$1[-95]",
  );
  assert.equal(workloadText(importCapture(unsupported).scenario), "S1 C1!unsupported");
});

test("another disk's requests are left out, and can be chosen", () => {
  const text = capture("w48k");
  const trace = capture("r4k").slice(capture("r4k").indexOf("#== trace") + 10);
  const other = trace.replace(/\b202,0\b/g, "202,6400").replace(/vdev=51712/g, "vdev=268441856");
  const both = text + trace.replace(/^#.*\n/gm, "") + other.replace(/^#.*\n/gm, "");
  const first = importCapture(both);
  assertSound(first, both);
  assert.equal(first.facts?.disk.name, "xvda");
  assert.equal(first.facts.requests.length, 2);
  const warning = first.problems.find(({ code }) => code === "capture.other-disk");
  assert.match(warning?.message ?? "", /1 request of xvdz/);
  for (const disk of [268441856, "xvdz", "202:6400"]) {
    const second = importCapture(both, { disk });
    assert.equal(second.facts?.disk.name, "xvdz");
    assert.equal(second.facts.requests.length, 1);
    assert.equal(second.scenario?.disk.vdev, 268441856);
    assert.equal(second.scenario.disk.sectors, 262144);
  }
  const none = importCapture(both, { disk: "xvdq" });
  assert.equal(none.scenario, null);
  assert.match(none.problems.at(-1)?.message ?? "", /xvda \(2 requests\), xvdz \(1 request\)/);
});

test("several rings of one disk are one ring in the model", () => {
  const text = capture("r1m").replace(
    /ring=0xffff8880048b4000(.*rsp_cons=17)/,
    "ring=0xffff888004900000$1",
  );
  const imported = importCapture(text);
  assert.ok(codesOf(imported).includes("capture.several-rings"));
  assert.equal(imported.scenario?.start, null);
});

test("pages of 64 KB: pieces of 4 KB that meet within a page are one segment", () => {
  const text = capture("w48k").replace("# page-size: 4096", "# page-size: 65536");
  const imported = importCapture(text);
  const step = imported.scenario?.workload[0];
  assert.ok(step && "submit" in step);
  assert.equal(imported.scenario?.guest.pageSize, 65536);
  assert.deepEqual(step.submit[0]?.segments, [{ page: 0x1fbd4, offset: 0x3000, length: 49152 }]);
  assert.equal(step.submit[0]?.physSegments, 12);
});
