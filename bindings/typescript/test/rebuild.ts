// Makes cases anew with something in them changed, signed and proved as if it had always been so: the keys of
// verdicts.json are 32 times one byte each.

import assert from "node:assert/strict";
import * as remit from "../src/index.js";
import { split } from "../src/merkle/multiproof.js";
import { bytes, vectors } from "./helpers.js";

let all: Promise<Map<string, remit.Signer>> | undefined;

/** Every key that is 32 times one byte, by its public key in hexadecimal. */
export function byteSigners(): Promise<Map<string, remit.Signer>> {
  all ??= (async () => {
    const signers = new Map<string, remit.Signer>();
    for (let byte = 1; byte < 256; byte++) {
      const signer = await remit.LocalSigner.fromSeed(new Uint8Array(32).fill(byte));
      signers.set(remit.hex(signer.publicKey), signer);
    }
    return signers;
  })();
  return all;
}

/** The case of a vector of verdicts.json. */
export function caseOf(name: string): remit.Case {
  const vector = vectors("verdicts", 1).find((each) => each.name === name) ?? assert.fail(name);
  return remit.decodeCase(bytes(vector.input.case));
}

/** Another payload under the key of a signed object. */
export async function signedAnew(
  object: Uint8Array,
  label: string,
  ledger: Uint8Array,
  payload: Uint8Array,
): Promise<remit.SignedBytes> {
  const { kid } = remit.decodeSign1(object);
  const signer = (await byteSigners()).get(remit.hex(kid)) ?? assert.fail("an unknown key");
  return remit.signObject(signer, label, ledger, payload);
}

/** A case with another invocation, signed by the same holder. */
export async function withInvocation(c: remit.Case, change: Partial<remit.Invocation>): Promise<remit.Case> {
  const { ledger } = remit.decodePresentation(c.presentation);
  const before = c.invocation ?? assert.fail("no invocation");
  const asked = { ...remit.decodeInvocation(remit.decodeSign1(before).payload), ...change };
  const payload = remit.encodeInvocation(asked);
  const { bytes: invocation } = await signedAnew(before, remit.labels.INVOCATION, ledger, payload);
  return { ...c, invocation };
}

/** A case whose last token says something else, with its leaf, if it has one. */
export async function withLastToken(c: remit.Case, change: Partial<remit.Token>): Promise<remit.Case> {
  const shown = remit.decodePresentation(c.presentation);
  const last = shown.tokens.at(-1) ?? assert.fail("no tokens");
  const object = await remit.identify(remit.decodeSign1(last), remit.labels.TOKEN, shown.ledger);
  const payload = remit.encodeToken({ ...remit.decodeToken(object.payload), ...change });
  const { id, bytes: token } = await signedAnew(last, remit.labels.TOKEN, shown.ledger, payload);
  const authority = await remit.authorityDigest(payload);
  const tokens = [...shown.tokens.slice(0, -1), token];
  return withLeaves({ ...c, presentation: remit.encodePresentation({ ...shown, tokens }) }, (leaf) => {
    if (!remit.equal(leaf.id, object.id) || !remit.isLeafOf(leaf, "token")) return leaf;
    return { ...leaf, id, body: { ...leaf.body, authority, expires: change.expires ?? leaf.body.expires } };
  });
}

/** A case of another state: its leaves are changed, and proved. */
export async function withLeaves(
  c: remit.Case,
  change: (leaf: remit.Leaf) => remit.Leaf,
): Promise<remit.Case> {
  const shown = remit.decodePresentation(c.presentation);
  const leaves = shown.leaves.map((leaf) => remit.encodeLeaf(change(remit.decodeLeaf(leaf))));
  const entry = remit.decodeEntry(shown.commitment);
  if (entry.kind !== "commitment") return assert.fail("no commitment");
  const indexed = await Promise.all(
    leaves.map(async (leaf) => ({ index: remit.decodeLeaf(leaf).index, hash: await remit.leafHash(leaf) })),
  );
  const stateRoot = await stateRootOf(indexed, entry.stateSize, [...shown.stateProof]);
  const commitment = remit.encodeEntry({ ...entry, stateRoot });
  const note = await noteOver(shown, commitment);
  return { ...c, presentation: remit.encodePresentation({ ...shown, leaves, commitment, note }) };
}

async function stateRootOf(
  leaves: remit.IndexedLeaf[],
  size: bigint,
  siblings: Uint8Array[],
): Promise<Uint8Array> {
  const walk = async (start: bigint, count: bigint): Promise<Uint8Array> => {
    const here = leaves.filter(({ index }) => index >= start && index < start + count);
    const [first] = here;
    if (first === undefined) return siblings.shift() ?? assert.fail("too few siblings");
    if (count === 1n) return first.hash;
    const k = split(count);
    const left = await walk(start, k);
    return remit.nodeHash(left, await walk(start + k, count - k));
  };
  return walk(0n, size);
}

/** The note with the root that the commitment has now as the last entry; signed anew by all who had signed. */
async function noteOver(shown: remit.Presentation, commitment: Uint8Array): Promise<Uint8Array> {
  const { text, lines } = remit.parseNote(shown.note);
  const [origin, size] = text.split("\n");
  // The last leaf of a tree is right of all others.
  let root = await remit.leafHash(commitment);
  for (const sibling of shown.commitmentPath) root = await remit.nodeHash(sibling, root);
  const fresh = `${origin}\n${size}\n${remit.base64(root)}\n`;
  const signers = [...(await byteSigners()).values()];
  const signed = await Promise.all(lines.map((line) => lineOver(line, fresh, text, signers)));
  return remit.utf8(`${fresh}\n${signed.join("")}`);
}

async function lineOver(
  line: remit.NoteLine,
  fresh: string,
  before: string,
  signers: readonly remit.Signer[],
): Promise<string> {
  const time = line.signature.length === 72 ? line.signature.subarray(0, 8) : new Uint8Array();
  const message = (text: string): Uint8Array =>
    remit.utf8(time.length === 0 ? text : `cosignature/v1\ntime ${BigInt(`0x${remit.hex(time)}`)}\n${text}`);
  for (const signer of signers) {
    const good = await remit.verifies(
      signer.publicKey,
      message(before),
      line.signature.subarray(time.length),
    );
    if (!good) continue;
    const signature = await signer.sign(message(fresh));
    return `— ${line.name} ${remit.base64(remit.concat(line.id, time, signature))}\n`;
  }
  return assert.fail("a line of an unknown key");
}

/** A case whose last entry is another one, under a checkpoint of its own. */
export async function withEntry(c: remit.Case, commitment: Uint8Array): Promise<remit.Case> {
  const shown = remit.decodePresentation(c.presentation);
  const note = await noteOver(shown, commitment);
  return { ...c, presentation: remit.encodePresentation({ ...shown, commitment, note }) };
}
