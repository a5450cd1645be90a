// Every vector of vouchers.json: proofs of leases, and vouchers at their till.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as remit from "../src/index.js";
import { bytes, consumed, count, list, outcome, same, vectors, type Vector } from "./helpers.js";

async function proof({ input, values, name }: Vector, policy: remit.Policy): Promise<void> {
  const open = await remit.openLease(bytes(input.proof), policy, BigInt(input.now_ms));
  const view = {
    amount: open.lease.amount.toString(),
    holder: remit.hex(open.holder),
    lease: remit.hex(open.id),
    ledger: remit.hex(open.ledger),
    per_use: open.perUse?.toString() ?? null,
    till: remit.hex(open.lease.till),
  };
  assert.deepEqual(view, values, name);
}

async function voucher({ input, values, name }: Vector, policy: remit.Policy): Promise<void> {
  const open = await remit.openLease(bytes(input.proof), policy, BigInt(input.opened_ms));
  const kept =
    input.kept === null ? remit.newTill(bytes(input.till), open) : await remit.decodeTill(bytes(input.kept));
  const shown = list(input.arguments).map(remit.decodeArgument);
  const after = await remit.take(kept, open, bytes(input.voucher), shown, policy, BigInt(input.now_ms));
  assert.equal(values?.answer, after === undefined ? "repeated" : "taken", name);
  if (after !== undefined) same(remit.encodeTill(after), values?.till, name);
}

test("vouchers", async () => {
  const kinds = new Map<string, number>();
  for (const vector of vectors("vouchers", 59)) {
    const { kind, policy: file } = vector.input;
    const policy = await remit.parsePolicy(file);
    const run =
      kind === "proof" ? proof : kind === "voucher" ? voucher : assert.fail(`a vector of kind ${kind}`);
    assert.equal(await outcome(() => run(vector, policy)), vector.result, vector.name);
    count(kinds, kind);
  }
  consumed(kinds, ["proof", "voucher"]);
});
