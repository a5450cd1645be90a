// Operations as they are submitted and kept (spec 02 §6, §7).

import { equal } from "../bytes.js";
import { Reader } from "../cbor.js";
import { checkSignature, decodeSign1, identify, type Sign1, type Signed } from "../cose.js";
import { need, present, refuse } from "../errors.js";
import { checkKey } from "../key_check.js";
import { KINDS, RESERVED_KINDS, type Kind } from "../kinds.js";
import { APPROVE, INVOCATION, SUBMISSION, TOKEN } from "../labels.js";
import {
  APPROVAL_BYTES_MAX,
  APPROVALS_MAX,
  BUNDLE_MEMBERS_MAX,
  DEPTH_MAX,
  OBJECT_BYTES_MAX,
  SEALED_BYTES_MAX,
  SIGNATURES_MAX,
} from "../limits.js";
import { bytesOf, decodeAct, encodeAct, isActKind, type Act } from "./act.js";
import { decodeSealed, sealedDigest, type Sealed } from "./budget.js";
import { bundleDigest, combinedId, payloadId } from "./ids.js";
import { decodeInvocation, encodeInvocation, type Invocation } from "./invocation.js";
import { decodeToken, encodeToken, type Token } from "./token.js";

/** What an operation says. */
export type Body =
  /** With the sealed claims that were opened to the ledger. */
  | { readonly is: "token"; readonly token: Token; readonly sealed: Sealed }
  | { readonly is: "reserve"; readonly invocation: Invocation; readonly others: readonly Signed[] }
  /** With the approvals that travel with a lease. */
  | { readonly is: "act"; readonly act: Act; readonly others: readonly Signed[] };

/** One operation: its signed objects, all over the same payload, and what they say. */
export interface Operation {
  readonly kind: Kind;
  readonly objects: readonly Signed[];
  /** The operation id. */
  readonly id: Uint8Array;
  /** The payload id; of a reserve there is none. */
  readonly payloadId: Uint8Array | undefined;
  readonly body: Body;
}

/** A submission whose signatures all verify under the keys that they name. */
export interface Submission {
  readonly ledger: Uint8Array;
  readonly operations: readonly Operation[];
  /** The id of the entry that it becomes. */
  readonly id: Uint8Array;
  /** The kind of that entry. */
  readonly kind: Kind;
}

interface Member {
  readonly kind: Kind;
  readonly objects: readonly Uint8Array[];
  readonly sealed: Uint8Array | undefined;
  readonly links: readonly Uint8Array[];
  readonly approvals: readonly Uint8Array[];
}

/** Decodes a submission and checks its signatures, in the order of spec 02 §6. */
export async function decodeSubmission(bytes: Uint8Array, ledger: Uint8Array): Promise<Submission> {
  const [named, members] = decodeMembers(bytes);
  const operations: Operation[] = [];
  for (const member of members) operations.push(await decodeOperation(member, named));
  await checkBundle(operations);
  need(equal(named, ledger), "wrong_ledger");
  for (const operation of operations) await checkOperation(operation, ledger);
  const id = await combinedId(operations.map((operation) => operation.id));
  const kind = operations.length > 1 ? "bundle" : present(operations[0], "malformed").kind;
  return { ledger: named, operations, id, kind };
}

function decodeMembers(bytes: Uint8Array): [Uint8Array, Member[]] {
  return Reader.whole(bytes, OBJECT_BYTES_MAX, (r) => {
    r.arrayOf(3);
    r.label(SUBMISSION);
    const ledger = r.id();
    const members = r.list(BUNDLE_MEMBERS_MAX, () => readMember(r));
    need(members.length > 0, "malformed", "no members");
    return [ledger, members];
  });
}

function readMember(r: Reader): Member {
  const parts = r.array(5);
  const kind = signedKind(r.u64());
  const objects = r.list(SIGNATURES_MAX, () => r.bytes(OBJECT_BYTES_MAX));
  const sealed = r.nullable(() => r.bytes(SEALED_BYTES_MAX));
  const links = r.list(DEPTH_MAX, () => r.bytes(OBJECT_BYTES_MAX));
  need(parts >= 4, "malformed", "a member of another length");
  const approvals = parts === 5 ? r.list(APPROVALS_MAX, () => r.bytes(APPROVAL_BYTES_MAX)) : [];
  need(parts === 4 || approvals.length > 0, "not_canonical", "an empty list of approvals");
  return { kind, objects, sealed, links, approvals };
}

function signedKind(number: bigint): Kind {
  need(!RESERVED_KINDS.some((reserved) => BigInt(reserved) === number), "not_enabled");
  const kinds = Object.entries(KINDS) as [Kind, (typeof KINDS)[Kind]][];
  const found = kinds.find(([, kind]) => BigInt(kind.number) === number && kind.label !== null);
  return present(found, "unknown_kind")[0];
}

async function decodeOperation(member: Member, ledger: Uint8Array): Promise<Operation> {
  const { kind } = member;
  const objects = member.objects.map(decodeSign1);
  const payload = present(objects[0], "malformed", "no objects").payload;
  need(
    objects.every((object) => equal(object.payload, payload)),
    "malformed",
    "several payloads",
  );
  const body = await decodeBody(member, payload, ledger);
  const reserve = body.is === "reserve";
  const sealed = body.is === "token" || kind === "transfer" || kind === "trade";
  need(sealed || member.sealed === undefined, "malformed", "sealed claims");
  need(reserve || member.links.length === 0, "malformed", "links");
  need(reserve || kind === "lease" || member.approvals.length === 0, "malformed", "approvals");
  const label = KINDS[kind].label ?? refuse("unknown_kind");
  const identified: Signed[] = [];
  for (const object of objects) {
    checkKey(object.kid);
    identified.push(await identify(object, label, ledger));
  }
  const id = await combinedId(identified.map((object) => object.id));
  const said = reserve ? undefined : await payloadId(ledger, kind, payload);
  return { kind, objects: identified, id, payloadId: said, body };
}

async function decodeBody(member: Member, payload: Uint8Array, ledger: Uint8Array): Promise<Body> {
  const { kind } = member;
  if (kind === "issue" || kind === "delegate") {
    const token = decodeToken(payload);
    need(token.origin.mode === (kind === "issue" ? "root" : "logged"), "malformed", "another mode");
    return { is: "token", token, sealed: await checkSealed(member.sealed, token.sealed) };
  }
  if (kind === "reserve") {
    const invocation = decodeInvocation(payload);
    const others: Signed[] = [];
    for (const link of member.links)
      others.push(await decodeOther(link, TOKEN, ledger, (object) => void decodeToken(object.payload)));
    others.push(...(await decodeApprovals(member, ledger)));
    return { is: "reserve", invocation, others };
  }
  if (!isActKind(kind)) refuse("unknown_kind");
  const act = decodeAct(kind, payload);
  if (kind === "transfer" || kind === "trade") await checkSealed(member.sealed, bytesOf(act, 8));
  return { is: "act", act, others: kind === "lease" ? await decodeApprovals(member, ledger) : [] };
}

async function decodeApprovals(member: Member, ledger: Uint8Array): Promise<Signed[]> {
  const approvals: Signed[] = [];
  for (const approval of member.approvals)
    approvals.push(await decodeOther(approval, APPROVE, ledger, decodeApproval));
  return approvals;
}

/**
 * The payload of an approval that travels along; throws `bundle_mismatch` for one with a bundle digest (spec
 * 17 §3).
 */
export function decodeApproval(object: Sign1): Act {
  const approval = decodeAct("approve", object.payload);
  need(!approval.fields.has(3), "bundle_mismatch");
  return approval;
}

async function decodeOther(
  bytes: Uint8Array,
  label: string,
  ledger: Uint8Array,
  look: (object: Sign1) => unknown,
): Promise<Signed> {
  const object = decodeSign1(bytes);
  look(object);
  checkKey(object.kid);
  return identify(object, label, ledger);
}

async function checkSealed(sealed: Uint8Array | undefined, wanted: Uint8Array | undefined): Promise<Sealed> {
  const shown = present(sealed, "sealed_mismatch");
  need(equal(await sealedDigest(shown), present(wanted, "sealed_mismatch")), "sealed_mismatch");
  return decodeSealed(shown);
}

/** The bundle digest of an operation, and its payload without it. */
function unbundled({ body }: Operation): { bundle: Uint8Array | undefined; payload: Uint8Array } {
  if (body.is === "token")
    return { bundle: body.token.bundle, payload: encodeToken({ ...body.token, bundle: undefined }) };
  if (body.is === "reserve") {
    return {
      bundle: body.invocation.bundle,
      payload: encodeInvocation({ ...body.invocation, bundle: undefined }),
    };
  }
  const { kind, fields } = body.act;
  const without = new Map([...fields].filter(([key]) => key !== 3));
  return {
    bundle: fields.has(3) ? bytesOf(body.act, 3) : undefined,
    payload: encodeAct({ kind, fields: without }),
  };
}

async function checkBundle(operations: readonly Operation[]): Promise<void> {
  const members = operations.map((operation) => ({ kind: operation.kind, ...unbundled(operation) }));
  members.forEach((member, at) => {
    const again = members
      .slice(at + 1)
      .some((other) => other.kind === member.kind && equal(other.payload, member.payload));
    need(!again, "replayed");
  });
  const wanted = members.length > 1 ? await bundleDigest(members) : undefined;
  for (const { bundle } of members) {
    const right = bundle === undefined ? wanted === undefined : wanted !== undefined && equal(bundle, wanted);
    need(right, "bundle_mismatch");
  }
}

async function checkOperation({ objects, body }: Operation, ledger: Uint8Array): Promise<void> {
  for (const object of objects) await checkSignature(object);
  if (body.is !== "token") for (const other of body.others) await checkSignature(other);
  if (body.is === "act" && body.act.kind === "settle") {
    const voucher = await identify(decodeSign1(bytesOf(body.act, 35)), INVOCATION, ledger);
    await checkSignature(voucher);
  }
}
