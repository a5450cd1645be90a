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
  const files = readdirSync(`${ROOT}spec/vectors`).filter((name) => name.endsWith(".json"));
  const consumed = [
    "attacks",
    "conditions",
    "following",
    "http",
    "objects",
    "permissions",
    "receipts",
    "rules",
    "submissions",
    "trees",
    "verdicts",
    "vouchers",
    "witness",
  ];
  assert.deepEqual(
    files.sort(),
    consumed.map((name) => `${name}.json`),
  );
});
