// Evidence of funding (spec 09 §2).

import { Reader } from "../cbor.js";
import { Writer } from "../cbor_write.js";
import { EVIDENCE } from "../labels.js";
import { BUNDLE_MEMBERS_MAX, EVIDENCE_BYTES_MAX, OBJECT_BYTES_MAX, PROOF_BYTES_MAX } from "../limits.js";

/** Evidence; its parts are not looked into. */
export interface Evidence {
  readonly entry: Uint8Array;
  /** Ids of all members of a bundle; none of a reserve alone. */
  readonly ids: readonly Uint8Array[];
  /** A proof of the entry as text. */
  readonly proof: Uint8Array;
}

/** Decodes evidence. */
export function decodeEvidence(bytes: Uint8Array): Evidence {
  return Reader.whole(bytes, EVIDENCE_BYTES_MAX, (r) => {
    r.arrayOf(4);
    r.label(EVIDENCE);
    return {
      entry: r.bytes(OBJECT_BYTES_MAX),
      ids: r.ids(BUNDLE_MEMBERS_MAX),
      proof: r.bytes(PROOF_BYTES_MAX),
    };
  });
}

/** The bytes of evidence. */
export function encodeEvidence({ entry, ids, proof }: Evidence): Uint8Array {
  const w = new Writer().array(4).text(EVIDENCE).string(entry);
  return w
    .list(ids, (_, id) => w.string(id))
    .string(proof)
    .bytes();
}
