// Every vector of following.json, and what no vector has.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as remit from "../src/index.js";
import { bytes, consumed, count, outcome, same, vectors, view, type Vector } from "./helpers.js";

/** `ok`, the code of the no, or why the update does not go on. */
async function answer(step: () => Promise<unknown>): Promise<string> {
  try {
    return await outcome(step);
  } catch (error) {
    if (error instanceof remit.FollowError) return error.code;
    throw error;
  }
}

/** The state that was followed before. */
async function before({ input }: Vector, policy: remit.Policy): Promise<remit.Followed | undefined> {
  return input.have === null
    ? undefined
    : remit.follow(undefined, bytes(input.have), policy, BigInt(input.now));
}

const RUN: Record<string, (vector: Vector) => Promise<string>> = {
  changes: ({ input, values, name }) =>
    answer(async () => {
      const first = remit.StatusTable.EMPTY.changed(
        BigInt(input.before.size),
        bytes(input.before.listed),
      );
      const after = first.changed(BigInt(input.size), bytes(input.changes));
      same(after.whole(), values?.listed, name);
      same(await after.root(), values?.root, name);
      // Step by step or at once, it is the same table.
      assert.deepEqual(remit.StatusTable.EMPTY.changed(BigInt(input.size), after.whole()), after, name);
    }),
  follow: async (vector) => {
    const { input, values, name } = vector;
    const policy = await remit.parsePolicy(input.policy);
    const have = await before(vector, policy);
    const kept = have && remit.hex(remit.snapshot(have));
    const result = await answer(async () => {
      const update = bytes(input.update);
      same(remit.encodeStatusUpdate(remit.decodeStatusUpdate(update)), input.update, name);
      const after = await remit.follow(have, update, policy, BigInt(input.now));
      const found = { listed: remit.hex(after.table.whole()), size: String(after.head.size) };
      const snapshot = remit.snapshot(after);
      assert.deepEqual({ ...found, snapshot: remit.hex(snapshot) }, values, name);
      assert.deepEqual(await remit.restoreFollowed(snapshot), after, name);
    });
    assert.equal(have && remit.hex(remit.snapshot(have)), kept, `${name}: nothing is changed`);
    return result;
  },
  judge: async ({ input, values, name }) => {
    const followed = [await remit.restoreFollowed(bytes(input.followed))];
    const verdict = await remit.verifyCase(bytes(input.case), undefined, followed);
    assert.deepEqual(view(verdict), values, name);
    for (const check of verdict.checks) if (check.outcome === "failed") FAILING.add(check.check);
    return verdict.code ?? "ok";
  },
};

const FAILING = new Set<string>();

test("following", async () => {
  const kinds = new Map<string, number>();
  for (const vector of vectors("following", 76)) {
    const run = RUN[vector.input.kind] ?? assert.fail(`a vector of kind ${vector.input.kind}`);
    assert.equal(await run(vector), vector.result, vector.name);
    count(kinds, vector.input.kind);
  }
  consumed(kinds, Object.keys(RUN));
  assert.ok(FAILING.has("followed"));
});

const vector = (name: string): Vector =>
  vectors("following", 76).find((each) => each.name === name) ?? assert.fail(name);

test("a table of the largest state, and of one leaf more", async () => {
  const { EMPTY } = remit.StatusTable;
  const bound = BigInt(remit.limits.FOLLOWED_LEAVES_MAX);
  // The last leaf is over: 268 435 455 are skipped.
  const last = bytes("faffffff07");
  const table = EMPTY.changed(bound, last);
  assert.equal(table.get(bound - 1n), 1);
  assert.equal(table.get(bound), undefined);
  assert.equal(table.get(-1n), undefined);
  same(table.whole(), remit.hex(last), "the table");
  assert.equal(await outcome(() => EMPTY.changed(bound + 1n, last)), "too_many");
});

test("numbers of nine digits, and of ten", async () => {
  const change = (text: string): Promise<string> =>
    outcome(() => remit.StatusTable.EMPTY.changed(16n, bytes(text)));
  // A number that no double holds keeps its lowest bits: a length follows, and ends too early or is one.
  for (const [text, code] of [
    ["ffffffffffffffff7f", "malformed"],
    ["ffffffffffffffff7f8000", "not_canonical"],
    ["ffffffffffffffff7fffffffffffffffff7f", "malformed"],
    ["feffffffffffffff7f", "malformed"],
    ["80808080808080808001", "malformed"],
    ["828080808080808000", "not_canonical"],
    ["82808080808080808000", "malformed"],
    ["03ffffffffffffffff7f", "malformed"],
    // Two runs that should be one, the second beyond the state: the smaller number wins (spec 15).
    ["7a02", "malformed"],
  ] as const)
    assert.equal(await change(text), code, text);
});

test("changes step by step are the changes at once", async () => {
  let table = remit.StatusTable.EMPTY;
  const now = new Map<number, number>();
  let seed = 1;
  const random = (below: number): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  for (let step = 1; step < 30; step++) {
    const size = step * 700;
    for (let at = 0; at < step; at++) {
      const [first, status] = [random(size), random(4)];
      for (let index = first; index < Math.min(size, first + random(9)); index++) now.set(index, status);
    }
    const sorted = [...now].sort(([a], [b]) => a - b);
    const changes = sorted.filter(([index, status]) => (table.get(BigInt(index)) ?? 0) !== status);
    const wanted = sorted.filter(([, status]) => status !== 0);
    table = table.changed(BigInt(size), remit.writeChanges(changes));
    assert.deepEqual([...table.listed()], wanted);
    const whole = remit.StatusTable.EMPTY.changed(BigInt(size), remit.writeChanges(wanted));
    assert.deepEqual(whole, table);
    // Hashed anew in every third step, where it changed in these three; or all at once.
    if (step % 3 > 0) continue;
    assert.deepEqual(await table.root(), await whole.root());
    const leaves = Array.from({ length: Math.ceil(size / 2048) }, (_, chunk) => {
      const statuses = wanted.map(([index, status]): [bigint, number] => [BigInt(index), status]);
      return remit.leafHash(remit.statusLeaf(BigInt(chunk), new Map(statuses)));
    });
    assert.deepEqual(await table.root(), await remit.treeRoot(await Promise.all(leaves)));
  }
});

test("the clock is asked before what is proved", async () => {
  const { input } = vector("follow/clock");
  const policy = await remit.parsePolicy(input.policy);
  const update = remit.decodeStatusUpdate(bytes(input.update));
  const broken = remit.encodeStatusUpdate({ ...update, leafPath: [], changes: bytes("82") });
  assert.equal(await answer(() => remit.follow(undefined, broken, policy, BigInt(input.now))), "clock");
});

test("bounds of an update", async () => {
  const update = remit.decodeStatusUpdate(bytes(vector("follow/changes").input.update));
  const coded = (parts: Partial<remit.StatusUpdate>): Promise<string> =>
    outcome(() => remit.decodeStatusUpdate(remit.encodeStatusUpdate({ ...update, ...parts })));
  const hashes = (length: number): Uint8Array[] => Array.from({ length }, () => new Uint8Array(32));
  assert.equal(await coded({ consistency: hashes(64) }), "ok");
  assert.equal(await coded({ consistency: hashes(65) }), "oversize");
  assert.equal(await coded({ leafPath: hashes(64) }), "oversize");
  assert.equal(await coded({ commitmentPath: hashes(64) }), "oversize");
  assert.equal(await coded({ commitmentPath: [new Uint8Array(33)] }), "malformed");
  assert.equal(await coded({ note: new Uint8Array(16_384) }), "ok");
  assert.equal(await coded({ note: new Uint8Array(16_385) }), "oversize");
  const { STATUS_UPDATE_BYTES_MAX: most } = remit.limits;
  const empty = remit.encodeStatusUpdate({ ...update, changes: new Uint8Array() }).length;
  // The head of so long a byte string has four bytes more.
  assert.equal(await coded({ changes: new Uint8Array(most - empty - 4) }), "ok");
  assert.equal(await coded({ changes: new Uint8Array(most - empty - 3) }), "oversize");
});

test("a snapshot is since nothing, and no longer than an update", async () => {
  const state = await remit.restoreFollowed(bytes(vector("follow/first").input.update));
  const most = remit.limits.STATUS_UPDATE_BYTES_MAX - remit.snapshot(state).length + state.note.length - 3;
  const snapshot = async (note: number): Promise<string> =>
    outcome(() => remit.snapshot({ ...state, proof: { ...state.proof, note: new Uint8Array(note) } }));
  assert.deepEqual([await snapshot(most), await snapshot(most + 1)], ["ok", "oversize"]);
  const { update } = vector("follow/changes").input;
  assert.equal(await answer(() => remit.restoreFollowed(bytes(update))), "malformed");
});

test("judged by what is followed of another ledger, by none, or by a leaf that is not known", async () => {
  const { input } = vector("judge/revoked");
  const state = await remit.restoreFollowed(bytes(input.followed));
  const judged = async (followed: remit.Followed[]): Promise<remit.Verdict> =>
    remit.verifyCase(bytes(input.case), undefined, followed);
  assert.equal((await judged([state])).code, "revoked");
  const other = { ...state, ledger: new Uint8Array(32) };
  for (const followed of [[], [other]]) {
    const { code, checks } = await judged(followed);
    assert.notEqual(code, "revoked");
    assert.ok(!checks.some((check) => check.check === "followed"), "it is left out");
  }
  assert.equal((await judged([other, state])).code, "revoked");
  const good = vector("judge/good");
  const young = await remit.restoreFollowed(bytes(good.input.followed));
  const age = async (followed: remit.Followed): Promise<bigint | undefined> =>
    (await remit.verifyCase(bytes(good.input.case), undefined, [followed])).ageMs;
  const shorter = remit.StatusTable.EMPTY.changed(1n, new Uint8Array());
  assert.equal(await age(young), 1000n);
  assert.ok(((await age({ ...young, table: shorter })) ?? 0n) > 1000n, "nothing is known of these leaves");
});
