// rules.json and attacks.json, as far as they concern a verifier: every entry, detail, leaf, history, root,
// checkpoint and
// submission in them. What the ledger answers and why (spec 11) is the ledger's own and is left out: no
// verifier replays.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as remit from "../src/index.js";
import { bytes, json, list, outcome, same, vectors } from "./helpers.js";

/** What the bytes of a submission are refused for, before anything is looked up (spec 02 §6). */
const BY_BYTES = new Set<string>([
  "malformed",
  "not_canonical",
  "trailing_bytes",
  "oversize",
  "too_many",
  "unknown_field",
  "wrong_label",
  "unknown_kind",
  "bad_key",
  "wrong_ledger",
  "bad_signature",
  "sealed_mismatch",
  "bundle_mismatch",
]);

async function submitted(data: Uint8Array, ledger: Uint8Array): Promise<remit.Submission | string> {
  let submission: remit.Submission | undefined;
  const came = await outcome(async () => {
    submission = await remit.decodeSubmission(data, ledger);
  });
  return submission ?? came;
}

/** A refused submission: bytes that are wrong give the code, others are refused for something else. */
async function checkRefused(data: Uint8Array, ledger: Uint8Array, code: string): Promise<void> {
  const came = await submitted(data, ledger);
  if (typeof came === "string") assert.equal(came, code);
  else assert.ok(!BY_BYTES.has(code), `${code}: what bytes are refused for`);
}

class Ledger {
  readonly log: Uint8Array[] = [];
  edge = remit.EMPTY_EDGE;
  readonly leaves = new Map<bigint, remit.Leaf>();
  readonly hashes = new Map<bigint, Uint8Array>();
  id = new Uint8Array();

  async entry(data: Uint8Array): Promise<remit.Entry> {
    if (this.log.length === 0) this.id = new Uint8Array(await remit.sha256(data));
    const hash = await remit.leafHash(data);
    this.log.push(hash);
    this.edge = await remit.grown(this.edge, hash);
    return remit.decodeEntry(data);
  }

  async leaf(data: Uint8Array, begin: number): Promise<void> {
    const leaf = remit.decodeLeaf(data);
    const before = this.leaves.get(leaf.index)?.history ?? new Uint8Array(32);
    assert.ok(await this.folds(before, leaf.history, begin), `history of leaf ${leaf.index}`);
    this.leaves.set(leaf.index, leaf);
    this.hashes.set(leaf.index, await remit.leafHash(data));
  }

  /**
   * Whether some of the entries of one batch, in order, fold one history into the other; few entries are
   * tried first.
   */
  async folds(before: Uint8Array, after: Uint8Array, begin: number): Promise<boolean> {
    let reached = [{ history: before, next: begin }];
    while (reached.length > 0) {
      const longer: typeof reached = [];
      for (const { history, next } of reached) {
        for (let at = next; at < this.log.length; at++) {
          const folded = await remit.nextHistory(history, BigInt(at), this.log[at] ?? assert.fail());
          if (remit.hex(folded) === remit.hex(after)) return true;
          longer.push({ history: folded, next: at + 1 });
        }
      }
      reached = longer;
    }
    return false;
  }

  stateRoot(): Promise<Uint8Array> {
    const ordered = [...this.hashes].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, hash]) => hash);
    return remit.treeRoot(ordered);
  }

  async statusRoot(): Promise<Uint8Array> {
    const statuses = new Map(
      [...this.leaves.values()].map((leaf) => [leaf.index, remit.statusOf(leaf)] as const),
    );
    return remit.treeRoot([await remit.leafHash(remit.statusLeaf(0n, statuses))]);
  }

  async checkCheckpoint(note: string): Promise<void> {
    const checkpoint = await remit.parseCheckpoint(remit.parseNote(remit.utf8(note)).text);
    assert.equal(checkpoint.size, BigInt(this.log.length));
    same(checkpoint.root, remit.hex(await remit.rootOf(this.edge)), "root of the log");
  }
}

test("rules", async () => {
  const [vector] = vectors("rules", 1) as any[];
  const ledger = new Ledger();
  const kinds = new Set<string>();
  let applied = 0;
  for (const batch of vector.batches) {
    const begin = ledger.log.length;
    const ids: string[] = [];
    for (const stated of batch.entries) {
      const entry = await ledger.entry(bytes(stated.bytes));
      assert.equal(entry.time, BigInt(batch.time));
      ids.push("id" in entry ? remit.hex(entry.id) : "");
      kinds.add(entry.kind);
      if (stated.details === null || !("details" in entry)) continue;
      const common = bytes(stated.details.common);
      assert.ok(remit.decodeCommon(common).facts.length > 0);
      const links = list(stated.details.links);
      for (const link of links)
        same(remit.encodeLinkPart(remit.decodeLinkPart(link)), remit.hex(link), "a link part");
      same(
        await remit.detailsDigest(common, await Promise.all(links.map((link) => remit.sha256(link)))),
        remit.hex(entry.details),
        "details",
      );
    }
    for (const { bytes: data } of batch.leaves) await ledger.leaf(bytes(data), begin);
    assert.equal(BigInt(batch.state_size), BigInt(ledger.leaves.size));
    same(await ledger.stateRoot(), batch.state_root, "state root");
    same(await ledger.statusRoot(), batch.status_root, "status root");
    await ledger.checkCheckpoint(batch.checkpoint);
    for (const { bytes: data, answer, about } of batch.submissions) {
      if (answer.refused !== undefined) await checkRefused(bytes(data), ledger.id, answer.refused);
      if (answer.applied === undefined) continue;
      const submission = await submitted(bytes(data), ledger.id);
      assert.ok(typeof submission !== "string", about);
      assert.equal(remit.hex(submission.id), ids[Number(answer.applied) - begin], about);
      applied += 1;
    }
  }
  assert.ok(applied >= 150 && kinds.size >= 35, `${applied} ${kinds.size}`);
});

test("attacks", async () => {
  let refused = 0;
  const ledgers = json("spec/vectors/attacks.json");
  for (const { test: name, log, checkpoint, refused: all } of ledgers) {
    const ledger = new Ledger();
    for (const { entry: data, object } of log) {
      const entry = await ledger.entry(bytes(data));
      if (object === undefined) continue;
      const submission = await submitted(bytes(object), ledger.id);
      assert.ok(typeof submission !== "string" && "id" in entry, name);
      assert.deepEqual(submission.id, entry.id, name);
    }
    await ledger.checkCheckpoint(checkpoint);
    for (const { submission, code } of all) await checkRefused(bytes(submission), ledger.id, code);
    refused += all.length;
  }
  assert.ok(ledgers.length >= 105 && refused >= 331, `${ledgers.length} ${refused}`);
});
