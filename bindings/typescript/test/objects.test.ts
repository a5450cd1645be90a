// Every vector of objects.json: decoded, written again, and what is derived from it.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as remit from "../src/index.js";
import { bytes, consumed, count, outcome, same, vectors, type Vector } from "./helpers.js";

/** For each kind the decoded object written again. */
const WRITTEN: Record<string, (data: Uint8Array) => Uint8Array> = {
  sign1: (data) => remit.encodeSign1(remit.decodeSign1(data)),
  token: (data) => remit.encodeToken(remit.decodeToken(data)),
  sealed: (data) => remit.encodeSealed(remit.decodeSealed(data)),
  invocation: (data) => remit.encodeInvocation(remit.decodeInvocation(data)),
  argument: (data) => remit.encodeArgument(remit.decodeArgument(data)),
  use: (data) => remit.encodeUse(remit.decodeUse(data)),
  entry: (data) => remit.encodeEntry(remit.decodeEntry(data)),
  leaf: (data) => remit.encodeLeaf(remit.decodeLeaf(data)),
  link: (data) => remit.encodeLinkPart(remit.decodeLinkPart(data)),
  values: (data) => remit.encodeValues(remit.decodeValues(data)),
  presentation: (data) => remit.encodePresentation(remit.decodePresentation(data)),
  evidence: (data) => remit.encodeEvidence(remit.decodeEvidence(data)),
  case: (data) => remit.encodeCase(remit.decodeCase(data)),
};

function written(kind: string, data: Uint8Array): Uint8Array {
  const act = kind.slice("act:".length);
  if (kind.startsWith("act:") && remit.isActKind(act)) return remit.encodeAct(remit.decodeAct(act, data));
  const write = WRITTEN[kind] ?? assert.fail(`an object of kind ${kind}`);
  return write(data);
}

/** What is derived from an object's bytes. */
const DERIVED: Record<string, (vector: Vector, data: Uint8Array) => Promise<Uint8Array>> = {
  authority: (_, data) => remit.authorityDigest(data),
  leaf_hash: (_, data) => remit.leafHash(data),
  digest: async ({ input }, data) =>
    input.kind === "argument" ? remit.argumentDigest(remit.decodeArgument(data)) : remit.sha256(data),
  request: async ({ input }, data) => {
    const act = input.kind.slice("act:".length);
    const kind = remit.isActKind(act) ? act : assert.fail(`a request in ${input.kind}`);
    const id = await remit.requestOf(bytes(input.ledger), remit.decodeAct(kind, data));
    return id ?? assert.fail("no request");
  },
  id: async ({ input }, data) =>
    (await remit.identify(remit.decodeSign1(data), input.label, bytes(input.ledger))).id,
  sig_structure: async ({ input }, data) =>
    (await remit.identify(remit.decodeSign1(data), input.label, bytes(input.ledger))).structure,
};

async function run(vector: Vector): Promise<void> {
  const { input, name, values = {} } = vector;
  if (input.kind === "path") {
    return assert.equal(remit.isPath(input.text) ? "ok" : "malformed", vector.result, name);
  }
  const data = bytes(input.bytes);
  if (input.kind === "public_key")
    return assert.equal(remit.isKey(data) ? "ok" : "bad_key", vector.result, name);
  const came = await outcome(() => same(written(input.kind, data), input.bytes, name));
  assert.equal(came, vector.result, name);
  for (const [key, wanted] of Object.entries(values)) {
    if (key === "diagnostic") continue;
    const derive = DERIVED[key] ?? assert.fail(`${name}: a value ${key}`);
    same(await derive(vector, data), wanted, `${name}: ${key}`);
  }
}

test("objects", async () => {
  const kinds = new Map<string, number>();
  for (const vector of vectors("objects", 1408)) {
    await run(vector);
    count(kinds, vector.input.kind);
  }
  const acts = Object.entries(remit.KINDS)
    .map(([kind]) => kind)
    .filter(remit.isActKind);
  consumed(kinds, [...Object.keys(WRITTEN), ...acts.map((act) => `act:${act}`), "path", "public_key"]);
});
