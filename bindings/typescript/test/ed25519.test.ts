// The criterion of spec 01 §2 against the edge cases of C2SP/CCTV.

import assert from "node:assert/strict";
import { test } from "node:test";
import { isKey, LocalSigner, utf8, verifies } from "../src/index.js";
import { bytes, json } from "./helpers.js";

/** What spec 01 §2 refuses, in the words of the cases. */
function mustRefuse(flag: string): boolean {
  return (
    ["low_order_A", "low_order_R", "low_order_residue"].includes(flag) || flag.startsWith("non_canonical_")
  );
}

test("edge cases are refused exactly where they are flagged", async () => {
  const tally = { accepted: 0, refused: 0, keys: 0 };
  for (const c of json("tests/data/ed25519-edge-cases/ed25519vectors.json")) {
    const flags: string[] = c.flags ?? [];
    const good = await verifies(bytes(c.key), utf8(c.msg), bytes(c.sig));
    assert.equal(good, !flags.some(mustRefuse), `case ${c.number}: ${flags}`);
    const badKey = flags.includes("low_order_A") || flags.includes("non_canonical_A");
    assert.equal(isKey(bytes(c.key)), !badKey, `key of case ${c.number}: ${flags}`);
    tally[good ? "accepted" : "refused"] += 1;
    tally.keys += badKey ? 1 : 0;
  }
  assert.deepEqual([tally.refused, tally.accepted], [871, 43]);
  assert.ok(tally.keys > 0);
});

test("every bit of a signature counts", async () => {
  const signer = await LocalSigner.fromSeed(new Uint8Array(32).fill(9));
  const message = utf8("message");
  const good = await signer.sign(message);
  assert.ok(await verifies(signer.publicKey, message, good));
  for (let bit = 0; bit < 512; bit++) {
    const bad = good.slice();
    bad[bit >> 3] = (bad[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    assert.ok(!(await verifies(signer.publicKey, message, bad)), `bit ${bit}`);
  }
  assert.ok(!(await verifies(signer.publicKey, message, good.subarray(0, 63))));
});
