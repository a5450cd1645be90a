// The head that the explorer holds: it goes forward by what is proved, and by nothing else.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as remit from "../src/index.js";
import { EVENT_CHARACTERS_MAX, Feed, readNews, WAITING_MAX } from "../explorer/feed.js";
import { Heads, HEADS_MAX } from "../explorer/head.js";
import {
  ALARMS_MAX,
  byLocks,
  forget,
  heldHead,
  keepAlarms,
  keepHead,
  keepPin,
  keptAlarms,
  rootOfTrust,
  type Locked,
} from "../explorer/pin.js";
import { TILES_MAX, tilePath } from "../explorer/tiles.js";
import { TestLog } from "./explorer_log.js";

const now = (): number => 1_800_000_000_000;

async function begun(size: number): Promise<{ log: TestLog; heads: Heads }> {
  const log = await TestLog.new();
  await log.grow(size);
  return { log, heads: await Heads.begin(log.trusted, log.tiles(), await log.note(), undefined, now) };
}

test("tiles have the paths of spec 07 §8", () => {
  assert.equal(tilePath(0n, 1_234_067n, 256n), "/tile/0/x001/x234/067");
  assert.equal(tilePath("entries", 0n, 3n), "/tile/entries/000.p/3");
  assert.equal(tilePath(2n, 273n, 255n), "/tile/2/273.p/255");
});

test("edges and proofs of consistency out of tiles", async () => {
  const log = await TestLog.new();
  await log.grow(600);
  const tiles = log.tiles();
  for (const size of [1, 2, 3, 7, 8, 255, 256, 257, 511, 512, 513, 600]) {
    assert.deepEqual(
      await remit.rootOf(await tiles.edge(BigInt(size))),
      await log.root(size),
      `edge ${size}`,
    );
    for (const older of [1, 2, 3, 6, 128, 255, 256, 257, 512]) {
      if (older > size) continue;
      const path = await tiles.consistency(BigInt(older), BigInt(size));
      const head = async (of: number) => ({ size: BigInt(of), root: await log.root(of) });
      assert.ok(
        await remit.verifyConsistency(await head(older), await head(size), path),
        `${older} of ${size}`,
      );
    }
  }
});

test("so many tiles are remembered, until they led to no root", async () => {
  const log = await TestLog.new();
  await log.grow(TILES_MAX + 1);
  const asked: string[] = [];
  const tiles = log.tiles(asked);
  // A log of n entries has one partial tile of its own.
  for (let size = 1; size <= TILES_MAX; size++) await tiles.edge(BigInt(size));
  assert.equal(asked.length, TILES_MAX);
  await tiles.edge(1n);
  assert.equal(asked.length, TILES_MAX);
  await tiles.edge(BigInt(TILES_MAX + 1));
  await tiles.edge(1n);
  assert.equal(asked.filter((path) => path === "/tile/0/000.p/1").length, 2);
  tiles.forget();
  await tiles.edge(1n);
  assert.equal(asked.filter((path) => path === "/tile/0/000.p/1").length, 3);
});

test("a head begins with a signed root that the tiles lead to", async () => {
  const log = await TestLog.new();
  const begin = async (note: string) => Heads.begin(log.trusted, log.tiles(), note, undefined, now);
  await assert.rejects(begin(await log.note()), /empty/);
  await log.grow(5);
  await assert.rejects(begin(await log.note(5, await log.root(4))), /do not lead to the signed root/);
  const other = await TestLog.new(2);
  await other.grow(5);
  await assert.rejects(begin(await other.note()), /trusted key of the log has not signed/);
  await assert.rejects(begin((await log.note()).replace("\n5\n", "\n4\n")), /signature is false/);
  assert.equal((await begin(await log.note())).newest.size, 5n);
});

test("the feed's entries must lead to the head that comes with them", async () => {
  const { log, heads } = await begun(5);
  const entries = await log.grow(3);
  const note = await log.note();
  const changed = [...entries.slice(0, 2), remit.utf8("another")];
  await assert.rejects(heads.append(5n, changed, note, now), /do not lead to the head/);
  await assert.rejects(heads.append(5n, entries.slice(1), note, now), /do not lead to the head/);
  assert.deepEqual([heads.newest.size, heads.reached, heads.alarms.length], [5n, 5n, 2]);
  await assert.rejects(heads.append(6n, entries, note, now), /goes on at 6 and not at 5/);
  assert.equal(await heads.append(5n, entries.slice(0, 2), undefined, now), undefined);
  assert.deepEqual([heads.newest.size, heads.reached], [5n, 7n]);
  assert.equal((await heads.append(7n, entries.slice(2), note, now))?.size, 8n);
  assert.deepEqual([heads.newest.size, heads.reached], [8n, 8n]);
});

test("a proof's head is one of the same history, older or newer", async () => {
  const { log, heads } = await begun(300);
  const older = await log.note(120);
  assert.equal((await heads.agree(older, now)).size, 120n);
  const entries = await log.grow(40);
  assert.equal((await heads.agree(await log.note(), now)).size, 340n);
  assert.deepEqual([heads.newest.size, heads.reached, heads.alarms.length], [340n, 300n, 0]);
  // The feed comes later, and passes the head that is held.
  await heads.append(300n, entries, await log.note(), now);
  assert.equal(heads.reached, 340n);

  const fork = await TestLog.new();
  await fork.grow(200);
  await fork.grow(140, " forked");
  await assert.rejects(heads.agree(await fork.note(), now), /two histories of one size/);
  await assert.rejects(heads.agree(await fork.note(330), now), /not shown to be of one history/);
  await fork.grow(20);
  await assert.rejects(heads.agree(await fork.note(), now));
  assert.equal(heads.newest.size, 340n);
  assert.ok(heads.alarms.length >= 2 && heads.alarms.every(({ notes }) => notes.length === 2));
});

test("a feed that leaves the history behind a newer head is found out", async () => {
  const { log, heads } = await begun(10);
  const fork = await TestLog.new();
  await fork.grow(10);
  const forked = await fork.grow(6, " forked");
  await log.grow(4);
  await heads.agree(await log.note(), now);
  await assert.rejects(heads.append(10n, forked, await fork.note(), now), /are not those of the signed head/);
  await assert.rejects(heads.append(10n, forked.slice(0, 2), await fork.note(12), now), /one history/);
});

test("a held head is never left for an older or another one", async () => {
  const { log, heads } = await begun(20);
  const held = heads.newest;
  const begin = async (of: TestLog, size: number) =>
    Heads.begin(of.trusted, of.tiles(), await of.note(size), held, now);
  await assert.rejects(begin(log, 19), /shows 19 entries, and this browser has seen 20/);
  await log.grow(7);
  assert.equal((await begin(log, 27)).newest.size, 27n);
  const fork = await TestLog.new();
  await fork.grow(27, " forked");
  await assert.rejects(begin(fork, 27), /one history/);
});

test("so many heads are remembered", async () => {
  const { log, heads } = await begun(1);
  for (let size = 2; size <= HEADS_MAX; size++)
    await heads.append(BigInt(size - 1), await log.grow(1), await log.note(), now);
  assert.deepEqual([heads.count, heads.has(1n)], [HEADS_MAX, true]);
  await heads.append(BigInt(HEADS_MAX), await log.grow(1), await log.note(), now);
  assert.deepEqual([heads.count, heads.has(1n), heads.has(2n)], [HEADS_MAX, false, true]);
  assert.equal((await heads.agree(await log.note(1), now)).size, 1n);
});

test("events of the feed", async () => {
  const entries = ["YQ==", "Yg=="];
  const news = readNews(JSON.stringify({ from: 3, size: 5, checkpoint: "note", entries }));
  assert.deepEqual([news.from, news.size, news.note, news.entries.length], [3n, 5n, "note", 2]);
  assert.equal(readNews(JSON.stringify({ from: 3, size: 5, entries })).note, undefined);
  for (const wrong of [
    "",
    "[]",
    JSON.stringify({ from: 3, size: 6, entries }),
    JSON.stringify({ from: -1, size: 1, entries }),
    JSON.stringify({ from: 3, size: 5, entries: ["YQ==", "Y"] }),
    JSON.stringify({ from: 3, size: 5, entries, checkpoint: 7 }),
  ])
    assert.throws(() => readNews(wrong), wrong);
  assert.throws(() => readNews(" ".repeat(EVENT_CHARACTERS_MAX)), /has no from/);
  assert.throws(() => readNews(" ".repeat(EVENT_CHARACTERS_MAX + 1)), /too long/);
});

test("a feed tells what a head proved, and stops at what none proves", async () => {
  const { log, heads } = await begun(4);
  const genesis = remit.encodeEntry({
    kind: "commitment",
    time: 1n,
    stateSize: 1n,
    stateRoot: new Uint8Array(32),
    statusRoot: new Uint8Array(32),
  });
  const feed = new Feed(heads, () => assert.fail("nothing is asked"));
  const told: unknown[] = [];
  feed.told = (arrived, error) =>
    told.push(error === undefined ? arrived.map(({ index }) => index) : "failed");
  log.leaves.push(await remit.leafHash(genesis));
  const event = async (checkpoint?: string) =>
    JSON.stringify({
      from: Number(heads.reached),
      size: Number(heads.reached) + 1,
      checkpoint,
      entries: [remit.base64(genesis)],
    });
  await feed.take(await event());
  log.leaves.push(await remit.leafHash(genesis));
  await feed.take(await event(await log.note()));
  assert.deepEqual(told, [[4n, 5n]]);
  log.leaves.push(await remit.leafHash(remit.utf8("another")));
  await feed.take(await event(await log.note()));
  assert.deepEqual([told.at(-1), feed.state], ["failed", "failed"]);
});

test("so many entries wait for the head that proves them, the newest", async () => {
  const { log, heads } = await begun(1);
  const entry = remit.encodeEntry({
    kind: "commitment",
    time: 1n,
    stateSize: 1n,
    stateRoot: new Uint8Array(32),
    statusRoot: new Uint8Array(32),
  });
  const [text, leaf] = [remit.base64(entry), await remit.leafHash(entry)];
  const feed = new Feed(heads, () => assert.fail("nothing is asked"));
  const told: bigint[][] = [];
  feed.told = (arrived) => told.push(arrived.map(({ index }) => index));
  const send = async (count: number, signed: boolean) => {
    const from = Number(heads.reached);
    for (let at = 0; at < count; at++) log.leaves.push(leaf);
    const checkpoint = signed ? await log.note() : undefined;
    const entries = Array.from({ length: count }, () => text);
    await feed.take(JSON.stringify({ from, size: from + count, checkpoint, entries }));
  };
  await send(WAITING_MAX - 1, false);
  await send(1, true);
  await send(WAITING_MAX, false);
  await send(1, true);
  assert.deepEqual(
    told.map((indexes) => [indexes.length, indexes[0]]),
    [
      [WAITING_MAX, 1n],
      [WAITING_MAX, BigInt(WAITING_MAX) + 2n],
    ],
  );
});

/** What the tests need of a browser's storage. */
function storage(): Storage {
  const kept = new Map<string, string>();
  return {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => void kept.set(name, value),
    removeItem: (name: string) => void kept.delete(name),
    key: (at: number) => [...kept.keys()][at] ?? null,
    get length() {
      return kept.size;
    },
  } as Storage;
}

test("the key that was seen first is believed, and another one is not", async () => {
  const [log, other, kept] = [await TestLog.new(), await TestLog.new(2), storage()];
  const shown = { log_vkey: log.vkey, ledger: "ab".repeat(32) };
  const first = await rootOfTrust(shown, kept, now());
  assert.match(first.words, /first seen here on 2027-01-15/);
  assert.equal(first.problem, undefined);
  assert.equal((await rootOfTrust({ ...shown, log_vkey: other.vkey }, kept, now())).problem, undefined);
  keepPin(first, kept);
  for (const changed of [
    { ...shown, log_vkey: other.vkey },
    { ...shown, ledger: "cd".repeat(32) },
  ]) {
    const later = await rootOfTrust(changed, kept, now());
    assert.match(later.problem ?? "", /another key or ledger than on 2027-01-15/);
    assert.deepEqual(later.trust.logs, [log.key]);
  }
  forget(kept);
  assert.deepEqual((await rootOfTrust({ ...shown, log_vkey: other.vkey }, kept, now())).trust.logs, [
    other.key,
  ]);
});

/** No other tab is there. */
const alone: Locked = (_, step) => step();

test("a head is kept for each ledger, and never in place of a larger one", async () => {
  const [log, kept] = [await TestLog.new(), storage()];
  await log.grow(20);
  const begin = async (size: number, ledger = log.trusted.ledger) =>
    Heads.begin({ ...log.trusted, ledger }, log.tiles(), await log.note(size), undefined, now);
  const [older, newer] = [await begin(12), await begin(20)];
  const { ledger } = log.trusted;
  await keepHead(newer, kept, alone);
  assert.equal(heldHead(ledger, kept)?.size, 20n);
  // Another tab that was shown less comes up to what this one holds.
  await keepHead(older, kept, alone);
  assert.deepEqual([heldHead(ledger, kept)?.size, older.newest.size], [20n, 20n]);
  // A visit of another ledger changes nothing.
  const elsewhere = new Uint8Array(32).fill(9);
  await keepHead(await begin(5, elsewhere), kept, alone);
  assert.deepEqual([heldHead(ledger, kept)?.size, heldHead(elsewhere, kept)?.size], [20n, 5n]);
  forget(kept);
  assert.deepEqual([heldHead(ledger, kept), heldHead(elsewhere, kept)], [undefined, undefined]);
  await keepHead(await begin(12), kept, alone);
  assert.equal(heldHead(ledger, kept)?.size, 12n);
});

test("tabs that were shown two histories find it out by what they keep", async () => {
  const [log, fork, kept] = [await TestLog.new(), await TestLog.new(), storage()];
  await log.grow(20);
  await fork.grow(25, " forked");
  const begin = async (of: TestLog) =>
    Heads.begin(of.trusted, of.tiles(), await of.note(), undefined, now);
  const [one, other] = [await begin(log), await begin(fork)];
  await keepHead(one, kept, alone);
  await assert.rejects(keepHead(other, kept, alone), /not shown to be of one history/);
  assert.deepEqual([heldHead(log.trusted.ledger, kept)?.size, other.alarms.length], [20n, 1]);
});

test("one tab at a time keeps a head, where the browser has locks", async () => {
  const asked: string[] = [];
  const locks = { request: (name: string, step: () => Promise<void>) => (asked.push(name), step()) };
  const before = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  const set = (value: unknown): void =>
    void Object.defineProperty(globalThis, "navigator", { value, configurable: true });
  let steps = 0;
  set({ locks });
  await byLocks("name", () => Promise.resolve(void steps++));
  set({});
  await byLocks("name", () => Promise.resolve(void steps++));
  if (before !== undefined) Object.defineProperty(globalThis, "navigator", before);
  assert.deepEqual([asked, steps], [["name"], 2]);
});

test("what was found wrong is kept with its notes, until it is forgotten", () => {
  const [kept, ledger] = [storage(), new Uint8Array(32)];
  const alarm = (at: number) => ({ why: `alarm ${at}`, notes: ["one", "another"] });
  keepAlarms(ledger, [alarm(1)], kept);
  keepAlarms(ledger, [alarm(1), alarm(2)], kept);
  assert.deepEqual(keptAlarms(ledger, kept), [alarm(1), alarm(2)]);
  assert.deepEqual(keptAlarms(new Uint8Array(32).fill(1), kept), []);
  for (let at = 3; at <= ALARMS_MAX; at++) keepAlarms(ledger, [alarm(at)], kept);
  assert.equal(keptAlarms(ledger, kept).length, ALARMS_MAX);
  keepAlarms(ledger, [alarm(0)], kept);
  assert.deepEqual([keptAlarms(ledger, kept).length, keptAlarms(ledger, kept)[0]], [ALARMS_MAX, alarm(1)]);
  forget(kept);
  assert.deepEqual(keptAlarms(ledger, kept), []);
  const most = remit.limits.NOTE_BYTES_MAX;
  for (const length of [most, most + 1]) keepAlarms(ledger, [{ why: "long", notes: ["x".repeat(length)] }], kept);
  assert.deepEqual(
    keptAlarms(ledger, kept).map(({ notes }) => notes[0]?.length),
    [most],
  );
});
