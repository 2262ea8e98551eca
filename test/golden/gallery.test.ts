/** The gallery: each walk runs, its landmark is where it says, and what it promises is there. */
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import type { Scenario, Walk } from "../../src/core/scenario.js";
import { parseScenario } from "../../src/inputs/scenario-file.js";
import { DEFECTS } from "./gallery/defects.js";
import { PATHS } from "./gallery/paths.js";
import { type Play, play } from "./gallery/play.js";

const GALLERY = "examples/gallery";
const ENDING = ".blkfront.json";

function names(folder: string): string[] {
  return readdirSync(path.join(GALLERY, folder)).map((file) => {
    assert.ok(file.endsWith(ENDING), `${file} is no scenario`);
    return file.slice(0, -ENDING.length);
  });
}

function read(folder: string, name: string): Scenario & { walk: Walk } {
  const text = readFileSync(path.join(GALLERY, folder, name + ENDING), "utf8");
  const { scenario, problems } = parseScenario(text);
  assert.deepEqual(problems, []);
  const walk = scenario?.walk;
  assert.ok(scenario !== null && walk);
  return { ...scenario, walk };
}

/** Every request has ended as it should, and the disk and the buffers hold what its users were told. */
function endsWell(played: Play, errors: Readonly<Record<number, number>>): void {
  const { machine, users, broken } = played;
  assert.equal(machine.bug, null);
  assert.deepEqual(broken, []);
  for (const { id, sectors } of users.requests) {
    const end = users.ended.get(id);
    assert.ok(end !== undefined, `request ${id} has not ended`);
    assert.equal(end.sectors, sectors, `request ${id}`);
    assert.deepEqual([...end.errors], [errors[id] ?? 0], `request ${id}`);
  }
  const twice = played.events.find(({ event }) => event.kind === "bio_end" && event.times !== 1);
  assert.equal(twice, undefined);
  assert.deepEqual(users.wrongReads, []);
  assert.deepEqual(users.wrongSectors(), []);
  assert.equal(machine.info.ring.rsp_cons, machine.info.ring.req_prod_pvt);
}

describe("the walks to a defect", () => {
  it("are those that have a check", () => {
    assert.deepEqual(names("defects").sort(), Object.keys(DEFECTS).sort());
  });
  for (const [name, defect] of Object.entries(DEFECTS)) {
    it(name, () => {
      const scenario = read("defects", name);
      assert.ok(scenario.walk.wrong !== null, "where it goes wrong");
      const played = play(scenario, (machine, event) => defect.here?.(machine, event));
      assert.equal(played.met, 1, "the landmark is reached");
      defect.end(played);
      assert.deepEqual(played.broken, defect.breaks);
    });
  }
});

describe("the walks along a normal path", () => {
  it("are those that have a check", () => {
    assert.deepEqual(names("paths").sort(), Object.keys(PATHS).sort());
  });
  for (const [name, { errors = {}, check }] of Object.entries(PATHS)) {
    it(name, () => {
      const scenario = read("paths", name);
      assert.equal(scenario.walk.wrong, null);
      const played = play(scenario);
      endsWell(played, errors);
      check(played);
    });
  }
});

describe("the gallery's list", () => {
  const list = readFileSync(path.join(GALLERY, "README.md"), "utf8");
  for (const folder of ["defects", "paths"]) {
    it(`has each of the ${folder}, with its title`, () => {
      const linked = [
        ...list.matchAll(/\[([^\]]+)\]\((defects|paths)\/([a-z0-9-]+)\.blkfront\.json\)/g),
      ];
      const found = linked
        .filter(([, , where]) => where === folder)
        .map(([, , , name]) => name ?? "");
      assert.deepEqual([...found].sort(), names(folder).sort());
      for (const [, title, where, name] of linked) {
        if (where !== folder) continue;
        assert.equal(title, read(folder, name ?? "").title.replaceAll("|", "\\|"));
      }
    });
  }
});
