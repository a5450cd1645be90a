// What the explorer computes of what a server shows: ids of requests, answers to them, counters, addresses.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as remit from "../src/index.js";
import { partsOf } from "../explorer/bars.js";
import { didOf, keyOf } from "../explorer/did.js";
import { NoAnswer, NotProved } from "../explorer/errors.js";
import { fromPem } from "../explorer/keys.js";
import { Kept } from "../explorer/kept.js";
import { Ledger } from "../explorer/ledger.js";
import { provedRequest, signAnswer } from "../explorer/requests.js";
import { routeOf } from "../explorer/route.js";
import { ANSWER_BYTES_MAX, Server } from "../explorer/server.js";
import { searchHash } from "../explorer/search.js";
import { Heads } from "../explorer/head.js";
import type { Purse } from "../explorer/standing.js";
import { TestLog } from "./explorer_log.js";

const DID = "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp";

test("keys as did:key", () => {
  const key = keyOf(DID) ?? assert.fail("no key");
  assert.equal(remit.hex(key), "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29");
  assert.equal(didOf(key), DID);
  for (const other of [
    "",
    "did:web:example.com",
    "did:key:z0OIl",
    `did:key:z${"1".repeat(49)}`,
    DID.slice(0, -1),
    "did:key:z",
  ])
    assert.equal(keyOf(other), undefined, other);
  assert.equal(keyOf(didOf(new Uint8Array(32))), undefined);
});

test("addresses of pages, and where the search box leads", () => {
  const id = "ab".repeat(32);
  assert.deepEqual(routeOf(""), { page: "overview" });
  assert.deepEqual(routeOf("#/entry/12"), { page: "entry", index: 12n });
  assert.deepEqual(routeOf(`#/token/${id}`), { page: "token", id });
  const search = routeOf("#/search?name=a%26b");
  assert.ok(search.page === "search" && search.query.get("name") === "a&b");
  for (const other of [
    "#/entry/x",
    "#/token/12",
    "#/token/" + id + "/x",
    "#/nothing",
    `#/entry/${"1".repeat(16)}`,
  ])
    assert.deepEqual(routeOf(other), { page: "unknown" }, other);
  assert.equal(searchHash(` ${DID} `), `#/search?agent=${DID}`);
  assert.equal(searchHash(id.toUpperCase()), `#/search?id=${id}`);
  assert.equal(searchHash(DID.slice("did:key:".length)), `#/search?agent=${DID}`);
  assert.equal(searchHash("0012"), "#/entry/12");
  assert.equal(searchHash("Blue & Air"), "#/search?name=Blue%20%26%20Air");
});

test("an answer has a bound", async () => {
  const server = (length: number) => new Server(() => Promise.resolve(new Response(new Uint8Array(length))));
  assert.equal((await server(ANSWER_BYTES_MAX).bytes("/x")).length, ANSWER_BYTES_MAX);
  await assert.rejects(server(ANSWER_BYTES_MAX + 1).bytes("/x"), NoAnswer);
});

test("what is no answer says why", async () => {
  const said = (status: number) =>
    new Server(() => Promise.resolve(Response.json({ error: { message: "No." } }, { status })))
      .json("/x")
      .catch((error: unknown) => (error instanceof NoAnswer ? [error.code, error.message] : error));
  assert.deepEqual(await said(401), ["token", "this needs a reader's token"]);
  assert.deepEqual(await said(404), ["missing", "the server says: No"]);
  assert.deepEqual(await said(410), ["gone", "the server says: No"]);
  assert.deepEqual(await said(500), ["refused", "the server says: No"]);
});

test("the parts of a budget", () => {
  const counters = Object.fromEntries(remit.COUNTERS.map((name, at) => [name, BigInt(10 * (8 - at))]));
  const unit = { body: { name: "CNY", decimals: 2 } };
  const purse = (total: bigint | undefined) =>
    partsOf({ unit, counters, budget: { total } } as unknown as Purse);
  // captured 80, refunded 70, carved 60, returned 50, reserved 40, leased 30, pending 20, ceded 10
  assert.deepEqual(purse(200n), [10n, 40n, 20n, 30n, 10n, 10n, 80n]);
  assert.equal(purse(undefined).length, 6);
});

test("key files", async () => {
  const seed = new Uint8Array(32).fill(7);
  const signer = await remit.LocalSigner.fromSeed(seed);
  const pkcs8 = remit.concat(remit.fromHex("302e020100300506032b657004220420") ?? new Uint8Array(), seed);
  const pem = (bytes: Uint8Array, label = "PRIVATE KEY") =>
    `-----BEGIN ${label}-----\n${remit.base64(bytes)}\n-----END ${label}-----\n`;
  const key = await fromPem(`# ${didOf(signer.publicKey)}\n${pem(pkcs8)}`);
  assert.deepEqual(key.publicKey, signer.publicKey);
  const message = remit.utf8("message");
  assert.deepEqual(await key.sign(message), await signer.sign(message));
  await assert.rejects(fromPem(`# ${DID}\n${pem(pkcs8)}`), /names another key/);
  await assert.rejects(fromPem(pem(pkcs8, "ENCRYPTED PRIVATE KEY")), /has a passphrase/);
  for (const wrong of ["", "text", pem(pkcs8.slice(0, 47)), pem(remit.concat(pkcs8, seed))])
    await assert.rejects(fromPem(wrong), /no key file/);
});

test("a yes and a no are objects of the ledger, signed by the approver", async () => {
  const [signer, ledger] = [await remit.LocalSigner.generate(), new Uint8Array(32).fill(3)];
  const request = "5d".repeat(32);
  for (const kind of ["approve", "withdraw"] as const) {
    const { id, submission } = await signAnswer(signer, ledger, kind, request, 1_800_000_000_500);
    const decoded = await remit.decodeSubmission(submission, ledger);
    const [{ body, objects } = assert.fail("none")] = decoded.operations;
    assert.ok(remit.equal(decoded.id, id) && decoded.kind === kind && body.is === "act");
    assert.equal(remit.hex(remit.bytesOf(body.act, 21)), request);
    assert.equal(remit.integerOf(body.act, 2), 1_800_000_600n);
    assert.deepEqual(objects[0]?.kid, signer.publicKey);
  }
});

test("so much is remembered, and nothing that failed", async () => {
  const kept = new Kept(3);
  let asked = 0;
  const ask = (question: string): Promise<number> => kept.once(question, () => Promise.resolve(++asked));
  for (const question of ["a", "b", "c", "a", "b", "c"]) await ask(question);
  assert.equal(asked, 3);
  await ask("d");
  await ask("a");
  assert.equal(asked, 5);
  kept.forget("a");
  await ask("a");
  await ask("d");
  assert.equal(asked, 6);
  await assert.rejects(
    kept.once("e", () => Promise.reject(new Error("no"))),
    /no/,
  );
  assert.equal(await ask("e"), 7);
});

test("a request that is shown with anything changed has another id", async () => {
  const id = (byte: number) => new Uint8Array(32).fill(byte);
  const log = await TestLog.new();
  await log.grow(1);
  const heads = await Heads.begin(log.trusted, log.tiles(), await log.note(), undefined);
  const ledger = new Ledger(new Server(() => assert.fail("not asked")), heads);
  const common = {
    token: remit.hex(id(4)),
    epoch: 0,
    payee: remit.hex(id(12)),
    amount: "600000",
    unit: remit.hex(id(22)),
  };
  const fields: [number, remit.ActValue][] = [
    [1, new Uint8Array(16).fill(1)],
    [4, id(4)],
    [5, 0n],
    [11, 600_000n],
    [12, id(12)],
    [22, id(22)],
  ];
  const use = new Map([...fields, [23, "book"], [24, "flights/1"], [25, new Map([["class", id(25)]])]] as [
    number,
    remit.ActValue,
  ][]);
  const lease = new Map([...fields, [31, id(31)], [32, 100n], [33, 200n]] as [number, remit.ActValue][]);
  const shown = {
    use: { action: "book", resource: "flights/1", arguments: [{ name: "class", digest: remit.hex(id(25)) }] },
    lease: { arguments: [], lease: { till: remit.hex(id(31)), spend_until_s: 100, settle_by_s: 200 } },
  };
  for (const [name, act] of [
    ["use", use],
    ["lease", lease],
  ] as const) {
    const request = await remit.requestOf(ledger.id, { kind: "request", fields: act });
    const json = { id: remit.hex(request ?? id(0)), nonce: "01".repeat(16), ...common, ...shown[name] };
    // All that is missing is the entry: the id is right.
    await assert.rejects(provedRequest(ledger, json), /the answer has no entry/);
    const changes = [
      { amount: "600001" },
      { epoch: 1 },
      { payee: remit.hex(id(13)) },
      { unit: remit.hex(id(23)) },
      { nonce: "02".repeat(16) },
    ];
    const more =
      name === "use"
        ? [{ action: "cancel" }, { resource: "flights" }, { arguments: [] }]
        : [
            { lease: { ...shown.lease.lease, spend_until_s: 101 } },
            { lease: { ...shown.lease.lease, refund_until_s: 9 } },
          ];
    for (const change of [...changes, ...more])
      await assert.rejects(provedRequest(ledger, { ...json, ...change }), (error: unknown) => {
        assert.ok(
          error instanceof NotProved && /not the one of what is shown/.test(error.message),
          JSON.stringify(change),
        );
        return true;
      });
    for (const amount of ["0", "-1", "1.5", "x"])
      await assert.rejects(provedRequest(ledger, { ...json, amount }), /the amount is none/);
  }
});
