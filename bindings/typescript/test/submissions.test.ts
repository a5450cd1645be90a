// Every vector of submissions.json: decoded, its signatures checked, and its ids.

import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeSubmission, hex, type Submission } from "../src/index.js";
import { bytes, outcome, vectors } from "./helpers.js";

test("submissions", async () => {
  let good = 0;
  for (const { name, input, result, values } of vectors("submissions", 80)) {
    let submission: Submission | undefined;
    const came = await outcome(async () => {
      submission = await decodeSubmission(bytes(input.bytes), bytes(input.ledger));
    });
    assert.equal(came, result, name);
    if (submission === undefined) continue;
    good += 1;
    const operations = submission.operations.map((operation) => ({
      id: hex(operation.id),
      kind: operation.kind,
      objects: operation.objects.map((object) => hex(object.id)),
      payload: operation.payloadId === undefined ? null : hex(operation.payloadId),
    }));
    assert.deepEqual({ id: hex(submission.id), kind: submission.kind, operations }, values, name);
  }
  assert.ok(good >= 20);
});
