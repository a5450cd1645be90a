// Ids of several signed objects, of payloads and of bundles (spec 02 §4, §7).

import { digest } from "../hash.js";
import { KINDS, type Kind } from "../kinds.js";
import { BUNDLE, IDS, PAYLOAD } from "../labels.js";

/** The combined id: the id itself if there is one. */
export async function combinedId(ids: readonly Uint8Array[]): Promise<Uint8Array> {
  const [only, ...others] = ids;
  if (only !== undefined && others.length === 0) return only;
  return digest(IDS, 1, (w) => w.list(ids, (_, id) => w.string(id)));
}

/** The payload id: what an operation says, whoever signed it. */
export function payloadId(ledger: Uint8Array, kind: Kind, payload: Uint8Array): Promise<Uint8Array> {
  return digest(PAYLOAD, 3, (w) => w.string(ledger).int(KINDS[kind].number).string(payload));
}

/** The bundle digest, over kinds and payloads without their bundle fields. */
export function bundleDigest(
  members: readonly { readonly kind: Kind; readonly payload: Uint8Array }[],
): Promise<Uint8Array> {
  return digest(BUNDLE, 1, (w) => {
    w.list(members, (_, member) => w.array(2).int(KINDS[member.kind].number).string(member.payload));
  });
}
