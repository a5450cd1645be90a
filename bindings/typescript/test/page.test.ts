// The pages of ui/: generated from what is here, closed to the network but for their own server, and in right words.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { budget, condition, delegation, instant, money, relative, span } from "../ui/words.js";
import { read, together } from "../ui/files.js";
import * as remit from "../src/index.js";
import { file, ROOT, vectors } from "./helpers.js";

test("the pages are current", () => {
  execFileSync(process.execPath, ["tools/page.mjs", "--check"], {
    cwd: `${ROOT}bindings/typescript`,
    stdio: "pipe",
  });
});

test("verify is one file that asks for nothing", () => {
  const page = file("ui/verify.html").toString();
  assert.match(page, /default-src 'none'; script-src 'sha256-[^']*'; style-src 'sha256-[^']*'/);
  assert.doesNotMatch(page, /\b(src|href)=|@import|url\(|\bfetch\(|XMLHttpRequest|WebSocket|\bimport\(/);
});

test("the explorer is one file that asks its own server alone", () => {
  const page = file("ui/explorer.html").toString();
  assert.match(
    page,
    /default-src 'none'; connect-src 'self'; script-src 'sha256-[^']*'; style-src 'sha256-[^']*'/,
  );
  assert.doesNotMatch(
    page,
    /<[a-z]+ [^>]*\b(src|style|on[a-z]+)=|@import|url\(|XMLHttpRequest|WebSocket|\bimport\(|innerHTML|eval\(/,
  );
  assert.doesNotMatch(page, /href="(?!#\/)[^"]*"/);
});

test("words", () => {
  assert.deepEqual([0n, 999n, 1000n, 61_000n, 3_600_000n, 90_061_000n, 172_800_000n].map(span), [
    "0 ms",
    "999 ms",
    "1 second",
    "1 minute 1 second",
    "1 hour",
    "1 day 1 hour",
    "2 days",
  ]);
  assert.equal(instant(1_800_000_000_000n), "2027-01-15 08:00:00 UTC");
  assert.equal(instant((1n << 64n) - 1n), "18446744073709551 s after 1970");
  assert.deepEqual(
    [relative(1n, 1n), relative(61_000n, 0n), relative(0n, 61_000n)],
    ["now", "in 1 minute 1 second", "1 minute 1 second ago"],
  );
  const cny = { name: "CNY", decimals: 2 };
  assert.deepEqual(
    [money(5n, cny), money(1_234_567n, cny), money(7n, { name: "X", decimals: 0 }), money(1_000n, undefined)],
    ["0.05 CNY", "12\u202f345.67 CNY", "7 X", "1\u202f000 minor units"],
  );
  assert.equal(condition({ argument: "nights", operator: "le", operands: [14n] }), "nights ≤ 14");
  assert.equal(
    condition({ argument: "class", operator: "in", operands: ["standard", false] }),
    'class is one of "standard", false',
  );
  assert.equal(condition({ argument: "class", operator: "in", operands: [] }), "class is one of none");
  assert.deepEqual(
    [
      delegation(undefined, true),
      delegation({ mode: 1, depth: 1 }, true),
      delegation({ mode: 2, depth: 0 }, false),
    ],
    ["not at all", "1 more link, logged", "not at all"],
  );
  const unit = new Uint8Array(32);
  const most = {
    unit,
    share: "carved",
    total: 100n,
    perUse: 50n,
    windows: [{ kind: "month", most: 70n }],
    leases: { most: 9n, longest: 60n },
  } as const;
  assert.deepEqual(budget(most, cny), [
    "1.00 CNY in total, carved out of the parent",
    "0.50 CNY per use",
    "0.70 CNY a month",
    "leases of 0.09 CNY, 1 minute long",
  ]);
});

test("files are told by their content", async () => {
  const whole = remit.decodeCase(file("spec/examples/hotel.case"));
  const part = async (bytes: Uint8Array): Promise<string | undefined> => (await read("file", bytes)).part?.is;
  assert.equal(await part(file("spec/examples/hotel.case")), "case");
  assert.equal(await part(whole.presentation), "presentation");
  assert.equal(await part(whole.invocation ?? new Uint8Array()), "invocation");
  assert.equal(await part(whole.policy), "policy");
  assert.equal(await part(remit.utf8("nonsense")), undefined);
  const object = (name: string): Uint8Array =>
    remit.fromHex(vectors("objects", 1).find((each) => each.name === name)?.input.bytes) ?? assert.fail(name);
  for (const [name, kind] of [
    ["sealed", "sealed"],
    ["evidence", "evidence"],
  ] as const)
    assert.equal(await part(object(name)), kind);
  const argument = new remit.Writer().array(1);
  remit.writeArgument(argument, remit.argument("nights", 2n));
  assert.equal(await part(argument.bytes()), "arguments");
  const dropped = await Promise.all(
    [whole.presentation, whole.policy, object("sealed")].map((bytes) => read("file", bytes)),
  );
  const subject = await together(dropped);
  assert.ok(typeof subject !== "string" && subject.sealed.size === 1 && subject.caseNow === undefined);
  assert.equal(typeof (await together(dropped.slice(0, 1))), "string");
});
