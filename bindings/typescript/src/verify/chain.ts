// The chain of tokens: decoded, then checked link by link from the root down (spec 10 §6, §7).

import { equal } from "../bytes.js";
import { checkSignature, decodeSign1, identify, type Signed } from "../cose.js";
import { need, present, refuse } from "../errors.js";
import { checkKey } from "../key_check.js";
import { TOKEN } from "../labels.js";
import { DEPTH_MAX, OFFLINE_LINK_LIFE_MAX } from "../limits.js";
import { atMostAhead, greatest, millis, passed, saturating } from "../numbers.js";
import { appended, rootAuthority, type Authority } from "../object/authority.js";
import { decodeToken, type Token } from "../object/token.js";
import { authorityDigest, isLeafOf, isUnchanged, type Leaf, type LeafOf } from "../state/leaf.js";
import type { Opened, Times } from "./open.js";
import { trustsIssuer, type Policy } from "./policy.js";
import type { Trail } from "./verdict.js";

/** Bit 0 of a mask: the operators' freeze. */
const OPERATORS = 1;

/** One token of a chain. */
export interface Link {
  readonly object: Signed;
  readonly token: Token;
}

/** A chain of which every check passed. */
export interface Chain {
  readonly issuer: Uint8Array;
  /** The id of the first link. */
  readonly root: Uint8Array;
  /** The last link. */
  readonly last: Link;
  /** The leaf of the nearest logged token. */
  readonly anchor: LeafOf<"token">;
  /** The key that holds the last link. */
  readonly holder: Uint8Array;
  readonly authority: Authority;
  /** From when on every transferred link is good offline with its new holder, in milliseconds. */
  readonly ready: bigint;
}

function isOffline(link: Link): boolean {
  return link.token.origin.mode === "offline";
}

/** Decodes the tokens; requires that the leaves are theirs, of one party, and of one unit at most. */
export async function openTokens({ shown, leaves }: Opened, policy: Policy): Promise<Link[]> {
  const { tokens, ledger } = shown;
  need(tokens.length <= DEPTH_MAX, "too_deep");
  const links: Link[] = [];
  for (const [at, bytes] of tokens.entries()) {
    const object = decodeSign1(bytes);
    const token = decodeToken(object.payload, true);
    // Nothing is checked under the key of a logged token whose children rest on the log; it may be no point.
    const rests = policy.loggedLinks === "log" && token.origin.mode !== "offline" && at < tokens.length - 1;
    if (!rests) checkKey(token.holder);
    links.push({ token, object: await identify(object, TOKEN, ledger) });
  }
  const count = (kind: Leaf["kind"]): number => leaves.filter((leaf) => leaf.kind === kind).length;
  const logged = links.filter((link) => !isOffline(link)).length;
  const fits =
    count("party") === 1 && count("token") === logged && count("unit") <= 1 && count("ledger") === 1;
  need(fits, "wrong_leaf");
  return links;
}

/** Requires that the party's leaf is that of the root's issuer, and vouches for the key that signed it. */
export function checkIssuer(policy: Policy, root: Link, leaf: LeafOf<"party">): void {
  const { origin } = root.token;
  if (origin.mode !== "root") refuse("broken_chain");
  need(equal(leaf.id, origin.issuer), "wrong_leaf");
  const { keys, retired, issuer } = leaf.body;
  need(issuer, "not_an_issuer");
  need(trustsIssuer(policy, origin.issuer), "untrusted_issuer");
  need(leaf.mask === 0, "party_frozen");
  const { kid } = root.object;
  need(!retired.some(({ key, compromised }) => compromised && equal(key, kid)), "compromised_key");
  need(keys.some((key) => equal(key, kid)) || retired.some(({ key }) => equal(key, kid)), "wrong_signer");
}

/** Makes the checks `issuer` to `authority` of every link. */
export async function checkChain(
  opened: Opened,
  links: readonly Link[],
  policy: Policy,
  times: Times,
  trail: Trail,
): Promise<Chain> {
  const issuer = present(
    opened.leaves.find((leaf) => isLeafOf(leaf, "party")),
    "wrong_leaf",
  );
  const root = present(links[0], "broken_chain");
  await trail.check("issuer", () => checkIssuer(policy, root, issuer));
  const walk = new Walk(opened, issuer, policy, times, trail);
  let chain: Chain | undefined;
  for (const [at, link] of links.entries()) chain = await walk.step(chain, link, at + 1);
  return present(chain, "broken_chain");
}

class Walk {
  constructor(
    private readonly opened: Opened,
    private readonly issuer: LeafOf<"party">,
    private readonly policy: Policy,
    private readonly times: Times,
    private readonly trail: Trail,
  ) {}

  async step(above: Chain | undefined, link: Link, number: number): Promise<Chain> {
    const { trail } = this;
    const leaf = await trail.check("leaf", () => this.place(above, link), number);
    if (isOffline(link) || this.policy.loggedLinks === "verify") {
      await trail.check("signature", () => checkSignature(link.object), number);
    } else {
      trail.skip("signature", number);
    }
    await trail.check("signer", () => this.checkSigner(above, link), number);
    await trail.check("status", () => (leaf === undefined ? undefined : checkStatus(leaf)), number);
    await trail.check("life", () => this.checkLife(link.token), number);
    const append = (): Authority =>
      above === undefined ? rootAuthority(link.token) : appended(above.authority, link.token);
    const authority = await trail.check("authority", append, number);
    const anchor = leaf ?? present(above, "broken_chain").anchor;
    return {
      issuer: this.issuer.id,
      root: above?.root ?? link.object.id,
      last: link,
      anchor,
      holder: leaf?.body.holder ?? link.token.holder,
      authority,
      ready: greatest(above?.ready ?? 0n, leaf === undefined ? 0n : this.readyOf(leaf, authority)),
    };
  }

  /** The leaf of a logged token; requires that the link's place in the chain is right. */
  async place(above: Chain | undefined, link: Link): Promise<LeafOf<"token"> | undefined> {
    const { origin } = link.token;
    need((origin.mode === "root") === (above === undefined), "broken_chain");
    need(origin.mode !== "logged" || above === undefined || !isOffline(above.last), "broken_chain");
    const leaf =
      origin.mode === "offline"
        ? undefined
        : await this.leafOf(link, above?.anchor.index ?? this.issuer.index);
    if (origin.mode !== "root")
      need(above !== undefined && equal(origin.parent, above.last.object.id), "broken_chain");
    return leaf;
  }

  async leafOf(link: Link, parent: bigint): Promise<LeafOf<"token">> {
    const { leaves } = this.opened;
    const found = leaves.find(
      (leaf): leaf is Leaf & LeafOf<"token"> => isLeafOf(leaf, "token") && equal(leaf.id, link.object.id),
    );
    const leaf = present(found, "wrong_leaf");
    const { body } = leaf;
    need(body.parent === parent && body.expires === link.token.expires, "wrong_leaf");
    need(equal(body.authority, await authorityDigest(link.object.payload)), "wrong_leaf");
    need(!isUnchanged(leaf) || equal(body.holder, link.token.holder), "wrong_leaf");
    return leaf;
  }

  checkSigner(above: Chain | undefined, link: Link): void {
    const { origin } = link.token;
    if (origin.mode === "root") return;
    const { anchor, holder } = present(above, "broken_chain");
    const held = equal(link.object.kid, holder);
    if (origin.mode === "logged") {
      // Who held a parent that has changed since was known to the ledger when it admitted the child.
      need(!isUnchanged(anchor) || held, "wrong_signer");
      need(origin.epoch === anchor.epoch, "old_epoch");
    } else {
      need(held, "wrong_signer");
      need(origin.epoch === anchor.epoch, "old_epoch");
      need(origin.generation === anchor.generation, "old_generation");
      need(this.policy.offlineLinks, "not_delegable");
    }
  }

  checkLife(token: Token): void {
    const { effective } = this.times;
    const near =
      token.origin.mode !== "offline" || atMostAhead(token.expires, effective, OFFLINE_LINK_LIFE_MAX);
    need(near, "bad_time");
    need(!passed(token.expires, effective), "expired");
    need(token.notBefore === undefined || passed(token.notBefore, effective), "not_yet_valid");
  }

  /** From when on evidence that shows an older holder is too old everywhere. */
  readyOf(leaf: LeafOf<"token">, authority: Authority): bigint {
    const { holderSince } = leaf.body;
    if (holderSince === 0n) return 0n;
    return saturating(
      holderSince + millis(authority.maxStaleness ?? this.policy.maxStaleness) + 2n * this.policy.skew,
    );
  }
}

function checkStatus(leaf: LeafOf<"token">): void {
  need(leaf.life !== "revoked", "revoked");
  need(leaf.life !== "ended", "ended");
  need((leaf.mask & OPERATORS) === 0, "frozen");
  need(leaf.mask === 0, "suspended");
}
