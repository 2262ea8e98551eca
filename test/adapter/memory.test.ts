// The guest's memory, by reference.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { TestClient } from "./support/client.js";
import { find, next } from "./support/look.js";
import { indirect } from "./support/programs.js";

test("memory is read at the address of its reference", async () => {
  const client = TestClient.inProcess();
  await client.begin({ program: indirect });
  await next(client, "interrupt");
  const read = async (
    memoryReference: string,
    count: number,
    offset = 0,
  ): Promise<{ data: Buffer; unreadable: number; address: string }> => {
    const { body } = (await client.customRequest("readMemory", {
      memoryReference,
      count,
      offset,
    })) as DebugProtocol.ReadMemoryResponse;
    return {
      data: Buffer.from(body?.data ?? "", "base64"),
      unreadable: body?.unreadableBytes ?? 0,
      address: body?.address ?? "",
    };
  };
  const sring = await find(client, "Ring", "sring");
  const ring = sring.memoryReference ?? "";
  assert.match(ring, /^0x[1-9a-f][0-9a-f]*$/);
  const header = await read(ring, 16);
  assert.equal(header.address, ring);
  const prod = await client.evaluateRequest({ expression: "info->ring.sring->req_prod" });
  assert.equal(String(header.data.readUInt32LE(0)), prod.body.result);

  // Any length in one answer, whatever its remainder by three.
  for (const count of [0, 1, 2, 3, 4, 4097])
    assert.equal((await read(ring, count)).data.length, count);
  const negative = await read(ring, 8, -Number(ring) - 4);
  assert.deepEqual([negative.data.length, negative.unreadable], [0, 8]);
  const beyond = await read("0xfffffffffe", 8);
  assert.deepEqual([beyond.data.length, beyond.unreadable], [2, 6]);
  await client.failure(() => read("the ring", 8));
  await client.end();
});
