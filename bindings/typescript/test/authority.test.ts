// Every vector of conditions.json and permissions.json.

import assert from "node:assert/strict";
import { test } from "node:test";
import { affords, allows, authorityOf, decodeToken, holds, type Operator, type Value } from "../src/index.js";
import { bytes, list, outcome, value, vectors, type Vector } from "./helpers.js";

test("conditions", () => {
  for (const { name, input, result, values } of vectors("conditions", 109)) {
    const operands = input.operands.map(value);
    const shown = input.value === null ? undefined : value(input.value);
    assert.equal(holds({ operator: input.operator as Operator, operands }, shown), values?.holds, name);
    assert.equal(result, "ok");
  }
});

function judge({ input }: Vector): void {
  const authority = authorityOf(list(input.tokens).map((token) => decodeToken(token)));
  if (input.asked !== undefined) {
    const { audience, action, resource, arguments: shown } = input.asked;
    const values: [string, Value][] | null =
      shown && shown.map((each: any) => [each.name, value(each.value)]);
    allows(authority, {
      audience: bytes(audience),
      action,
      resource,
      arguments: values ? new Map(values) : undefined,
    });
  }
  if (input.payment !== undefined) {
    affords(authority, { amount: BigInt(input.payment.amount), unit: bytes(input.payment.unit) });
  }
}

test("permissions", async () => {
  const inputs = new Set<string>();
  for (const vector of vectors("permissions", 61)) {
    assert.equal(await outcome(() => judge(vector)), vector.result, vector.name);
    for (const key of Object.keys(vector.input)) inputs.add(key);
  }
  assert.deepEqual([...inputs].sort(), ["asked", "payment", "tokens"]);
});
