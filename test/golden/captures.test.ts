/** Every request of the live captures: the grants that the guest's driver took and gave back are the model's. */
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { describe, it } from "node:test";
import { gunzipSync } from "node:zlib";
import { createMachine, runTask } from "../../src/core/machine.js";
import { openInput } from "../../src/inputs/open.js";

const FOLDER = "test/fixtures/captures";
const NO_GREF = 4294967295;

interface Taken {
  gfn: number;
  offset: number;
  len: number;
  grant_idx: number;
  id: number;
  gref: number;
  /** The reference of the indirect frame that was taken just before, or null. */
  frame: number | null;
}

interface Returned {
  gref: number;
  to: "head" | "tail";
}

interface Walked {
  taken: Taken[];
  returned: Returned[];
}

function numbers(line: string, ...names: string[]): number[] {
  return names.map((name) => Number(new RegExp(`\\b${name}=(\\w+)`).exec(line)?.[1]));
}

/** What the trace's own lines say, read without any of the importer's code. */
function live(text: string): Walked {
  const taken: Taken[] = [];
  const returned: Returned[] = [];
  let current: Taken | null = null;
  let ending: number | null = null;
  for (const line of text.split("\n")) {
    if (/ grant: /.test(line)) {
      const [gfn, off, len, idx, id, op, next0, next1] = numbers(
        line,
        ...["gfn", "off", "len", "idx", "id", "op", "next0", "next1"],
      ) as [number, number, number, number, number, number, number, number];
      const opensFrame = op === 6 && idx % 512 === 0;
      const piece = { gfn, offset: off, len, grant_idx: idx, id };
      current = { ...piece, gref: opensFrame ? next1 : next0, frame: opensFrame ? next0 : null };
      taken.push(current);
    } else if (/ new_gref: /.test(line) && current !== null) {
      const [gref] = numbers(line, "gref") as [number];
      if (current.frame === NO_GREF) current.frame = gref;
      else if (current.gref === NO_GREF) current.gref = gref;
    } else if (/ end_gref: /.test(line)) {
      ending = numbers(line, "gref")[0] ?? null;
    } else if (/ end_gref_ret: .*blkif_interrupt/.test(line) && ending !== null) {
      const [ended] = numbers(line, "ended");
      returned.push({ gref: ending, to: ended === 0 ? "head" : "tail" });
    }
  }
  return { taken, returned };
}

function modelled(text: string): Walked {
  const { scenario, problems } = openInput("trace.txt", text);
  assert.ok(scenario, JSON.stringify(problems));
  const machine = createMachine(scenario);
  const taken: Taken[] = [];
  const returned: Returned[] = [];
  let frame: number | null = null;
  const run = () =>
    runTask(machine, (event) => {
      if (event.kind === "indirect_frame") frame = event.gref;
      if (event.kind === "grant_taken") {
        const { gfn, offset, len, grant_idx, id, gref } = event;
        taken.push({ gfn, offset, len, grant_idx, id, gref, frame });
        frame = null;
      }
      if (event.kind === "grant_released") returned.push({ gref: event.gref, to: event.to });
    });
  while (run());
  assert.equal(machine.bug, null);
  return { taken, returned };
}

describe("the live captures", () => {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith(".trace.txt.gz"));
  for (const file of files) {
    it(file.replace(".trace.txt.gz", ""), () => {
      const text = gunzipSync(readFileSync(`${FOLDER}/${file}`)).toString();
      const guest = live(text);
      const model = modelled(text);
      assert.deepEqual(model.taken, guest.taken);
      // One capture lacks events of an interrupt: what the guest gave back there was not recorded.
      if (openInput(file, text).problems.length === 0) {
        assert.deepEqual(model.returned, guest.returned);
      }
    });
  }
  it("are all there", () => assert.equal(files.length, 13));
});
