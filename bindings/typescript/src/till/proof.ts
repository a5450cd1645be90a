// The proof of a lease (spec 16 §5); nothing in it is checked.

import { Reader } from "../cbor.js";
import { Writer } from "../cbor_write.js";
import { LEASE_PROOF } from "../labels.js";
import {
  BUNDLE_MEMBERS_MAX,
  DETAILS_LINKS_MAX,
  LEASE_PROOF_BYTES_MAX,
  OBJECT_BYTES_MAX,
  PRESENTATION_TOKENS_MAX,
  PROOF_BYTES_MAX,
} from "../limits.js";

/** A lease's entry with its proof, what the entry did, the lease, and the chain of its token. */
export interface LeaseProof {
  readonly entry: Uint8Array;
  /** Ids of all members of a bundle; none of a lease alone. */
  readonly ids: readonly Uint8Array[];
  /** A proof of the entry as text. */
  readonly proof: Uint8Array;
  /** The common part of the entry's details. */
  readonly common: Uint8Array;
  /** Hashes of the link parts. */
  readonly links: readonly Uint8Array[];
  /** The signed lease. */
  readonly lease: Uint8Array;
  /** Signed tokens, the root first. */
  readonly tokens: readonly Uint8Array[];
}

/** Decodes a proof of a lease. */
export function decodeLeaseProof(bytes: Uint8Array): LeaseProof {
  return Reader.whole(bytes, LEASE_PROOF_BYTES_MAX, (r) => {
    r.arrayOf(8);
    r.label(LEASE_PROOF);
    return {
      entry: r.bytes(OBJECT_BYTES_MAX),
      ids: r.ids(BUNDLE_MEMBERS_MAX),
      proof: r.bytes(PROOF_BYTES_MAX),
      common: r.bytes(OBJECT_BYTES_MAX),
      links: r.ids(DETAILS_LINKS_MAX),
      lease: r.bytes(OBJECT_BYTES_MAX),
      tokens: r.list(PRESENTATION_TOKENS_MAX, () => r.bytes(OBJECT_BYTES_MAX)),
    };
  });
}

/** The bytes of a proof of a lease. */
export function encodeLeaseProof(proof: LeaseProof): Uint8Array {
  const bytes = (w: Writer, part: Uint8Array): void => void w.string(part);
  const w = new Writer()
    .array(8)
    .text(LEASE_PROOF)
    .string(proof.entry)
    .list(proof.ids, bytes)
    .string(proof.proof);
  return w
    .string(proof.common)
    .list(proof.links, bytes)
    .string(proof.lease)
    .list(proof.tokens, bytes)
    .bytes();
}
