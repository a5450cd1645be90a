// Every vector of receipts.json.

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseVerifierKey, ReceiptError, RemitError, verifyReceipt } from "../src/index.js";
import { bytes, vectors } from "./helpers.js";

test("receipts", async () => {
  const results = new Set<string>();
  let good = 0;
  for (const { name, input, result, values } of vectors("receipts", 47)) {
    const log = await parseVerifierKey(input.key);
    let came = "ok";
    try {
      const { origin, time, size, index } = await verifyReceipt(bytes(input.receipt), bytes(input.entry), log);
      const said = { origin, time_s: `${time}`, size: `${size}`, index: `${index}` };
      assert.deepEqual(said, values, name);
      good += 1;
    } catch (error) {
      if (!(error instanceof ReceiptError || error instanceof RemitError)) throw error;
      came = error.code;
    }
    assert.equal(came, result, name);
    results.add(came);
  }
  assert.ok(good >= 6);
  // One tag is that of a receipt, and no other of one byte.
  const { input } = vectors("receipts", 47).find(({ name }) => name === "good") ?? assert.fail();
  const other = Uint8Array.of(0xd1, ...bytes(input.receipt).subarray(1));
  const judged = verifyReceipt(other, bytes(input.entry), await parseVerifierKey(input.key));
  await assert.rejects(judged, { code: "malformed" });
  for (const code of ["other_log", "other_size", "bad_proof", "bad_signature"]) assert.ok(results.has(code));
});
