// @remit/verifier: decides offline whether an agent may do what it asks; and holds, attenuates and spends
// its tokens.

export * from "./bytes.js";
export { CODES, type Code } from "./codes.js";
export { RemitError } from "./errors.js";
export { KINDS, type Kind } from "./kinds.js";
export * as labels from "./labels.js";
export * as limits from "./limits.js";
export { Reader } from "./cbor.js";
export { Writer } from "./cbor_write.js";
export {
  detailsDigest,
  decodeCommon,
  decodeLinkPart,
  encodeLinkPart,
  type Common,
  type LinkPart,
} from "./log/details.js";
export { digest, emptyRoot, leafHash, nodeHash, sha256 } from "./hash.js";
export { isKey, verifies } from "./key.js";
export {
  checkSignature,
  decodeSign1,
  encodeSign1,
  identify,
  sigStructure,
  type Sign1,
  type Signed,
} from "./cose.js";
export * from "./merkle/inclusion.js";
export * from "./merkle/consistency.js";
export * from "./merkle/multiproof.js";
export * from "./merkle/subtree.js";
export * from "./merkle/root.js";
export { C2spError } from "./c2sp/error.js";
export { parseNote, type Note, type NoteLine } from "./c2sp/note.js";
export { parseCheckpoint, type Checkpoint } from "./c2sp/checkpoint.js";
export { parseVerifierKey, type VerifierKey } from "./c2sp/vkey.js";
export { parseTrust } from "./c2sp/trust_lines.js";
export type { Trust } from "./c2sp/trust.js";
export { accept, AcceptError, type Accepted } from "./c2sp/accept.js";
export { parseTlogProof, type TlogProof } from "./c2sp/tlog_proof.js";
export { parseAddCheckpoint, type AddCheckpoint } from "./c2sp/add_checkpoint.js";
export { verifyReceipt, ReceiptError, type Receipt, type ReceiptCode } from "./receipt.js";
export { Witness, type Latest, type Reply, type WitnessAnswer } from "./witness/witness.js";
export * from "./object/path.js";
export * from "./object/condition.js";
export * from "./object/permission.js";
export * from "./object/argument.js";
export * from "./object/budget.js";
export * from "./object/window.js";
export * from "./object/approval.js";
export * from "./object/request.js";
export * from "./object/token.js";
export * from "./object/authority.js";
export * from "./object/invocation.js";
export * from "./object/use.js";
export * from "./object/voucher.js";
export * from "./object/lease.js";
export * from "./object/act.js";
export * from "./object/ids.js";
export * from "./object/submission.js";
export * from "./log/entry.js";
export * from "./state/leaf.js";
export * from "./state/values.js";
export * from "./state/status.js";
export { writeChanges } from "./feed/changes.js";
export { StatusTable } from "./feed/table.js";
export { decodeStatusUpdate, encodeStatusUpdate, type StatusUpdate } from "./feed/update.js";
export {
  follow,
  FollowError,
  restoreFollowed,
  snapshot,
  type FollowCode,
  type Followed,
} from "./verify/followed.js";
export * from "./verify/presentation.js";
export * from "./verify/evidence.js";
export * from "./verify/case.js";
export * from "./verify/policy.js";
export { parsePolicy } from "./verify/policy_file.js";
export { findRoute, makeRoute, RouteError, type Cost, type Route } from "./http/route.js";
export * from "./verify/verdict.js";
export * from "./verify/verify.js";
export * from "./till/proof.js";
export * from "./till/open.js";
export * from "./till/till.js";
export * from "./till/wallet.js";
export * from "./sign/signer.js";
export * from "./sign/invoke.js";
export * from "./sign/attenuate.js";
