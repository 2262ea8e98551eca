// The 48 KiB write of a live guest, walked grant by grant to the end of its completion and back: the panel and
// the variables show what the guest did.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { write_byte } from "../../src/core/machine/patterns";
import { type Walked, liveWalk } from "../live-trace";
import {
  NEXT_GRANT,
  PREVIOUS_GRANT,
  type PanelView,
  hexBytes,
  move,
  readPanel,
  segmentBytes,
} from "./panel-view";
import { Workbench } from "./workbench";

const CAPTURE = "captures/write-48k.trace.txt";

let workbench: Workbench;
let guest: Walked;
const forward: PanelView[] = [];

before(async () => {
  guest = liveWalk(readFileSync(`examples/${CAPTURE}`, "utf8"));
  workbench = await Workbench.open({ width: 1700, height: 1200 });
});

after(() => workbench?.close());

/** The live list before the request, head first: what was taken of it, the frame's grant before the data's. */
function liveAtStart(): number[] {
  return guest.taken
    .filter(({ fresh }) => !fresh)
    .flatMap(({ frame, gref }) => (frame === null ? [gref] : [frame, gref]));
}

async function local(name: string): Promise<string | undefined> {
  const rows = await workbench.variables();
  const scopes = rows.filter(({ level }) => level === 1);
  const end = scopes[1] === undefined ? rows.length : rows.indexOf(scopes[1]);
  return rows.slice(0, end).find((row) => row.level === 2 && row.name === name)?.value;
}

test("F5 on the open capture stops at its request, in the source beside the panel", () =>
  workbench.watch("write-entry", async () => {
    await workbench.openFile("write-48k.trace.txt");
    await workbench.startDebugging();
    const view = await workbench.until(
      "the panel",
      () => readPanel(workbench),
      () => true,
      40_000,
    );
    assert.match(view.sentence, /do_blkif_request/);
    const stopped = await workbench.until(
      "the stopped line",
      () => workbench.stoppedLine(),
      (line) => line !== undefined,
    );
    assert.ok(stopped);
    assert.deepEqual(await workbench.tabs(), ["write-48k.trace.txt", "request-fn.ts", "Grantwalk"]);
    assert.deepEqual(view.free, liveAtStart());
  }));

test("each grant is taken from the list as the guest's driver took it", () =>
  workbench.watch("write-grants", async () => {
    const live = liveAtStart();
    assert.equal(guest.taken.length, 12);
    for (const [i, taken] of guest.taken.entries()) {
      const view = await move(workbench, NEXT_GRANT);
      forward.push(view);
      assert.equal(view.grant, i);
      assert.equal(view.grants, guest.taken.length);

      const row = view.shadow.find(({ grant }) => grant === i);
      assert.ok(row, `no row for grant ${i}`);
      const [first, last] = [taken.offset / 512, (taken.offset + taken.len) / 512 - 1];
      assert.equal(row.gref, taken.gref);
      assert.deepEqual([row.offset, row.length], [taken.offset, taken.len]);
      assert.deepEqual([row.first, row.last], [first, last]);
      assert.equal(row.state, "taken");

      // What leaves the list is what the guest took; new references are on no list before.
      for (const gref of [taken.frame, taken.gref]) {
        if (gref !== null && live[0] === gref) live.shift();
      }
      assert.deepEqual(view.free, live);

      const before = guest.taken[i - 1];
      if (before !== undefined) {
        const slot = view.segments.find((segment) => segment.slot === i - 1);
        const lastSector = (before.offset + before.len) / 512 - 1;
        assert.equal(slot?.bytes, segmentBytes(before.gref, before.offset / 512, lastSector));
      }
    }
  }));

test("the variables say the same as the panel", () =>
  workbench.watch("write-variables", async () => {
    const taken = guest.taken.at(-1);
    assert.ok(taken);
    await workbench.until(
      "ref",
      () => local("ref"),
      (value) => value === String(taken.gref),
    );
    assert.equal(await local("grant_idx"), "11");
    assert.equal(await local("gfn"), `0x${taken.gfn.toString(16)}`);
    assert.equal(await local("offset"), String(taken.offset));
    assert.equal(await local("len"), String(taken.len));
    await workbench.expandVariable("Shadow entry", "grants_used");
    const rows = await workbench.variables();
    const at = rows.findIndex(({ name, level }) => name === "grants_used" && level === 2);
    const entries = rows
      .slice(at + 1, at + 13)
      .map(({ value }) => /gref (\d+)/.exec(value ?? "")?.[1]);
    assert.deepEqual(
      entries.map(Number),
      guest.taken.map(({ gref }) => gref),
    );
  }));

test("the caller's bytes lie in the granted page after the copy", () =>
  workbench.watch("write-copy", async () => {
    // Into the block, over kmap and over memcpy.
    let view = await move(workbench, "F10");
    view = await move(workbench, "F10");
    view = await move(workbench, "F10");
    const first = Array.from({ length: 16 }, (_, k) => write_byte(1, 11 * 4096 + k));
    assert.match(
      view.copy?.heading ?? "",
      /^Copy caller’s page → granted page, 4,096 B of grant 11/,
    );
    assert.equal(view.copy?.now, hexBytes(first));
  }));

test("each grant comes back to the end of the list to which the guest's driver put it", () =>
  workbench.watch("write-returns", async () => {
    // Wherever the copies were looked at from, the next landmarks are the returns.
    for (const [i, { gref, to }] of guest.returned.entries()) {
      const view = await move(workbench, NEXT_GRANT);
      forward.push(view);
      assert.equal(to, "head");
      assert.equal(view.free[0], gref, `return ${i}`);
    }
    const end = await move(workbench, "F5");
    assert.deepEqual(end.free, guest.returned.map(({ gref }) => gref).reverse());
    assert.equal(end.ring.rsp_cons, 6);
    assert.equal(end.ring.req_prod, 6);
  }));

test("stepping back leads to the first grant, and every stop is what it was", () =>
  workbench.watch("write-back", async () => {
    for (const seen of forward.toReversed()) {
      const view = await move(workbench, PREVIOUS_GRANT);
      const { step, grant, free, ring, sentence } = seen;
      assert.deepEqual(
        { step, grant, free, ring, sentence },
        {
          step: view.step,
          grant: view.grant,
          free: view.free,
          ring: view.ring,
          sentence: view.sentence,
        },
      );
    }
    workbench.assertNoComplaints();
  }));
