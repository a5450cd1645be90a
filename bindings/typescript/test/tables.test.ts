// The generated files are those of the specification.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { ROOT } from "./helpers.js";

test("codes, limits, labels and kinds are current", () => {
  execFileSync("python3", ["bindings/tables.py", "--check"], { cwd: ROOT, stdio: "pipe" });
});

test("every file of vectors is consumed", () => {
  // What a witness answers, and receipts for others, are no verifier's business.
  const others = ["receipts.json", "witness.json"];
  const isOfVerifiers = (name: string): boolean => name.endsWith(".json") && !others.includes(name);
  const files = readdirSync(`${ROOT}spec/vectors`).filter(isOfVerifiers);
  const consumed = [
    "attacks",
    "conditions",
    "following",
    "http",
    "objects",
    "permissions",
    "rules",
    "submissions",
    "trees",
    "verdicts",
    "vouchers",
  ];
  assert.deepEqual(
    files.sort(),
    consumed.map((name) => `${name}.json`),
  );
});
