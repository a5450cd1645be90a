// Opens a proof of a lease: after it the payee need ask nobody until he settles (spec 16 §5).

import { equal } from "../bytes.js";
import { accept } from "../c2sp/accept.js";
import { checkSignature, decodeSign1, identify, type Signed } from "../cose.js";
import { need, present, refuse, RemitError } from "../errors.js";
import { leafHash } from "../hash.js";
import { LEASE, TOKEN } from "../labels.js";
import { DEPTH_MAX } from "../limits.js";
import { decodeCommon, detailsDigest, type Facts } from "../log/details.js";
import { decodeEntry, type Entry, type Outcome } from "../log/entry.js";
import { verifyInclusion } from "../merkle/inclusion.js";
import { greatest, least, saturating } from "../numbers.js";
import { decodeLease, type Lease } from "../object/lease.js";
import { decodeToken, type Token } from "../object/token.js";
import { isKey } from "../key_check.js";
import { isOutcomeOf, openProof } from "../verify/funding.js";
import { trustsIssuer, type Policy } from "../verify/policy.js";
import { decodeLeaseProof, type LeaseProof } from "./proof.js";

/** Numbers of facts (spec 03 §5). */
const FACT = { amount: 3, deadline: 10, perUse: 14, unapproved: 15 } as const;

/** A lease of which everything that its payee can see is checked. */
export interface OpenLease {
  readonly ledger: Uint8Array;
  /** The lease's id. */
  readonly id: Uint8Array;
  readonly lease: Lease;
  /** The key that opened it: the only one whose vouchers are taken. */
  readonly holder: Uint8Array;
  /** Most of one use, if a link says. */
  readonly perUse: bigint | undefined;
  /** The tokens of its chain, the root first; what they allow is folded when a voucher is judged. */
  readonly tokens: readonly Token[];
  /** The newest time of the proof, in milliseconds. */
  readonly newest: bigint;
}

/**
 * Opens a proof of a lease at `now`, in milliseconds, under the payee's policy. Throws the code of what is
 * wrong.
 */
export async function openLease(bytes: Uint8Array, policy: Policy, now: bigint): Promise<OpenLease> {
  const shown = decodeLeaseProof(bytes);
  const proof = await openProof(shown.proof);
  const checkpoint = await accept(policy.trust, proof.note, now, policy.skew);
  const ledger = present(policy.ledgers.get(checkpoint.origin), "wrong_ledger");
  const leaf = await leafHash(shown.entry);
  need(await verifyInclusion(leaf, proof.index, checkpoint.size, proof.path, checkpoint.root), "bad_proof");
  const { object, lease } = await signedLease(shown, ledger);
  const { outcome, facts } = await readOutcome(shown, object.id, lease);
  need(outcome.time <= saturating(now + policy.skew), "clock");
  need(equal(lease.payee, policy.party), "wrong_audience");
  const tokens = await openChain(shown, ledger, lease, policy);
  const newest = greatest(outcome.time, ...checkpoint.times);
  return { ledger, id: object.id, lease, holder: object.kid, perUse: perUseOf(facts), tokens, newest };
}

/** The most that one use may be, by the facts of a lease. */
export function perUseOf(facts: Facts): bigint | undefined {
  const [perUse, unapproved] = [facts.get(FACT.perUse), facts.get(FACT.unapproved)];
  return least(
    typeof perUse === "bigint" ? perUse : undefined,
    typeof unapproved === "bigint" ? unapproved : undefined,
  );
}

/** The lease of a proof, its signature checked. */
export async function signedLease(
  shown: LeaseProof,
  ledger: Uint8Array,
): Promise<{ object: Signed; lease: Lease }> {
  const sign1 = decodeSign1(shown.lease);
  const lease = decodeLease(sign1.payload);
  const object = await identify(sign1, LEASE, ledger);
  await checkSignature(object);
  return { object, lease };
}

/** The facts of a lease among those of its entry; nothing if they cannot be read. */
export function factsOf(shown: LeaseProof, id: Uint8Array): Facts | undefined {
  const place = shown.ids.findIndex((each) => equal(each, id));
  return unlessRefused(() => decodeCommon(shown.common))?.facts[Math.max(place, 0)];
}

async function readOutcome(
  shown: LeaseProof,
  id: Uint8Array,
  lease: Lease,
): Promise<{ outcome: Outcome; facts: Facts }> {
  const entry = present(
    unlessRefused((): Entry => decodeEntry(shown.entry)),
    "not_funding",
  );
  if (entry.kind === "genesis" || entry.kind === "commitment") refuse("not_funding");
  need(await isOutcomeOf(entry, shown.ids, "lease", id), "not_funding");
  need(equal(await detailsDigest(shown.common, shown.links), entry.details), "not_funding");
  const facts = present(factsOf(shown, id), "not_funding");
  need(facts.get(FACT.amount) === lease.amount && facts.get(FACT.deadline) === lease.settleBy, "not_funding");
  return { outcome: entry, facts };
}

function unlessRefused<T>(step: () => T): T | undefined {
  try {
    return step();
  } catch (error) {
    if (error instanceof RemitError) return undefined;
    throw error;
  }
}

async function openChain(
  shown: LeaseProof,
  ledger: Uint8Array,
  lease: Lease,
  policy: Policy,
): Promise<Token[]> {
  need(shown.tokens.length <= DEPTH_MAX, "too_deep");
  let above: Uint8Array | undefined;
  const tokens: Token[] = [];
  for (const bytes of shown.tokens) {
    const sign1 = decodeSign1(bytes);
    const token = decodeToken(sign1.payload);
    need(isKey(sign1.kid), "bad_key");
    const object = await identify(sign1, TOKEN, ledger);
    checkPlace(token, above, policy);
    if (policy.loggedLinks === "verify") await checkSignature(object);
    tokens.push(token);
    above = object.id;
  }
  need(above !== undefined && equal(above, lease.token), "wrong_token");
  return tokens;
}

function checkPlace({ origin }: Token, above: Uint8Array | undefined, policy: Policy): void {
  if (above === undefined) {
    if (origin.mode !== "root") refuse("broken_chain");
    need(trustsIssuer(policy, origin.issuer), "untrusted_issuer");
  } else {
    need(origin.mode === "logged" && equal(origin.parent, above), "broken_chain");
  }
}
