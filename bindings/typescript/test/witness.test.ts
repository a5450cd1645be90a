// Every vector of witness.json: what a witness answers, by what it knows.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as remit from "../src/index.js";
import { keyId } from "../src/c2sp/vkey.js";
import { bytes, vectors, type Vector } from "./helpers.js";

const ORIGIN = "log.example/one";

async function witnessOf({ input }: Vector): Promise<remit.Witness> {
  const signer = await remit.LocalSigner.fromSeed(bytes(input.witness.seed));
  return remit.Witness.create(signer, input.witness.name, input.keys);
}

function known({ input: { latest } }: Vector): Map<string, remit.Latest> {
  if (latest === null) return new Map();
  const { size, root, time_s } = latest;
  return new Map([[ORIGIN, { size: BigInt(size), root: bytes(root), time: BigInt(time_s) }]]);
}

/** Whether who trusts the witness accepts the note with its line, at the time that it says and not before. */
async function counts(vector: Vector, witness: remit.Witness, reply: remit.Reply): Promise<boolean> {
  const body = Buffer.from(bytes(vector.input.body)).toString();
  const note = remit.utf8(body.slice(body.indexOf("\n\n") + 2) + reply.body);
  const logs = vector.input.keys.map((key: string) => `log ${key}\n`).join("");
  const trust = await remit.parseTrust(`${logs}witness w ${witness.vkey}\nquorum w\n`);
  const time = (reply.latest?.time ?? assert.fail("nothing to keep")) * 1000n;
  const accepted = await remit.accept(trust, note, time, 0n);
  assert.equal(accepted.evidenceTime, time);
  await assert.rejects(remit.accept(trust, note, time - 1n, 0n), { code: "clock" });
  return true;
}

test("witness", async () => {
  const answers = new Map<string, number>();
  for (const vector of vectors("witness", 52)) {
    const { name, input, result, values = {} } = vector;
    const witness = await witnessOf(vector);
    const reply = await witness.reply(bytes(input.body), known(vector), BigInt(input.now_s));
    assert.equal(reply.answer, result, name);
    assert.deepEqual([reply.status, reply.evidence], [values.status, values.evidence], name);
    if (values.body === undefined) assert.ok(reply.body.startsWith(reply.answer), name);
    else assert.equal(reply.body, values.body, name);
    assert.equal(reply.latest !== undefined, result === "ok", name);
    if (result === "ok") assert.ok(await counts(vector, witness, reply));
    answers.set(result, (answers.get(result) ?? 0) + 1);
  }
  assert.equal(answers.size, 10, [...answers.keys()].join(" "));
  assert.ok((answers.get("ok") ?? 0) >= 10);
});

test("one key has one role", async () => {
  const signer = await remit.LocalSigner.fromSeed(new Uint8Array(32).fill(1));
  const log = await remit.LocalSigner.fromSeed(new Uint8Array(32).fill(2));
  const vkey = async (kind: "log" | "witness", { publicKey }: remit.Signer): Promise<string> => {
    const raw = remit.concat(Uint8Array.of(kind === "log" ? 1 : 4), publicKey);
    return `a+${remit.hex(await keyId("a", kind, publicKey))}+${remit.base64(raw)}`;
  };
  const good = await vkey("log", log);
  const made = async (name: string, ...logs: string[]): Promise<string> => {
    try {
      return (await remit.Witness.create(signer, name, logs)).vkey.slice(0, 2);
    } catch (error) {
      return error instanceof remit.C2spError ? error.variant : assert.fail(String(error));
    }
  };
  assert.equal(await made("w", good), "w+");
  assert.equal(await made("w"), "NoLog");
  assert.equal(await made("a b", good), "Name");
  assert.equal(await made("w", good, await vkey("witness", log)), "NotOfALog");
  assert.equal(await made("w", await vkey("log", signer)), "KeyTaken");
  assert.equal(await made("w", "no key"), "Malformed");
});

test("what is wrong with a request has a name", () => {
  const hash = remit.base64(new Uint8Array(32));
  const note = `a\n7\n${hash}\n\n— k AAAAAAE=\n`;
  for (const [text, wanted] of [
    [`old 3\n${hash}\n\n${note}`, "ok"],
    [`old 0\n\na\n0\n${hash}\n\n— k AAAAAAE=\n`, "ok"],
    [`old 3\n${`${hash}\n`.repeat(63)}\n${note}`, "ok"],
    [`old 3\n${`${hash}\n`.repeat(64)}\n${note}`, "TooManyHashes"],
    [`old 3\n${`${hash}\n`.repeat(63)}x\n${note}`, "TooManyHashes"],
    ["old 3", "Old"],
    ["old 03\n", "Old"],
    ["old 3\n", "Truncated"],
    ["old 3\n\n", "Note NoEmptyLine"],
    [`old 3\n${hash}`, "Truncated"],
    [`old 3\n${hash}\n`, "Truncated"],
    [`old 3\n${hash}\nx\n`, "Hash 2"],
    [`old 3\n\n${note.replace("\n7\n", "\n07\n")}`, "Checkpoint Size"],
    ["x".repeat(remit.limits.ADD_CHECKPOINT_BYTES_MAX), "Old"],
    ["x".repeat(remit.limits.ADD_CHECKPOINT_BYTES_MAX + 1), "TooLong"],
  ] as const) {
    let came = "ok";
    try {
      remit.parseAddCheckpoint(remit.utf8(text));
    } catch (error) {
      if (!(error instanceof remit.C2spError)) throw error;
      came = [error.variant, error.inner, error.line].filter((part) => part !== undefined).join(" ");
    }
    assert.equal(came, wanted, JSON.stringify(text.slice(0, 60)));
  }
});
