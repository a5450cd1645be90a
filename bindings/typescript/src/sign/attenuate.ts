// Attenuates offline: a link below a token, for another key, with less authority, without asking the ledger
// (spec 04 §8).

import { equal } from "../bytes.js";
import { decodeSign1, identify } from "../cose.js";
import { need, present } from "../errors.js";
import { TOKEN } from "../labels.js";
import { OFFLINE_LINK_LIFE_MAX } from "../limits.js";
import { appended, rootAuthority, type Authority } from "../object/authority.js";
import { decodeToken, encodeToken, type Origin, type Token } from "../object/token.js";
import { decodeLeaf, isLeafOf, type LeafOf } from "../state/leaf.js";
import { decodePresentation, encodePresentation, type Presentation } from "../verify/presentation.js";
import { random, signObject, type Signer } from "./signer.js";

/** What a link lets its holder do: each claim is no wider than what stands above it. */
export interface Link
  extends Pick<
    Token,
    | "holder"
    | "expires"
    | "notBefore"
    | "permissions"
    | "delegation"
    | "maxStaleness"
    | "budgets"
    | "approval"
  > {
  readonly nonce?: Uint8Array | undefined;
  /** Has no effect in an offline link; the end of its life where it is not given. */
  readonly validUntil?: bigint | undefined;
}

/** A presentation with the new link behind the others, and the link alone. */
export interface Attenuated {
  readonly presentation: Uint8Array;
  readonly link: Uint8Array;
  /** The id of the link: what an invocation on it names. */
  readonly id: Uint8Array;
}

/**
 * Signs a link below the last token of a presentation. Throws `wrong_signer` for another key than its
 * holder's, `bad_time`
 * for a life of more than an hour from `now` (milliseconds), `not_delegable`, `too_deep` and
 * `wider_than_parent`.
 */
export async function attenuate(
  signer: Signer,
  presentation: Uint8Array,
  link: Link,
  now: bigint,
): Promise<Attenuated> {
  const shown = decodePresentation(presentation);
  const { authority, parent, anchor, holder } = await chainOf(shown);
  need(equal(signer.publicKey, holder), "wrong_signer");
  const seconds = now / 1000n;
  need(link.expires > seconds && link.expires <= seconds + BigInt(OFFLINE_LINK_LIFE_MAX), "bad_time");
  const { epoch, generation } = anchor;
  const origin: Origin = { mode: "offline", parent, epoch, generation };
  const token: Token = {
    ...link,
    nonce: link.nonce ?? random(),
    validUntil: link.validUntil ?? link.expires,
    origin,
  };
  appended(authority, token);
  const payload = encodeToken(token);
  decodeToken(payload);
  const { id, bytes } = await signObject(signer, TOKEN, shown.ledger, payload);
  return {
    presentation: encodePresentation({ ...shown, tokens: [...shown.tokens, bytes] }),
    link: bytes,
    id,
  };
}

interface Held {
  readonly authority: Authority;
  /** The id of the last token. */
  readonly parent: Uint8Array;
  /** The leaf of the nearest logged token. */
  readonly anchor: LeafOf<"token">;
  readonly holder: Uint8Array;
}

/** What a presentation's last token allows, as its holder sees it: nothing is proved to himself. */
async function chainOf(shown: Presentation): Promise<Held> {
  const leaves = shown.leaves.map(decodeLeaf).filter((leaf) => isLeafOf(leaf, "token"));
  let held: Held | undefined;
  for (const bytes of shown.tokens) {
    const object = await identify(decodeSign1(bytes), TOKEN, shown.ledger);
    const token = decodeToken(object.payload, true);
    const authority: Authority = held === undefined ? rootAuthority(token) : appended(held.authority, token);
    const leaf = leaves.find((each) => equal(each.id, object.id));
    const anchor: LeafOf<"token"> = leaf ?? present(held, "wrong_leaf").anchor;
    held = { authority, parent: object.id, anchor, holder: leaf?.body.holder ?? token.holder };
  }
  return present(held, "broken_chain");
}
