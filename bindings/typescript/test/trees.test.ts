// Every vector of trees.json, and the foreign proofs of tests/data/rfc6962-proofs.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as remit from "../src/index.js";
import { bytes, consumed, count, file, list, same, vectors } from "./helpers.js";

const RUN: Record<string, (input: any, values: any) => Promise<boolean>> = {
  root: async ({ leaves }, values) => {
    same(await remit.treeRoot(await Promise.all(list(leaves).map(remit.leafHash))), values.root, "root");
    return true;
  },
  inclusion: ({ leaf_hash, index, size, path, root }) =>
    remit.verifyInclusion(bytes(leaf_hash), BigInt(index), BigInt(size), list(path), bytes(root)),
  consistency: ({ old_size, old_root, new_size, new_root, path }) => {
    const [older, newer] = [
      { size: BigInt(old_size), root: bytes(old_root) },
      { size: BigInt(new_size), root: bytes(new_root) },
    ];
    return remit.verifyConsistency(older, newer, list(path));
  },
  multiproof: ({ leaves, size, siblings, root }) => {
    const indexed = leaves.map((leaf: any) => ({ index: BigInt(leaf.index), hash: bytes(leaf.hash) }));
    return remit.verifyMultiproof(indexed, BigInt(size), list(siblings), bytes(root));
  },
  history: async ({ before, index, entry }, values) => {
    same(await remit.nextHistory(bytes(before), BigInt(index), bytes(entry)), values.after, "history");
    return true;
  },
  status: async ({ chunk, statuses }, values) => {
    const pairs = statuses.map((each: any): [bigint, number] => [BigInt(each.index), each.status]);
    const leaf = remit.statusLeaf(BigInt(chunk), new Map(pairs));
    same(leaf, values.leaf, "chunk");
    same(await remit.leafHash(leaf), values.leaf_hash, "its hash");
    return true;
  },
};

test("trees", async () => {
  const kinds = new Map<string, number>();
  for (const { name, input, result, values } of vectors("trees", 153)) {
    const run = RUN[input.kind] ?? assert.fail(`a proof of kind ${input.kind}`);
    assert.equal((await run(input, values)) ? "ok" : "bad_proof", result, name);
    count(kinds, input.kind);
  }
  consumed(kinds, Object.keys(RUN));
});

/** Hashes of another length stand for hashes of their own; but for a leaf, which is refused as such. */
async function foreign(text: string | undefined): Promise<Uint8Array> {
  const raw = new Uint8Array(Buffer.from(text ?? "", "base64"));
  return raw.length === 32 ? raw : remit.sha256(raw);
}

async function judge(kind: string, c: any): Promise<boolean> {
  const path = await Promise.all((c.proof ?? []).map(foreign));
  const number = (key: string): bigint => BigInt(c[key] ?? 0);
  if (kind === "inclusion" || kind === "subtreeinclusion") {
    if (Buffer.from(c.leafHash ?? "", "base64").length !== 32) return false;
    const [leaf, root] = [await foreign(c.leafHash), await foreign(c.root)];
    if (kind === "inclusion")
      return remit.verifyInclusion(leaf, number("leafIdx"), number("treeSize"), path, root);
    return remit.verifySubtreeInclusion(
      leaf,
      number("leafIdx"),
      { start: number("start"), end: number("end") },
      path,
      root,
    );
  }
  const [first, second] = [await foreign(c.root1), await foreign(c.root2)];
  if (kind === "consistency") {
    return remit.verifyConsistency(
      { size: number("size1"), root: first },
      { size: number("size2"), root: second },
      path,
    );
  }
  return remit.verifySubtreeConsistency(
    { start: number("start"), end: number("end") },
    first,
    number("size"),
    second,
    path,
  );
}

test("foreign proofs", async () => {
  let cases = 0;
  for (const kind of ["inclusion", "consistency", "subtreeinclusion", "subtreeconsistency"]) {
    for (const line of file(`tests/data/rfc6962-proofs/${kind}.jsonl`).toString().trimEnd().split("\n")) {
      // Numbers of 64 bits are read in full.
      const exact = JSON.parse(line.replace(/: (-?\d{16,})([,}])/g, ': "$1"$2'));
      assert.equal(await judge(kind, exact), !exact.wantErr, exact.name);
      cases += 1;
    }
  }
  assert.equal(cases, 518);
});
