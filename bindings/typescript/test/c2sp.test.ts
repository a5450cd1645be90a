// Notes, checkpoints, trust lines and proofs as text (spec 08): what is refused, and how the quorum decides.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as remit from "../src/index.js";
import { keyId, type KeyKind } from "../src/c2sp/vkey.js";

const ORIGIN = "log.example/one";
const ROOT = remit.base64(new Uint8Array(32).fill(7));
const TEXT = `${ORIGIN}\n7\n${ROOT}\n`;
const NOW = 100_000n;

const signer = (seed: number): Promise<remit.LocalSigner> =>
  remit.LocalSigner.fromSeed(new Uint8Array(32).fill(seed));

async function vkey(name: string, kind: KeyKind, seed: number): Promise<string> {
  const { publicKey } = await signer(seed);
  const raw = remit.concat(Uint8Array.of(kind === "log" ? 1 : 4), publicKey);
  return `${name}+${remit.hex(await keyId(name, kind, publicKey))}+${remit.base64(raw)}`;
}

/** A signature line of the log (seed 1), or of a witness at a time. */
async function line(name: string, seed: number, time?: bigint, text = TEXT): Promise<string> {
  const key = await signer(seed);
  const kind = time === undefined ? "log" : "witness";
  const message = time === undefined ? text : `cosignature/v1\ntime ${time}\n${text}`;
  const stamp = new Uint8Array(time === undefined ? 0 : 8);
  if (time !== undefined) new DataView(stamp.buffer).setBigUint64(0, time);
  const signature = await key.sign(remit.utf8(message));
  return `— ${name} ${remit.base64(remit.concat(await keyId(name, kind, key.publicKey), stamp, signature))}\n`;
}

async function trust(quorum: string): Promise<remit.Trust> {
  const witnesses = await Promise.all(
    [2, 3, 4].map(async (seed) => `witness w${seed} ${await vkey(`w.example/${seed}`, "witness", seed)}`),
  );
  return remit.parseTrust(`log ${await vkey(ORIGIN, "log", 1)}\n${witnesses.join("\n")}\n${quorum}\n`);
}

async function accepted(quorum: string, lines: string[]): Promise<string> {
  try {
    const { evidenceTime, times } = await remit.accept(
      await trust(quorum),
      remit.utf8(`${TEXT}\n${lines.join("")}`),
      NOW,
      2_000n,
    );
    return `${evidenceTime} ${times}`;
  } catch (error) {
    if (error instanceof remit.AcceptError) return `${error.code} ${error.variant}`;
    throw error;
  }
}

async function variant(step: () => unknown): Promise<string> {
  try {
    await step();
    return "ok";
  } catch (error) {
    if (error instanceof remit.C2spError)
      return [error.variant, error.inner, error.line].filter((part) => part !== undefined).join(" ");
    throw error;
  }
}

test("the quorum decides, and when", async () => {
  const log = await line(ORIGIN, 1);
  const witness = (seed: number, time: bigint): Promise<string> => line(`w.example/${seed}`, seed, time);
  const two = "group g 2 w2 w3 w4\nquorum g";
  const [a, b, c, late, later] = await Promise.all([
    witness(2, 10n),
    witness(3, 20n),
    witness(4, 30n),
    witness(4, 103n),
    witness(3, 200n),
  ]);
  assert.equal(await accepted(two, [log, a, b, c]), "20000 10000,20000,30000");
  assert.equal(await accepted(two, [log, a, b, late]), "10000 10000,20000");
  assert.equal(await accepted(two, [log, a, later, late]), "clock Clock");
  assert.equal(await accepted(two, [log, a]), "quorum Quorum");
  assert.equal(await accepted("quorum none", [log]), "undefined ");
  assert.equal(await accepted("quorum w2", [log, a]), "10000 10000");
  assert.equal(await accepted("quorum none", [a]), "bad_checkpoint NoLogSignature");
  assert.equal(await accepted("quorum none", [log, log]), "bad_checkpoint SecondSignature");
  assert.equal(
    await accepted("quorum none", [await line(ORIGIN, 1, undefined, "x\n")]),
    "bad_checkpoint LogSignature",
  );
  assert.equal(
    await accepted("quorum none", [log, await line("w.example/2", 2, 10n, "x\n")]),
    "bad_cosignature Cosignature",
  );
  assert.equal(
    await accepted("quorum none", [log, await line("w.example/2", 2, 1n << 63n)]),
    "bad_cosignature Cosignature",
  );
  assert.equal(await accepted("quorum none", [log, "— stranger AAAAAAA=\n"]), "undefined ");
  assert.equal(await accepted("quorum none", [log, "— stranger AAAA\n"]), "bad_checkpoint SignatureLine");
});

test("notes and checkpoints", async () => {
  const note = (text: string): Promise<string> => variant(() => remit.parseNote(remit.utf8(text)));
  const good = "— k AAAAAAE=\n";
  for (const [text, wanted] of [
    [`a\n\n${good}`, "ok"],
    [`a\n\nb\n\n${good}`, "ok"],
    [`a\r\n\n${good}`, "Control"],
    [`\n${good}`, "NoEmptyLine"],
    [`\n\n${good}`, "ok"],
    ["a\n", "NoEmptyLine"],
    ["a\n\n", "NoSignature"],
    [`a\n\n${good.trimEnd()}`, "NoFinalNewline"],
    [`a\n\n${good.repeat(33)}`, "TooManySignatures"],
    [`a\n\n${good.repeat(32)}`, "ok"],
    ["a\n\n- k AAAAAAE=\n", "SignatureLine 1"],
    [`a\n\n${good}— k+ AAAAAAE=\n`, "SignatureLine 2"],
    ["a\n\n— k AAAAAA==\n", "SignatureLine 1"],
    ["a\n\n—  AAAAAAE=\n", "SignatureLine 1"],
    ["a\n\n— k AAAAAAF=\n", "SignatureLine 1"],
    ["a\n\n— \u00a0 AAAAAAE=\n", "SignatureLine 1"],
    [`${"a".repeat(16_384)}\n\n${good}`, "TooLong"],
  ] as const)
    assert.equal(await note(text), wanted, JSON.stringify(text.slice(0, 40)));
  assert.equal(await variant(() => remit.parseNote(Uint8Array.of(0xff))), "NotUtf8");
  const empty = remit.base64(await remit.emptyRoot());
  for (const [text, wanted] of [
    [TEXT, "ok"],
    [`${ORIGIN}\n7\n${ROOT}`, "Truncated"],
    [`${TEXT}x\n`, "Extension"],
    [`${TEXT}x`, "Extension"],
    [`a\n07\n${ROOT}\n`, "Size"],
    [`a\n18446744073709551616\n${ROOT}\n`, "Size"],
    [`a\n9223372036854775808\n${ROOT}\n`, "SizeTooLarge"],
    [`a\n9223372036854775807\n${ROOT}\n`, "ok"],
    ["a\n7\nAAAA\n", "Root"],
    [`a b\n7\n${ROOT}\n`, "Origin"],
    [`${"a".repeat(256)}\n7\n${ROOT}\n`, "Origin"],
    [`${"a".repeat(255)}\n7\n${ROOT}\n`, "ok"],
    [`a\n0\n${ROOT}\n`, "RootOfEmpty"],
    [`a\n0\n${empty}\n`, "ok"],
  ] as const)
    assert.equal(await variant(() => remit.parseCheckpoint(text)), wanted, JSON.stringify(text.slice(0, 40)));
});

test("verifier keys", async () => {
  const good = await vkey(ORIGIN, "log", 1);
  const [name, id, key] = good.split("+") as [string, string, string];
  const small = remit.base64(remit.concat(Uint8Array.of(1), new Uint8Array(32)));
  for (const [text, wanted] of [
    [good, "ok"],
    [`${name}+${id}`, "Malformed"],
    [`${name}+${id.toUpperCase()}X+${key}`, "Malformed"],
    [`${name}+${id}+${key.slice(1)}`, "Malformed"],
    [`${name}+${id}+AgAA`, "Kind"],
    [`${name}+${id}+AQAA`, "Malformed"],
    [`a b+${id}+${key}`, "Name"],
    [`+${id}+${key}`, "Name"],
    [`${name}+${id}+${small}`, "Key"],
    [`${name}+00000000+${key}`, "WrongId"],
  ] as const)
    assert.equal(await variant(() => remit.parseVerifierKey(text)), wanted, text);
});

test("trust lines", async () => {
  const keys = new Map<string, string>([["L", await vkey(ORIGIN, "log", 1)]]);
  for (let seed = 2; seed < 9; seed++) keys.set(`W${seed}`, await vkey(`w.example/${seed}`, "witness", seed));
  const parse = (text: string): Promise<string> =>
    variant(() => remit.parseTrust(text.replace(/ (L|W\d)(?=[ \n]|$)/gm, (_, key) => ` ${keys.get(key)}`)));
  const two = "witness a W2\nwitness b W3\n";
  for (const [text, wanted] of [
    ["quorum none", "ok"],
    ["# x\n \t\n\tquorum \t none \nlog L https://log.example/\nwitness a W2\n", "ok"],
    ["witness all W2\ngroup any all all\nquorum any", "ok"],
    ["", "Rule NoQuorum 0"],
    ["quorum none\nquorum none\n", "Rule SecondQuorum 2"],
    ["quorum a\nwitness a W2\n", "Rule Undefined 1"],
    ["witness none W2\n", "Rule Reserved 1"],
    [`${two}group none any a\n`, "Rule Reserved 3"],
    [`${two}group g any none\n`, "Rule Reserved 3"],
    [`${two}witness a W4\n`, "Rule NameTaken 3"],
    [`${two}group a any b\n`, "Rule NameTaken 3"],
    [`${two}group g any c\n`, "Rule Undefined 3"],
    [`${two}group g any g\n`, "Rule Undefined 3"],
    [`${two}group g any a a\n`, "Rule MemberTaken 3"],
    [`${two}group g any a\ngroup h any g\ngroup i any b g\n`, "Rule MemberTaken 5"],
    [`${two}group g 0 a b\n`, "Rule Threshold 3"],
    [`${two}group g 3 a b\n`, "Rule Threshold 3"],
    [`${two}group g 02 a b\n`, "Rule Threshold 3"],
    [`${two}group g all\n`, "Rule Threshold 3"],
    ["log L\nlog L https://log.example/\n", "Rule KeyTaken 2"],
    ["witness a W2\n\nwitness b W2\n", "Rule KeyTaken 3"],
    ["log W2\n", "Rule KeyKind 1"],
    ["witness a L\n", "Rule KeyKind 1"],
    ["\nlogs L\n", "Keyword 2"],
    ["Log L\n", "Keyword 1"],
    ["constructor L\n", "Keyword 1"],
    ["log\n", "Words 1"],
    ["log L a b\n", "Words 1"],
    ["witness a\n", "Words 1"],
    ["group g\n", "Words 1"],
    ["quorum\n", "Words 1"],
    ["log x\n", "Key Malformed 1"],
    ["quorum none\r\n", "Control 1"],
    ["\n# \u007f\nquorum none\n", "Control 2"],
    [`quorum none\n#${"-".repeat(65_536 - 13)}`, "ok"],
    [`quorum none\n#${"-".repeat(65_536 - 12)}`, "TooLong 0"],
  ] as const)
    assert.equal(await parse(text), wanted, JSON.stringify(text.slice(0, 60)));
});

test("proofs as text", async () => {
  const hash = ROOT;
  const note = `${TEXT}\n${await line(ORIGIN, 1)}`;
  const first = "c2sp.org/tlog-proof@v1";
  for (const [text, wanted] of [
    [`${first}\nindex 6\n\n${note}`, "ok"],
    [`${first}\nextra AAEC\nindex 6\n${hash}\n\n${note}`, "ok"],
    ["", "FirstLine"],
    [first, "FirstLine"],
    [`${first}\r\nindex 1\n\n${note}`, "FirstLine"],
    [`${first}\n`, "Index"],
    [`${first}\nindex 1`, "Index"],
    [`${first}\nindex 01\n\n${note}`, "Index"],
    [`${first}\nextra\nindex 1\n\n${note}`, "Index"],
    [`${first}\nextra \nindex 1\n\n${note}`, "Extra"],
    [`${first}\nextra AAF=\nindex 1\n\n${note}`, "Extra"],
    [`${first}\nextra AAEC`, "Extra"],
    [`${first}\nextra AAEC\nextra AAEC\nindex 1\n\n${note}`, "Index"],
    [`${first}\nindex 1\n${hash}`, "Truncated"],
    [`${first}\nindex 1\n${hash}\n`, "Truncated"],
    [`${first}\nindex 1\n${hash}\n${hash}x\n\n${note}`, "Hash 2"],
    [`${first}\nindex 1\n\n`, "Note NoEmptyLine"],
    [`${first}\nindex 1\n\na\n\n— k AAAAAAE=\n`, "Checkpoint Truncated"],
    [`${first}\nindex 7\n\n${note}`, "NotInTree"],
    [`${first}\nindex 6\n${`${hash}\n`.repeat(63)}\n${note}`, "ok"],
    [`${first}\nindex 6\n${`${hash}\n`.repeat(64)}\n${note}`, "TooManyHashes"],
  ] as const)
    assert.equal(
      await variant(() => remit.parseTlogProof(remit.utf8(text))),
      wanted,
      JSON.stringify(text.slice(0, 60)),
    );
});
