// A log that signs what it is told, for the explorer's tests: its tiles, its notes, its feed.

import assert from "node:assert/strict";
import * as remit from "../src/index.js";
import { keyId } from "../src/c2sp/vkey.js";
import type { Trusted } from "../explorer/head.js";
import { Tiles, tilePath } from "../explorer/tiles.js";

const ORIGIN = "ledger.example/test";
const TILE = 256;

/** Entries, with a key that signs any of their beginnings. */
export class TestLog {
  readonly leaves: Uint8Array[] = [];

  private constructor(
    readonly key: remit.VerifierKey,
    readonly vkey: string,
    private readonly signer: remit.Signer,
  ) {}

  static async new(byte = 1, origin = ORIGIN): Promise<TestLog> {
    const signer = await remit.LocalSigner.fromSeed(new Uint8Array(32).fill(byte));
    const id = await keyId(origin, "log", signer.publicKey);
    const raw = remit.concat(Uint8Array.of(1), signer.publicKey);
    const vkey = `${origin}+${remit.hex(id)}+${remit.base64(raw)}`;
    return new TestLog(await remit.parseVerifierKey(vkey), vkey, signer);
  }

  get trusted(): Trusted {
    const trust = { logs: [this.key], witnesses: new Map(), groups: new Map(), quorum: "none" };
    return { trust, origin: this.key.name, ledger: new Uint8Array(32), skew: 0n };
  }

  /** Appends so many entries; answers with them. */
  async grow(count: number, mark = ""): Promise<Uint8Array[]> {
    const from = this.leaves.length;
    const entries = Array.from({ length: count }, (_, at) => remit.utf8(`entry ${from + at}${mark}`));
    for (const entry of entries) this.leaves.push(await remit.leafHash(entry));
    return entries;
  }

  root(size = this.leaves.length): Promise<Uint8Array> {
    return remit.treeRoot(this.leaves.slice(0, size));
  }

  /** The signed checkpoint of a size. */
  async note(size = this.leaves.length, root?: Uint8Array): Promise<string> {
    const { name } = this.key;
    const text = `${name}\n${size}\n${remit.base64(root ?? (await this.root(size)))}\n`;
    const signature = remit.concat(this.key.id, await this.signer.sign(remit.utf8(text)));
    return `${text}\n— ${name} ${remit.base64(signature)}\n`;
  }

  /** Its tiles; `asked` counts them. */
  tiles(asked: string[] = []): Tiles {
    return new Tiles(async (path) => {
      asked.push(path);
      for (let level = 0, hashes: Uint8Array[] = this.leaves; hashes.length > 0; level++) {
        for (let at = 0; at * TILE < hashes.length; at++) {
          const tile = hashes.slice(at * TILE, (at + 1) * TILE);
          for (let width = tile.length; width > 0; width--)
            if (tilePath(BigInt(level), BigInt(at), BigInt(width)) === path)
              return remit.concat(...tile.slice(0, width));
        }
        const above: Uint8Array[] = [];
        for (let at = 0; (at + 1) * TILE <= hashes.length; at++)
          above.push(await remit.treeRoot(hashes.slice(at * TILE, (at + 1) * TILE)));
        hashes = above;
      }
      return assert.fail(`no tile ${path}`);
    });
  }
}
