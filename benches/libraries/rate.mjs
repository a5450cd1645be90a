// How long a verdict takes in Node: `rate.mjs CASE`. One line, as that of verifier/examples/rate.rs. This library remembers
// nothing, so that the second figure is the first.

import { generateKeyPairSync, sign, verify as check } from "node:crypto";
import { readFileSync } from "node:fs";

import { decodeCase, parsePolicy, verify } from "../../bindings/typescript/dist/src/index.js";

async function micros(work) {
  const start = performance.now();
  let count = 0;
  for (; performance.now() - start < 1000; count++) await work();
  return ((performance.now() - start) * 1000) / count;
}

const seen = decodeCase(readFileSync(process.argv[2]));
const policy = await parsePolicy(seen.policy);
const judge = async () => {
  const verdict = await verify(seen, policy);
  if (verdict.decision !== "allowed") throw new Error(`not allowed: ${verdict.code}`);
};
const first = await micros(judge);
const { publicKey, privateKey } = generateKeyPairSync("ed25519");
const message = Buffer.alloc(200, 1);
const signature = sign(null, message, privateKey);
const one = await micros(() => {
  if (!check(null, message, publicKey, signature)) throw new Error("a check that fails");
});
console.log(`node ${first.toFixed(1)} ${first.toFixed(1)} ${one.toFixed(1)} node:crypto`);
