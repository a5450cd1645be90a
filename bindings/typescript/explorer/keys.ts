// The approver's key: made or brought here, kept by the browser, and never readable again.

import * as remit from "../src/index.js";
import { didOf } from "./did.js";

const [DATABASE, STORE, OWN] = ["remit", "keys", "approver"];
const ED25519 = { name: "Ed25519" };
/** Bytes of the PKCS #8 of an Ed25519 key (RFC 8410), version 1, as `remit key new` writes it. */
const PKCS8_BYTES = 48;
/** Bytes of a key file. */
export const KEY_FILE_BYTES_MAX = 16_384;

/** A key that signs, and that nobody reads. */
export class StoredKey implements remit.Signer {
  constructor(
    readonly publicKey: Uint8Array,
    private readonly key: CryptoKey,
  ) {}

  get did(): string {
    return didOf(this.publicKey);
  }

  async sign(message: Uint8Array): Promise<Uint8Array> {
    return new Uint8Array(await crypto.subtle.sign(ED25519, this.key, message as BufferSource));
  }

  /** Puts it into this browser's own database: the key itself, which cannot be exported. */
  async keep(): Promise<void> {
    await inStore("readwrite", (store) => store.put({ publicKey: this.publicKey, key: this.key }, OWN));
  }
}

/** A new key. */
export async function generate(): Promise<StoredKey> {
  const pair = (await crypto.subtle.generateKey(ED25519, false, ["sign", "verify"])) as CryptoKeyPair;
  const raw = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  return new StoredKey(raw, pair.privateKey);
}

/** The key of a PEM file. Throws what is wrong with it, for people. */
export async function fromPem(text: string): Promise<StoredKey> {
  if (text.includes("BEGIN ENCRYPTED PRIVATE KEY"))
    throw new Error(
      "This key file has a passphrase, which is not asked for here. Approve with `remit approvals approve`, " +
        "or make a key of this browser's own.",
    );
  const [, block] =
    /-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\s]*)-----END PRIVATE KEY-----/.exec(text) ?? [];
  const bytes = remit.fromBase64((block ?? "").replaceAll(/\s/g, ""));
  if (bytes?.length !== PKCS8_BYTES) throw new Error("This is no key file as `remit key new` writes it.");
  const seed = bytes.slice(-32);
  const { publicKey } = await remit.LocalSigner.fromSeed(seed);
  const key = await crypto.subtle.importKey("pkcs8", bytes as BufferSource, ED25519, false, ["sign"]);
  bytes.fill(0);
  seed.fill(0);
  const stored = new StoredKey(publicKey, key);
  const stated = /^# (did:key:\S+)$/m.exec(text)?.[1];
  if (stated !== undefined && stated !== stored.did)
    throw new Error("The file names another key than it holds.");
  return stored;
}

/** The key that this browser keeps, if there is one. */
export async function kept(): Promise<StoredKey | undefined> {
  const found = (await inStore("readonly", (store) => store.get(OWN) as IDBRequest<unknown>)) as
    { publicKey: Uint8Array; key: CryptoKey } | undefined;
  return found === undefined ? undefined : new StoredKey(found.publicKey, found.key);
}

/** Forgets it. */
export async function forget(): Promise<void> {
  await inStore("readwrite", (store) => store.delete(OWN));
}

async function inStore<T>(
  mode: IDBTransactionMode,
  step: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const opening = indexedDB.open(DATABASE, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
  const database = await done(opening);
  try {
    return await done(step(database.transaction(STORE, mode).objectStore(STORE)));
  } finally {
    database.close();
  }
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("this browser keeps nothing"));
  });
}
