// What holders sign: the same bytes as in the vectors, whose keys are known and whose signatures are
// deterministic.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as remit from "../src/index.js";
import { bytes, list, outcome, same, vectors } from "./helpers.js";

/** The keys of verdicts.json: 32 times one byte. */
async function byteSigners(): Promise<Map<string, remit.Signer>> {
  const all = new Map<string, remit.Signer>();
  for (let byte = 1; byte < 256; byte++) {
    const signer = await remit.LocalSigner.fromSeed(new Uint8Array(32).fill(byte));
    all.set(remit.hex(signer.publicKey), signer);
  }
  return all;
}

test("invocations and offline links are those of the vectors", async () => {
  const signers = await byteSigners();
  let [invocations, links] = [0, 0];
  for (const { input, result, name } of vectors("verdicts", 128)) {
    if (result !== "ok") continue;
    const shown = remit.decodeCase(bytes(input.case));
    const presentation = remit.decodePresentation(shown.presentation);
    if (shown.invocation !== undefined) {
      const object = remit.decodeSign1(shown.invocation);
      const asked = remit.decodeInvocation(object.payload);
      const signer = signers.get(remit.hex(object.kid));
      if (
        signer !== undefined &&
        (asked.arguments?.size ?? 0) === shown.arguments.length &&
        asked.bundle === undefined
      ) {
        const again = await remit.signInvocation(signer, presentation.ledger, {
          ...asked,
          arguments: shown.arguments,
        });
        same(again.bytes, remit.hex(shown.invocation), name);
        invocations += 1;
      }
    }
    for (const [at, token] of presentation.tokens.entries()) {
      const object = remit.decodeSign1(token);
      const claims = remit.decodeToken(object.payload);
      const signer = signers.get(remit.hex(object.kid));
      // Attenuation states the end of its life where `valid until` has no effect.
      const own = claims.origin.mode === "offline" && signer !== undefined;
      if (!own) continue;
      const above = remit.encodePresentation({ ...presentation, tokens: presentation.tokens.slice(0, at) });
      const { validUntil, ...link } = claims;
      const made = await remit.attenuate(signer, above, { ...link, validUntil }, shown.now);
      same(made.link, remit.hex(token), name);
      links += 1;
    }
  }
  assert.ok(invocations > 10 && links > 3, `${invocations} ${links}`);
});

async function leaseScene(): Promise<{ wallet: remit.Wallet; signer: remit.Signer; all: Map<string, any> }> {
  const all = new Map(vectors("vouchers", 59).map((vector) => [vector.name, vector]));
  const proof = all.get("proof");
  const signer = await remit.LocalSigner.fromSeed(
    await remit.sha256(remit.utf8("remit vectors"), remit.utf8("agent")),
  );
  const wallet = await remit.newWallet(bytes(proof?.values?.ledger), bytes(proof?.input.proof));
  return { wallet, signer, all };
}

function wantedOf(vector: any): remit.Wanted {
  const { asked, payment } = remit.decodeVoucher(bytes(vector.input.voucher));
  const shown = list(vector.input.arguments).map(remit.decodeArgument);
  return { ...asked, amount: payment.amount, arguments: shown };
}

test("vouchers are those of the vectors", async () => {
  const scene = await leaseScene();
  let { wallet } = scene;
  for (const name of ["first", "second"]) {
    const vector = scene.all.get(name);
    const now = BigInt(vector.input.now_ms);
    const signed = await remit.signVoucher(wallet, scene.signer, wantedOf(vector), now);
    same(signed.voucher, vector.input.voucher, name);
    wallet = await remit.decodeWallet(remit.encodeWallet(signed.wallet));
    assert.deepEqual(wallet, signed.wallet);
  }
  assert.equal(remit.tallyOf(wallet).edge.size, 2n);
  const torn = remit.encodeWallet({ ...wallet, before: remit.tallyOf(wallet) });
  assert.equal(await outcome(() => remit.decodeWallet(torn)), "malformed");
});

test("a wallet refuses to exceed, and to go back more than one step", async () => {
  const { wallet, signer, all } = await leaseScene();
  const first = all.get("first");
  const now = BigInt(first.input.now_ms);
  const wanted = wantedOf(first);
  const sign = (
    from: remit.Wallet,
    change: Partial<remit.Wanted>,
    at = now,
    by: remit.Signer = signer,
  ): Promise<string> => outcome(() => remit.signVoucher(from, by, { ...wanted, ...change }, at));
  const other = await remit.LocalSigner.generate();
  assert.equal(await sign(wallet, {}, now, other), "wrong_holder");
  assert.equal(await sign(wallet, { amount: 0n }), "bad_amount");
  assert.equal(await sign(wallet, { amount: 121n }), "above_per_use");
  assert.equal(await sign(wallet, {}, 1000n * wallet.lease.spendUntil), "spend_over");
  assert.equal(await sign(wallet, { validUntil: now / 1000n }), "too_late");
  assert.equal(await sign(wallet, { validUntil: now / 1000n + 61n }), "too_early");
  assert.equal(await sign(wallet, { action: "" }), "malformed");
  let spent = wallet;
  for (const amount of [120n, 120n, 60n])
    spent = (await remit.signVoucher(spent, signer, { ...wanted, amount }, now)).wallet;
  assert.equal(remit.tallyOf(spent).cumulative, 300n);
  assert.equal(await sign(spent, { amount: 1n }), "above_leased");
  const back = remit.takeBack(spent);
  assert.equal(remit.tallyOf(back).cumulative, 240n);
  assert.equal(await sign(back, { amount: 61n }), "above_leased");
  assert.equal(await outcome(() => remit.takeBack(back)), "wrong_number");
  assert.equal(await sign(back, { amount: 60n }), "ok");
});

test("a link is no wider than what it hangs below", async () => {
  const signers = await byteSigners();
  const vector = vectors("verdicts", 128).find(({ input, result }) => {
    const { presentation } = remit.decodeCase(bytes(input.case));
    const { tokens } = remit.decodePresentation(presentation);
    return result === "ok" && tokens.length > 1 && modeOf(tokens.at(-1)) === "offline";
  });
  const shown = remit.decodeCase(bytes(vector?.input.case));
  const whole = remit.decodePresentation(shown.presentation);
  const at = whole.tokens.findIndex((token) => modeOf(token) === "offline");
  const first = whole.tokens[at] ?? assert.fail();
  const signer = signers.get(remit.hex(remit.decodeSign1(first).kid)) ?? assert.fail();
  const presentation = remit.encodePresentation({ ...whole, tokens: whole.tokens.slice(0, at) });
  const holder = (await remit.LocalSigner.generate()).publicKey;
  const seconds = shown.now / 1000n;
  const link = { holder, expires: seconds + 600n };
  const make = (change: Partial<remit.Link>, by = signer): Promise<string> =>
    outcome(() => remit.attenuate(by, presentation, { ...link, ...change }, shown.now));
  assert.equal(await make({}), "ok");
  assert.equal(await make({}, await remit.LocalSigner.generate()), "wrong_signer");
  assert.equal(await make({ expires: seconds }), "bad_time");
  assert.equal(await make({ expires: seconds + 3601n }), "bad_time");
  assert.equal(await make({ expires: seconds + 3600n }), "ok");
  assert.equal(await make({ delegation: { mode: 2, depth: 8 } }), "wider_than_parent");
  assert.equal(await make({ permissions: [{ resources: ["elsewhere"] }] }), "wider_than_parent");
});

function modeOf(token: Uint8Array | undefined): string {
  return token === undefined ? "" : remit.decodeToken(remit.decodeSign1(token).payload, true).origin.mode;
}
