// Who signs: a key in WebCrypto, or anything that has one (spec 01 §2).

import { concat } from "../bytes.js";
import { encodeSign1, identify, sigStructure, type Signed } from "../cose.js";

/** Somebody who signs. A key service implements it. */
export interface Signer {
  /** The public key, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** The Ed25519 signature over these bytes, 64 bytes. */
  sign(message: Uint8Array): Promise<Uint8Array>;
}

/** What stands before the seed in the PKCS #8 of an Ed25519 key (RFC 8410). */
const PKCS8 = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20);
const ED25519 = { name: "Ed25519" };

/** A key in this process. Signatures are deterministic (RFC 8032). */
export class LocalSigner implements Signer {
  private constructor(
    readonly publicKey: Uint8Array,
    private readonly key: CryptoKey,
  ) {}

  /** The key of a seed of 32 bytes. */
  static async fromSeed(seed: Uint8Array): Promise<LocalSigner> {
    const pkcs8 = concat(PKCS8, seed) as BufferSource;
    const open = await crypto.subtle.importKey("pkcs8", pkcs8, ED25519, true, ["sign"]);
    const { x = "" } = await crypto.subtle.exportKey("jwk", open);
    const binary = atob(x.replaceAll("-", "+").replaceAll("_", "/"));
    const publicKey = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    return new LocalSigner(
      publicKey,
      await crypto.subtle.importKey("pkcs8", pkcs8, ED25519, false, ["sign"]),
    );
  }

  /** A new key that nobody can read out. */
  static async generate(): Promise<LocalSigner> {
    const pair = (await crypto.subtle.generateKey(ED25519, false, ["sign", "verify"])) as CryptoKeyPair;
    const publicKey = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
    return new LocalSigner(publicKey, pair.privateKey);
  }

  async sign(message: Uint8Array): Promise<Uint8Array> {
    return new Uint8Array(await crypto.subtle.sign(ED25519, this.key, message as BufferSource));
  }
}

/** A signed object, encoded, and its id. */
export interface SignedBytes {
  readonly id: Uint8Array;
  readonly bytes: Uint8Array;
}

/** Signs one payload under a label for a ledger (spec 02 §3). */
export async function signObject(
  signer: Signer,
  label: string,
  ledger: Uint8Array,
  payload: Uint8Array,
): Promise<SignedBytes> {
  const kid = signer.publicKey;
  const signature = await signer.sign(sigStructure(label, ledger, kid, payload));
  const object: Signed = await identify({ kid, payload, signature }, label, ledger);
  return { id: object.id, bytes: encodeSign1(object) };
}

/** Random bytes: nonces and salts have 16. */
export function random(count = 16): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(count));
}
