// The 1 MiB read of a live guest, as it was and on 64 KB pages: grants taken, copied back and given back.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { disk_byte } from "../../src/core/machine/patterns";
import { type Walked, liveWalk } from "../live-trace";
import {
  NEXT_GRANT,
  NEXT_REQUEST,
  type PanelView,
  hexBytes,
  move,
  readPanel,
  segmentBytes,
} from "./panel-view";
import { Workbench } from "./workbench";

const CAPTURE = "captures/read-1m.trace.txt";
const FIRST_SECTOR = 8192;

let workbench: Workbench;
let guest: Walked;

before(async () => {
  guest = liveWalk(readFileSync(`examples/${CAPTURE}`, "utf8"));
  workbench = await Workbench.open({ theme: "light", width: 1700, height: 1200 });
  await workbench.openFile("read-1m.trace.txt");
});

after(() => workbench?.close());

const shown = (wanted: (view: PanelView) => boolean) =>
  workbench.until("the panel", () => readPanel(workbench), wanted, 60_000);

/** The first bytes on the disk from a byte of the request on. */
function onDisk(byte: number): string {
  const address = FIRST_SECTOR * 512 + byte;
  return hexBytes(Array.from({ length: 16 }, (_, k) => disk_byte(address + k)));
}

/** Walks the copy-back of `count` grants, whose bytes begin at `byte` of the request. */
async function walkCopyBack(count: number, byte: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const view = await move(workbench, NEXT_GRANT);
    assert.equal(view.grant, i);
    assert.match(view.copy?.heading ?? "", /^Copy-back granted page → caller’s page/);
    assert.equal(view.copy?.now, onDisk(byte + i * 4096), `bytes of grant ${i}`);
  }
}

test("as it was: the first request's grants, frame, copy-back and returns", () =>
  workbench.watch("read-as-it-was", async () => {
    const pieces = guest.taken.slice(0, 32);
    await workbench.startDebugging();
    await shown((view) => view.facts.includes("4 KB pages"));
    for (const [i, taken] of pieces.entries()) {
      const view = await move(workbench, NEXT_GRANT);
      const row = view.shadow.find(({ grant }) => grant === i);
      assert.equal(row?.gref, taken.gref);
      assert.deepEqual([row?.first, row?.last], [0, 7]);
      const before = pieces[i - 1];
      if (before === undefined) continue;
      const slot = view.segments.find((segment) => segment.slot === i - 1);
      assert.equal(slot?.bytes, segmentBytes(before.gref, 0, 7));
    }
    // This guest had its first answer before it queued the next request.
    await walkCopyBack(pieces.length, 0);
    for (const { gref, to } of guest.returned.slice(0, pieces.length + 1)) {
      const view = await move(workbench, NEXT_GRANT);
      assert.equal(to, "head");
      assert.equal(view.free[0], gref);
    }
    for (let request = 1; request < 8; request++) {
      const view = await move(workbench, NEXT_REQUEST);
      assert.match(
        view.title,
        new RegExp(`sector ${(8192 + request * 256).toLocaleString("en-US")}`),
      );
    }
    await workbench.press("Shift+F5");
  }));

test("on 64 KB pages the same buffers are copied back grant by grant", () =>
  workbench.watch("read-64k", async () => {
    await workbench.openFile("read-1m.trace.txt");
    await workbench.command("Grantwalk: Walk This File on Other Pages…");
    await workbench.pick("64 KB");
    const entry = await shown((view) => view.facts.includes("64 KB pages"));
    assert.ok(entry.step > 0);

    // The buffer begins inside a page: the queue takes two segments, so the request is cut.
    const first = await move(workbench, NEXT_GRANT);
    const count = first.grants ?? 0;
    assert.match(first.facts, /part 1 of 2/);
    const rest = guest.taken.slice(1, count);
    for (const [i] of rest.entries()) {
      const view = await move(workbench, NEXT_GRANT);
      assert.equal(view.grant, i + 1);
    }
    const lengths = guest.taken.slice(0, count).map(({ len }) => len);
    const last = await readPanel(workbench);
    const row = last.shadow.find(({ grant }) => grant === count - 1);
    assert.equal(row?.length, lengths.at(-1));

    // Past the other part and the back end, to the interrupt.
    const other = 32 - count;
    for (let i = 0; i < other; i++) await move(workbench, NEXT_GRANT);
    await walkCopyBack(count, 0);
    for (let i = 0; i <= count; i++) {
      const view = await move(workbench, NEXT_GRANT);
      assert.match(view.sentence, /blkif_completion/);
      assert.equal(view.free.length, view.free.filter((gref) => gref > 0).length);
    }
    await walkCopyBack(other, count * 4096);
  }));
