// Policy files (spec 13): what is read, and every way in which one is refused.

import assert from "node:assert/strict";
import { test } from "node:test";
import { limits, parsePolicy, PolicyError, utf8, verify, type Policy } from "../src/index.js";
import { decodeCase } from "../src/index.js";
import { parseToml, Table, TomlError, type TomlValue } from "../src/verify/toml.js";
import { file } from "./helpers.js";

const CASE = decodeCase(file("verifier/examples/cases/allowed.case"));
/** The policy of a case, every key on a line of its own. */
async function lines(): Promise<Record<string, string>> {
  const policy = await parsePolicy(CASE.policy);
  const [origin] = policy.ledgers.keys();
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
  const trust =
    /trust *= *(\[[^\]]*\]|"""[^]*?"""|'''[^]*?''')/.exec(Buffer.from(CASE.policy).toString())?.[1] ??
    assert.fail("no trust");
  return {
    party: `"${hex(policy.party)}"`,
    issuers:
      policy.issuers === "any" ? '"any"' : `[${policy.issuers.map((id) => `"${hex(id)}"`).join(", ")}]`,
    max_staleness_s: policy.maxStaleness.toString(),
    skew_ms: policy.skew.toString(),
    offline_links: String(policy.offlineLinks),
    logged_links: `"${policy.loggedLinks}"`,
    ledgers: `{ "${origin}" = "${hex(policy.ledgers.get(origin ?? "") ?? assert.fail())}" }`,
    trust,
  };
}

function write(all: Record<string, string>): string {
  return Object.entries(all)
    .map(([key, value]) => `${key} = ${value}\n`)
    .join("");
}

async function problem(text: string | Uint8Array): Promise<[string, number, string | undefined]> {
  try {
    await parsePolicy(text);
  } catch (error) {
    if (error instanceof PolicyError) return [error.code, error.line, error.key];
    throw error;
  }
  return assert.fail("it is a policy");
}

test("a file gives the same policy in every spelling", async () => {
  const all = await lines();
  const wanted: Policy = await parsePolicy(CASE.policy);
  assert.deepEqual(await parsePolicy(write(all)), wanted);
  const [origin, ledger] = all.ledgers?.slice(2, -2).split(" = ") ?? [];
  const { ledgers, ...others } = all;
  assert.deepEqual(
    await parsePolicy(`# a comment\r\n${write(others)}\n[ledgers] # here\n${origin} = ${ledger}`),
    wanted,
  );
  assert.deepEqual(await parsePolicy(`${write(others)}ledgers.${origin} = ${ledger}\n`), wanted);
  const verdict = await verify({ ...CASE }, wanted);
  assert.equal(verdict.decision, "allowed");
});

test("only the two choices about links have a default", async () => {
  const { offline_links, logged_links, ...rest } = await lines();
  const policy = await parsePolicy(write(rest));
  assert.deepEqual([policy.offlineLinks, policy.loggedLinks], [false, "verify"]);
  for (const key of ["trust", "ledgers", "party", "issuers", "max_staleness_s", "skew_ms"]) {
    const all = await lines();
    delete all[key];
    assert.deepEqual(await problem(write(all)), ["missing_key", 0, key]);
  }
});

test("wrong types and values are named with their line", async () => {
  const wrong: [string, string, string][] = [
    ["party", "7", "wrong_type"],
    ["party", '"22"', "bad_value"],
    ["issuers", "true", "wrong_type"],
    ["issuers", '"all"', "bad_value"],
    ["issuers", "[7]", "wrong_type"],
    ["issuers", '["x"]', "bad_value"],
    ["issuers", `["${"1A".repeat(32)}"]`, "bad_value"],
    ["max_staleness_s", '"60"', "wrong_type"],
    ["max_staleness_s", "-1", "bad_value"],
    ["max_staleness_s", "18446744073709551616", "bad_value"],
    ["skew_ms", "2.0", "wrong_type"],
    ["skew_ms", "1979-05-27", "wrong_type"],
    ["skew_ms", "inf", "wrong_type"],
    ["offline_links", "1", "wrong_type"],
    ["logged_links", "true", "wrong_type"],
    ["logged_links", '"none"', "bad_value"],
    ["trust", "7", "wrong_type"],
    ["trust", "[7]", "wrong_type"],
    ["trust", '["logs x"]', "bad_trust"],
    ["ledgers", "[]", "wrong_type"],
    ["ledgers", "{ a = 7 }", "wrong_type"],
    ["ledgers", '{ a = "AA" }', "bad_value"],
  ];
  for (const [key, value, code] of wrong) {
    const all = { ...(await lines()), [key]: value };
    const line =
      write(all)
        .split("\n")
        .findIndex((text) => text.startsWith(key)) + 1;
    assert.deepEqual(await problem(write(all)), [code, line, key], `${key} = ${value}`);
  }
});

test("settings fit together", async () => {
  const all = await lines();
  const ledger = all.ledgers?.slice(2, -2);
  const id = "11".repeat(32);
  const bad = ["bad_settings", 0, undefined];
  const many = (count: number): string => `[${Array(count).fill(`"${id}"`).join(",")}]`;
  assert.deepEqual(await problem(write({ ...all, issuers: "[]" })), bad);
  assert.deepEqual(await problem(write({ ...all, issuers: many(limits.POLICY_ISSUERS_MAX + 1) })), bad);
  await parsePolicy(write({ ...all, issuers: many(limits.POLICY_ISSUERS_MAX) }));
  assert.deepEqual(await problem(write({ ...all, skew_ms: `${limits.SKEW_MAX + 1}` })), bad);
  await parsePolicy(write({ ...all, skew_ms: `${limits.SKEW_MAX}` }));
  assert.deepEqual(await problem(write({ ...all, ledgers: "{}" })), bad);
  assert.deepEqual(await problem(write({ ...all, ledgers: `{ ${ledger}, "other" = "${id}" }` })), bad);
  assert.deepEqual(await problem(write({ ...all, trust: '["quorum none"]' })), bad);
});

test("what is no policy file", async () => {
  const good = write(await lines());
  assert.deepEqual(await problem(Uint8Array.of(0xff)), ["not_utf8", 0, undefined]);
  assert.deepEqual(await problem("a = 1\nb ="), ["syntax", 2, undefined]);
  assert.deepEqual((await problem(`${good}skew_ms = 2\n`))[0], "syntax");
  assert.deepEqual(await problem(`zz = 1\n${good}aa = 1\n`), ["unknown_key", 1, undefined]);
  const padded = (length: number): Uint8Array => utf8(good + "#".repeat(length - utf8(good).length));
  await parsePolicy(padded(limits.POLICY_BYTES_MAX));
  assert.equal((await problem(padded(limits.POLICY_BYTES_MAX + 1)))[0], "too_long");
});

function plain(value: TomlValue): unknown {
  if (value instanceof Table)
    return Object.fromEntries([...value.items].map(([key, item]) => [key, plain(item.value)]));
  return Array.isArray(value) ? value.map((item) => plain(item.value)) : value;
}

test("TOML", () => {
  const text = [
    "a = [1, +2, -3, 1_000, 0xff, 0o17, 0b11,\n # comment\n]",
    'b = "x\\t\\u00e9\\U0001F600\\""',
    "c = 'x\\t'",
    'd = """\none\\\n   two\n""three"""',
    "e = '''a'b'''",
    "f.g.h = true",
    'f."k l" = false',
    "[ m . n ]\no = {p = 1, q.r = 'x'}",
    "[m]\ns = 1",
    "[[t]]\nu = 1\n[t.v]\nw = 2\n[[t]]\n[[t.x]]\n[[t.x]]\ny = 3",
  ].join("\n");
  assert.deepEqual(plain(parseToml(text)), {
    a: [1n, 2n, -3n, 1000n, 255n, 15n, 3n],
    b: 'x\té😀"',
    c: "x\\t",
    d: 'onetwo\n""three',
    e: "a'b",
    f: { g: { h: true }, "k l": false },
    m: { n: { o: { p: 1n, q: { r: "x" } } }, s: 1n },
    t: [{ u: 1n, v: { w: 2n } }, { x: [{}, { y: 3n }] }],
  });
  const refused = [
    "a",
    "a =",
    "= 1",
    "a = 1 b = 2",
    "a = 01",
    "a = 1__0",
    "a = _1",
    "a = 0xG",
    'a = "x',
    'a = "\n"',
    'a = "\\x"',
    'a = "\\ud800"',
    "a = [1",
    "a = [1,,2]",
    "a = [,]",
    "a = {b = 1,}",
    "a = {b = 1\n}",
    "a = 1\na = 2",
    "a.b = 1\na.b.c = 2",
    "[a]\n[a]",
    "a = {}\n[a]",
    "a = {}\na.b = 1",
    "[a]\nb = 1\n[a.b]",
    "a = []\n[[a]]",
    "[a]\n[[a]]",
    "[[a]]\n[a]",
    "a = 1\n[[a]]",
    "[[a]",
    "[[a]]\nb = 1\nb = 2",
    "a = tru",
    "a = 1\u0000",
    "# \u0007",
    "a = '\u007f'",
    "a = 1\rb = 2",
    "[a",
    "[]",
    "a b = 1",
    "a.b = 1\n[a]",
    "[a.b]\n[a]\nb.c = 1",
    `a = ${"[".repeat(50)}${"]".repeat(50)}`,
  ];
  for (const text of refused) assert.throws(() => parseToml(text), TomlError, text);
});
