// The generated files are those of the specification.

import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { ROOT } from "./helpers.js";

test("codes, limits, labels and kinds are current", () => {
  execFileSync("python3", ["bindings/tables.py", "--check"], { cwd: ROOT, stdio: "pipe" });
});
