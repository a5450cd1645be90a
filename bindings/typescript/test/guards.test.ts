// Refusals that no vector has, each on a case that is good but for one thing.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as remit from "../src/index.js";
import { parsePolicy, verify, type Case } from "../src/index.js";
import { bytes, outcome, vectors } from "./helpers.js";
import { caseOf, withEntry, withInvocation, withLastToken, withLeaves } from "./rebuild.js";

async function code(c: Case): Promise<string> {
  const { policy, ...input } = c;
  const verdict = await verify(input, await parsePolicy(policy));
  return verdict.code ?? verdict.decision;
}

test("a case that is made anew is as good as it was", async () => {
  for (const name of ["root", "depth-3", "offline", "witnessed", "funded"]) {
    assert.equal(await code(await withLeaves(caseOf(name), (leaf) => leaf)), await code(caseOf(name)), name);
  }
});

test("a voucher is no request", async () => {
  const c = caseOf("root");
  const id = new Uint8Array(32);
  const voucher = { lease: id, number: 1n, cumulative: 5n, root: id };
  assert.equal(
    await code(await withInvocation(c, { payment: { amount: 5n, unit: id }, voucher })),
    "misplaced_voucher",
  );
});

test("a logged child names the epoch of its parent", async () => {
  const c = caseOf("depth-3");
  assert.equal(await code(await withLeaves(c, (leaf) => leaf)), await code(c));
  const last = remit.decodePresentation(c.presentation).tokens.at(-1) ?? assert.fail();
  const { origin } = remit.decodeToken(remit.decodeSign1(last).payload);
  if (origin.mode !== "logged") return assert.fail(origin.mode);
  assert.equal(await code(await withLastToken(c, { origin: { ...origin, epoch: 1n } })), "old_epoch");
});

test("an entry has as many elements as its kind", async () => {
  const id = new Uint8Array(32);
  const entry = (count: number, kind: number): Uint8Array => {
    const w = new remit.Writer()
      .array(count)
      .text(remit.labels.ENTRY)
      .int(1)
      .int(kind)
      .string(id)
      .int(0)
      .string(id);
    return Array.from({ length: count - 6 })
      .reduce<remit.Writer>((writer) => writer.int(0), w)
      .bytes();
  };
  assert.equal(await outcome(() => remit.decodeEntry(entry(6, 19))), "ok");
  assert.equal(await outcome(() => remit.decodeEntry(entry(7, 19))), "malformed");
  assert.equal(await outcome(() => remit.decodeEntry(entry(8, 19))), "malformed");
});

test("an empty list of approvals is left out of a submission", async () => {
  const { input } = vectors("submissions", 1).find(({ name }) => name === "reserve") ?? assert.fail();
  const [data, ledger] = [bytes(input.bytes), bytes(input.ledger)];
  assert.equal(await outcome(() => remit.decodeSubmission(data, ledger)), "ok");
  // The head of the one member stands behind label, ledger and the head of the list.
  const at = 1 + 20 + 34 + 1;
  assert.equal(data[at], 0x84);
  const longer = remit.concat(data, Uint8Array.of(0x80));
  longer[at] = 0x85;
  assert.equal(await outcome(() => remit.decodeSubmission(longer, ledger)), "not_canonical");
});

test("a till has one hash for each subtree of its number", async () => {
  const till = (number: number, hashes: number): Uint8Array => {
    const id = new Uint8Array(32);
    const w = new remit.Writer().array(7).text(remit.labels.TILL).string(id).string(id);
    w.array(3)
      .int(number)
      .int(0)
      .list(Array(hashes).fill(id), (writer, hash) => writer.string(hash));
    return w.int(0).bool(false).null().bytes();
  };
  assert.equal(await outcome(() => remit.decodeTill(till(0, 0))), "ok");
  assert.equal(await outcome(() => remit.decodeTill(till(0, 1))), "malformed");
  assert.equal(await outcome(() => remit.decodeTill(till(1, 1))), "malformed");
});

test("a holder's key is a point of the curve, an approver's need not be", async () => {
  const { input } = vectors("objects", 1).find(({ name }) => name === "token-root") ?? assert.fail();
  const token = remit.decodeToken(bytes(input.bytes));
  const encodings = Array.from({ length: 50 }, (_, n) => new Uint8Array(32).fill(n + 2, 0, 1));
  const stranger = encodings.find((key) => !remit.isKey(key)) ?? assert.fail("all are points");
  const decoded = (change: Partial<remit.Token>, unkeyed = false): Promise<string> =>
    outcome(() => remit.decodeToken(remit.encodeToken({ ...token, ...change }), unkeyed));
  assert.equal(await decoded({ holder: stranger }), "bad_key");
  assert.equal(await decoded({ holder: stranger }, true), "ok");
  assert.equal(await decoded({ holder: new Uint8Array(32) }, true), "bad_key");
  const rule = { count: 1, thresholds: undefined };
  assert.equal(await decoded({ approval: { ...rule, approvers: [stranger] } }), "ok");
  assert.equal(await decoded({ approval: { ...rule, approvers: [new Uint8Array(32)] } }), "bad_key");
});

test("details have facts, and a voucher its bound", async () => {
  const common = (facts: number): Uint8Array => {
    const w = new remit.Writer().array(4).text(remit.labels.COMMON).string(new Uint8Array(32)).int(19);
    return w.list(Array(facts).fill(0), (writer) => writer.map(0)).bytes();
  };
  assert.equal(await outcome(() => remit.decodeCommon(common(1))), "ok");
  assert.equal(await outcome(() => remit.decodeCommon(common(0))), "malformed");
  const long = (size: number): Promise<string> => outcome(() => remit.decodeVoucher(new Uint8Array(size)));
  assert.equal(await long(remit.limits.VOUCHER_BYTES_MAX), "malformed");
  assert.equal(await long(remit.limits.VOUCHER_BYTES_MAX + 1), "oversize");
});

test("uses count from 1, and rules have a newest version", async () => {
  const good = (name: string): Uint8Array =>
    bytes(vectors("objects", 1).find((each) => each.name === name)?.input.bytes ?? assert.fail(name));
  const use = remit.decodeUse(good("use"));
  assert.equal(await outcome(() => remit.decodeUse(remit.encodeUse({ ...use, number: 0n }))), "malformed");
  const upgrade = remit.decodeAct("upgrade", good("upgrade"));
  const to = (rules: bigint): Promise<string> => {
    const act = { ...upgrade, fields: new Map([...upgrade.fields, [20, rules] as const]) };
    return outcome(() => remit.decodeAct("upgrade", remit.encodeAct(act)));
  };
  const genesis = remit.decodeEntry(good("entry-genesis"));
  if (genesis.kind !== "genesis") return assert.fail(genesis.kind);
  const began = (rules: bigint): Promise<string> =>
    outcome(() => remit.decodeEntry(remit.encodeEntry({ ...genesis, rules })));
  assert.deepEqual([await began(0n), await began(1n), await began(4n)], ["malformed", "ok", "not_enabled"]);
  assert.deepEqual(
    [await to(0n), await to(1n), await to(remit.RULES_NEWEST), await to(remit.RULES_NEWEST + 1n)],
    ["malformed", "ok", "ok", "not_enabled"],
  );
});

test("the last entry is a commitment", async () => {
  const c = caseOf("root");
  const { commitment } = remit.decodePresentation(c.presentation);
  assert.equal(await code(await withEntry(c, commitment)), await code(c));
  const id = new Uint8Array(32);
  const outcome = remit.encodeEntry({ kind: "reserve", time: c.now, id, result: 0, details: id });
  assert.equal(await code(await withEntry(c, outcome)), "no_commitment");
});

test("a key of small order is no signer, and no argument is signed twice", async () => {
  const signer = await remit.LocalSigner.generate();
  const small = new Uint8Array(32);
  const object = await remit.identify(
    { kid: small, payload: small, signature: new Uint8Array(64) },
    "x",
    small,
  );
  assert.equal(await outcome(() => remit.checkSignature(object)), "bad_key");
  const [token, audience] = [small, small];
  const ask = { validUntil: 1n, token, epoch: 0n, audience, action: "book", resource: "" };
  const sign = (names: string[]): Promise<string> =>
    outcome(() =>
      remit.signInvocation(signer, small, {
        ...ask,
        arguments: names.map((name) => remit.argument(name, 1n)),
      }),
    );
  assert.deepEqual([await sign(["b", "a"]), await sign(["a", "a"])], ["ok", "wrong_argument"]);
});
