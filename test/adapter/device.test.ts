// The device's life as a client sees it: bios and their clones, the disk, the back end, and each end of a kernel.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DebugProtocol } from "@vscode/debugprotocol";
import type { Walk } from "../../src/adapter/walk.js";
import { TestClient } from "./support/client.js";
import { children, find } from "./support/look.js";
import { busyRemoval, failing, noClone, purging, resuming } from "./support/programs.js";

interface Walked {
  readonly client: TestClient;
  /** Goes to the n-th statement of a function that fits, n from 0. */
  to(name: string, text: RegExp, n?: number): Promise<void>;
  value(expression: string): Promise<string>;
  /** The last step before the end. */
  end(): Promise<DebugProtocol.StoppedEvent["body"]>;
}

async function walk(program: string): Promise<Walked> {
  let walked: Walk | undefined;
  const client = TestClient.inProcess({ onWalk: (begun) => (walked = begun) });
  await client.begin({ program });
  const { recording } = walked as Walk;
  return {
    client,
    to: async (name, text, n = 0) => {
      for (let step = 0, met = 0; step < recording.length; step++) {
        const statement = recording.statementAt(step);
        if (statement.function.name !== name || !text.test(statement.text)) continue;
        if (met++ < n) continue;
        await client.move(() => client.customRequest("grantwalk/goTo", { step }));
        return;
      }
      assert.fail(`no ${name}: ${String(text)}`);
    },
    value: async (expression) => (await client.evaluateRequest({ expression })).body.result,
    end: () => client.move(() => client.continueRequest({ threadId: 1 })),
  };
}

test("a request shows its bios, each with what asks for it", async () => {
  const { client, to, value } = await walk(resuming);
  await to("blkif_queue_rw_req", /^const setup/, 1);
  const bios = await children(client, await find(client, "Request", "bio"));
  assert.deepEqual(
    bios.map(({ value: text }) => text),
    ["4 KiB at sector 4096", "4 KiB at sector 4104"],
  );
  assert.equal(await value("$req->bio.length"), "2");
  assert.equal(await value("$req->bio[1]->nr - $req->bio[0]->nr"), "1");
  assert.equal(await value("$req->bio[1]->bi_io_vec[0].bv_len"), "4096");
  assert.equal(await value("$req->bio[0]->bi_private == NULL"), "true");
  assert.equal(await value("$req->cmd_type == REQ_TYPE_FS"), "true");
  await client.end();
});

test("the clones of a bio share what is still to end", async () => {
  const { client, to, value } = await walk(resuming);
  await to("resubmit", /^submit_bio\(k, gd, cloned_bio/, 1);
  assert.equal(await value("split_bio->pending"), "2");
  assert.equal(await value("cloned_bio->bi_private == split_bio"), "true");
  assert.equal(await value("split_bio->bio == bio"), "true");
  assert.equal(await value("cloned_bio->bi_size"), "114688");
  assert.match(await value("*split_bio"), /^2 to end$/);
  await to("blkif_interrupt", /^__blk_end_request_all/, 1);
  assert.equal(await value("$req->bio[0]->bi_private->pending"), "1");
  await client.end();
});

test("the device shows its states, its disk, and what the driver has in common", async () => {
  const { client, to, value } = await walk(resuming);
  await to("do_blkif_request", /RING_FULL/);
  const table: [string, string][] = [
    ["info->connected == BLKIF_STATE_CONNECTED", "true"],
    ["info->xbdev->state == XenbusStateConnected", "true"],
    ["info->xbdev->state", "XenbusStateConnected"],
    ["info->xbdev->drvdata", "true"],
    ["backend->xbdev->state != XenbusStateClosed", "true"],
    ["info->gd->major == XENVBD_MAJOR", "true"],
    ["info->gd->minors == PARTS_PER_DISK", "true"],
    ["info->gd->up && !info->gd->ro", "true"],
    ["info->gd->bd_size == info->gd->capacity * 512", "true"],
    ["info->irq", "1"],
    ["info->statics->nr_minors", "64"],
    ["info->statics->minors.length", "16"],
    ["kernel->evtchn->port == info->evtchn", "true"],
    ["kernel->requests[0]->state", "waiting"],
    ["info->rq->plug == NULL", "true"],
    ["info->rq->queue_flags->virt", "true"],
    ["kernel->gnttab->max_entries >= kernel->gnttab->nr_entries", "true"],
    ["backend->settings->maxIndirectSegments", "64"],
    ["backend->pending.length", "0"],
  ];
  for (const [expression, expected] of table) {
    assert.equal(await value(expression), expected, expression);
  }
  await to("do_blkif_request", /^blk_start_request/);
  assert.match(await value("$req->cmd_flags"), /REQ_WRITE \| REQ_STARTED/);
  assert.equal(await value("$req->cmd_flags & REQ_STARTED"), "524288");
  await client.end();
});

test("the back end shows what it keeps mapped", async () => {
  const { client, to, value } = await walk(purging);
  await to("purge_persistent_gnt", /^be\.overflow_max_grants = false/);
  assert.equal(await value("be->persistent_gnts.length"), "190");
  assert.equal(await value("be->mapped.length == be->persistent_gnts.length"), "true");
  assert.equal(await value("be->persistent_gnts[0].gnt"), "19");
  assert.equal(await value("be->persistent_gnts[0].was_active"), "false");
  assert.equal(await value("be->settings->maxPersistentGrants"), "200");
  assert.equal(await value("be == backend"), "true");
  await client.end();
});

test("whatever is unfolded has an expression that gives it", async () => {
  const { client, to } = await walk(resuming);
  await to("dispatch_rw_block_io", /^let total/, 1);
  const roots = ["backend", "kernel", "info->gd", "info->statics", "$req->bio", "info->xbdev"];
  const queue = await Promise.all(
    roots.map(async (expression) => {
      const { body } = await client.evaluateRequest({ expression });
      return { name: expression, variablesReference: body.variablesReference, depth: 0 };
    }),
  );
  let checked = 0;
  for (let parent = queue.shift(); parent !== undefined; parent = queue.shift()) {
    const found = await children(client, parent, { start: 0, count: 2 });
    assert.equal(new Set(found.map(({ name }) => name)).size, found.length, parent.name);
    for (const child of found) {
      const expression = child.evaluateName ?? "";
      const { body } = await client.evaluateRequest({ expression });
      assert.equal(body.result, child.value, `${parent.name}: ${expression}`);
      checked++;
      if (child.variablesReference > 0 && parent.depth < 2) {
        queue.push({ ...child, depth: parent.depth + 1 });
      }
    }
  }
  assert.ok(checked > 300, String(checked));
  await client.end();
});

test("the back end's log and calls that fail stand between the kernel's messages, with their steps", async () => {
  const purge = await walk(purging);
  await purge.end();
  assert.match(
    purge.client.output("console"),
    /^Back end, step \d+: the guest is using the maximum number of persistent grants$/m,
  );
  await purge.client.end();

  const fails = await walk(failing);
  await fails.end();
  const lines = fails.client
    .events<DebugProtocol.OutputEvent>("output")
    .map(({ body }) => `${body.category}: ${body.output.trim().replace(/step \d+/, "step N")}`);
  const at = lines.indexOf("console: As the scenario asks, step N: kmalloc deferred_entry fails");
  assert.ok(at > 0, lines.join("\n"));
  assert.match(lines[at + 1] ?? "", /^stderr: leaking g\.e\. 0x\w+/);
  // What an ordinary console does not show is no warning.
  assert.ok(lines.some((line) => /^console: deferring g\.e\. 0x\w+/.test(line)));
  assert.ok(lines.some((line) => /^stderr: vbd vbd-51712: 16 Device in use/.test(line)));
  await fails.client.end();
});

test("a kernel that hangs stops at the statement which never ends", async () => {
  const { client, end } = await walk(busyRemoval);
  const stop = await end();
  assert.equal(stop.reason, "exception");
  const { body } = await client.customRequest("exceptionInfo", { threadId: 1 });
  assert.equal(body.exceptionId, "HANG");
  assert.equal(
    body.description,
    "The kernel hangs in blk_cleanup_queue: blk_drain_queue waits for requests that nobody ends",
  );
  assert.equal(body.details.typeName, "Hang");
  const frames = (await client.stackTraceRequest({ threadId: 1 })).body.stackFrames;
  assert.match(frames[0]?.name ?? "", /^xlvbd_release_gendisk/);
  assert.match(client.output("stderr"), /The kernel hangs in blk_cleanup_queue/);
  await client.end();
});

test("a BUG_ON in a part of the kernel's function stops where it stands", async () => {
  const { client, end } = await walk(noClone);
  await end();
  const frames = (await client.stackTraceRequest({ threadId: 1 })).body.stackFrames;
  assert.deepEqual(
    frames.slice(0, 2).map(({ name }) => name),
    ["resubmit", "blkif_recover"],
  );
  const { body } = await client.customRequest("exceptionInfo", { threadId: 1 });
  assert.equal(body.description, "kernel BUG in blkif_recover: BUG_ON(cloned_bio == NULL)");
  await client.end();
});
