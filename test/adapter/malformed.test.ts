// What is no request, or none that the protocol allows, is answered with an error that names what is wrong.
import assert from "node:assert/strict";
import { test } from "node:test";
import { VSCODE } from "./support/client.js";
import { Peer } from "./support/peer.js";
import { small } from "./support/programs.js";

async function stopped(): Promise<Peer> {
  const peer = new Peer();
  await peer.ask("initialize", VSCODE);
  await peer.ask("launch", { program: small });
  await peer.ask("configurationDone");
  await peer.ask("threads");
  assert.equal(peer.count("stopped"), 1);
  return peer;
}

const source = { name: "blkfront/patch-v2/queue-rw.ts" };
const NUMBER = "a whole number from 0 to 2\\^53 - 1";

const WRONG: readonly (readonly [string, unknown, RegExp])[] = [
  ["stackTrace", undefined, /^stackTrace needs "threadId"\.$/],
  ["stackTrace", null, /^stackTrace needs "threadId"\.$/],
  ["stackTrace", "threadId", /^The arguments of stackTrace are "threadId", .* an object\.$/],
  ["stackTrace", [1], /^The arguments of stackTrace are a list, .* an object\.$/],
  ["threads", 7, /^The arguments of threads are 7, .* an object\.$/],
  ["stackTrace", { threadId: "1" }, new RegExp(`"threadId" .* is "1", .* ${NUMBER}`)],
  ["stackTrace", { threadId: 99 }, /^There is no thread 99\.$/],
  ["stackTrace", { threadId: 1, levels: 0.5 }, /"levels" .* is 0\.5, /],
  ["scopes", { frameId: null }, /^scopes needs "frameId"\.$/],
  ["scopes", { frameId: 4001 }, /no stack frame 4001/],
  ["variables", { variablesReference: 1e99 }, /"variablesReference" .* is 1e\+99, /],
  ["variables", { variablesReference: 5_000 }, /does not exist/],
  ["variables", { variablesReference: 1, start: "x" }, /"start" of variables is "x", /],
  ["variables", { variablesReference: 1, count: -1 }, /"count" of variables is -1, .* from 0 to/],
  [
    "variables",
    { variablesReference: 1, filter: "constructor" },
    /"filter" .* is "constructor", .* one of "indexed", "named"\.$/,
  ],
  ["variables", { variablesReference: 1, format: [] }, /"format" .* is a list, .* an object\.$/],
  [
    "variables",
    { variablesReference: 1, format: { hex: 1 } },
    /"format\.hex" .* is 1, .* true or false\.$/,
  ],
  ["setBreakpoints", { source: null }, /^setBreakpoints needs "source"\.$/],
  ["setBreakpoints", { source: "queue-rw.ts" }, /"source" .* is "queue-rw\.ts", .* an object\.$/],
  ["setBreakpoints", { source, breakpoints: 5 }, /"breakpoints" .* is 5, .* a list\.$/],
  ["setBreakpoints", { source, breakpoints: [null] }, /"breakpoints\[0\]" .* is null, .* object/],
  [
    "setBreakpoints",
    { source, breakpoints: [{ line: 1 }, {}] },
    /^setBreakpoints needs "breakpoints\[1\]\.line"\.$/,
  ],
  ["setFunctionBreakpoints", { breakpoints: [{ name: {} }] }, /name" .* is an object, .* string/],
  ["setDataBreakpoints", { breakpoints: { length: 1 } }, /"breakpoints" .* is an object, .* list/],
  ["setExceptionBreakpoints", { filters: "bug" }, /"filters" .* is "bug", .* a list\.$/],
  ["evaluate", { expression: 5 }, /"expression" of evaluate is 5, .* a string\.$/],
  ["completions", { text: "in" }, /^completions needs "column"\.$/],
  ["readMemory", { memoryReference: 4096, count: 1 }, /"memoryReference" .* is 4096, .* a string/],
  ["readMemory", { memoryReference: "0x0", count: -1 }, /"count" .* is -1, /],
  ["next", { threadId: 1, granularity: "x" }, /one of "statement", "line", "instruction"\.$/],
  ["source", { sourceReference: true }, /"sourceReference" .* is true, /],
  ["initialize", {}, /^initialize needs "adapterID"\.$/],
  ["restart", { arguments: "again" }, /"arguments" of restart is "again", .* an object\.$/],
  ["cancel", { requestId: [] }, /"requestId" .* is a list, /],
  ["launch", { program: { toString: 1 } }, /"program" is missing/],
  ["launch", { program: small, pageSize: { toString: 1 } }, /"pageSize" .* not an object\./],
  ["grantwalk/goTo", { step: "1" }, /"step" of grantwalk\/goTo is "1", /],
  ["grantwalk/previous", { what: "toString" }, /"what" is one of "grant", /],
  ["grantwalk/switchBranch", { branch: -1 }, /"branch" .* is -1, /],
  ["grantwalk/lastWrite", {}, /^grantwalk\/lastWrite needs "expression"\.$/],
  ["grantwalk/injectFault", { fault: "__proto__" }, /no fault '__proto__'/],
];

test("arguments that the protocol does not allow are refused by their name", async () => {
  const peer = await stopped();
  for (const [command, args, expected] of WRONG) {
    assert.match(await peer.refusal(command, args), expected);
  }
  assert.deepEqual(peer.wrongs, []);
});

test("a command that nobody knows is refused, whatever it is called", async () => {
  const peer = await stopped();
  for (const command of ["nonsense", "__proto__", "constructor", "toString", "", "Threads"]) {
    assert.equal(
      await peer.refusal(command, {}),
      `This debug adapter does not know the request "${command}".`,
    );
  }
  const long = await peer.refusal("x".repeat(1_000_000));
  assert.ok(long.length < 200);
  assert.deepEqual(peer.wrongs, []);
});

test("names that every object has are no names of the machine", async () => {
  const peer = await stopped();
  const { variablesReference } = (await peer.ask("evaluate", { expression: "info" })).body;
  for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf"]) {
    for (const expression of [name, `info->${name}`, `info->shadow[0].${name}`]) {
      assert.match(await peer.refusal("evaluate", { expression }), new RegExp(`'${name}'`));
    }
    const [set] = (await peer.ask("setFunctionBreakpoints", { breakpoints: [{ name }] })).body
      .breakpoints;
    assert.equal(set.verified, false);
    const filters = await peer.ask("setExceptionBreakpoints", { filters: [name] });
    assert.equal(filters.body.breakpoints[0].verified, false);
    const toOne = { variablesReference, name, value: "1" };
    assert.equal(await peer.refusal("setVariable", toOne), `There is no ${name} here.`);
  }
  assert.deepEqual(peer.wrongs, []);
});

test("null stands for what is not given, as some clients send it", async () => {
  const peer = await stopped();
  for (const [command, args] of [
    ["threads", null],
    ["loadedSources", null],
    ["stackTrace", { threadId: 1, levels: null, format: null }],
    ["setBreakpoints", { source, breakpoints: [{ line: 1, column: null, condition: null }] }],
    ["evaluate", { expression: "info", frameId: null, context: null }],
    ["configurationDone", null],
  ] as const) {
    assert.equal((await peer.ask(command, args)).success, true, command);
  }
  assert.deepEqual(peer.wrongs, []);
});

test("what is no request is answered, with the number and the command that it has", async () => {
  const peer = await stopped();
  const wrong: [unknown, { seq?: number; command?: string }, RegExp][] = [
    [null, {}, /A message is an object, and not null/],
    ["threads", {}, /A message is an object, and not "threads"/],
    [[], {}, /A message is an object, and not a list/],
    [{}, {}, /"type" .* "request", and not missing/],
    [{ seq: 900, type: "Request", command: "threads" }, { seq: 900 }, /"type" .* not "Request"/],
    [{ seq: 901, command: "threads" }, { seq: 901, command: "threads" }, /"type" .* not missing/],
    [{ type: "request", command: "threads" }, { command: "threads" }, /"seq" .* not missing/],
    [{ seq: "9", type: "request", command: "threads" }, { command: "threads" }, /"seq" .* "9"/],
    [{ seq: 1.5, type: "request", command: "threads" }, { command: "threads" }, /"seq" .* 1\.5/],
    [{ seq: 902, type: "request" }, { seq: 902 }, /"command" .* not missing/],
    [{ seq: 903, type: "request", command: ["threads"] }, { seq: 903 }, /"command" .* a list/],
  ];
  for (const [message, { seq = 0, command }, expected] of wrong) {
    const answer = await peer.answer(seq, () => peer.send(message));
    assert.equal(answer.success, false);
    assert.match(answer.message ?? "", expected);
    if (command !== undefined) assert.equal(answer.command, command);
  }
  // The adapter asks nothing, so there is nothing to say to a response.
  const before = peer.answers.get(904);
  peer.send({ seq: 904, type: "response", request_seq: 1, command: "threads", success: true });
  assert.equal((await peer.ask("threads")).success, true);
  assert.equal(peer.answers.get(904), before);
  assert.deepEqual(peer.wrongs, []);
});

test("what nests without end is refused where it can nest, and passed over elsewhere", async () => {
  const peer = await stopped();
  const nested = (depth: number, inner: string) =>
    `{"sources":[`.repeat(depth) + inner + `]}`.repeat(depth);
  const send = (source: string) =>
    `{"seq":950,"type":"request","command":"setBreakpoints","arguments":{"source":${source}}}`;
  const refused = await peer.answer(950, () =>
    peer.session.handleMessage(JSON.parse(send(nested(5_000, "{}")))),
  );
  assert.match(refused.message ?? "", /nested too deep/);
  const data = `{"name":"x","adapterData":${nested(5_000, "{}")}}`;
  const passed = await peer.answer(950, () => peer.session.handleMessage(JSON.parse(send(data))));
  assert.equal(passed.success, true);
  assert.deepEqual(peer.wrongs, []);
});
