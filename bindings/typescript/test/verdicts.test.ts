// Every vector of verdicts.json, and the case files of the repository.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { CHECKS, verifyCase } from "../src/index.js";
import { bytes, file, ROOT, vectors, view } from "./helpers.js";

test("verdicts", async () => {
  const failing = new Set<string>();
  for (const { name, input, result, values } of vectors("verdicts", 128)) {
    const verdict = await verifyCase(bytes(input.case));
    assert.deepEqual(view(verdict), values, name);
    assert.equal(verdict.code ?? "ok", result, name);
    for (const check of verdict.checks) if (check.outcome === "failed") failing.add(check.check);
  }
  // Of what is followed the vectors stand in following.json.
  assert.deepEqual([...failing].sort(), CHECKS.filter((check) => check !== "followed").sort());
});

test("case files", async () => {
  const folder = "verifier/examples/cases/";
  const cases = readdirSync(ROOT + folder).filter((name) => name.endsWith(".case"));
  assert.deepEqual(cases.sort(), ["allowed.case", "permitted.case", "revoked.case"]);
  const decision = async (path: string): Promise<string> => {
    const { decision, code } = await verifyCase(file(path));
    return code ?? decision;
  };
  for (const name of cases) assert.equal(await decision(folder + name), name.slice(0, -".case".length));
  assert.equal(await decision("spec/examples/hotel.case"), "allowed");
});
