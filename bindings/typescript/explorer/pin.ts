// Whom this browser trusts: a policy that its owner gave it, or the key that the server showed at first.

import * as remit from "../src/index.js";
import { instant } from "../ui/words.js";
import { NotProved } from "./errors.js";
import type { Head, Trusted } from "./head.js";
import { needed, textIn } from "./server.js";

/** Where it is kept. */
const [PIN, POLICY, HELD] = ["remit:pin", "remit:policy", "remit:held"];
/** In milliseconds: how far clocks may differ where no policy says so. */
const SKEW = 60_000n;

/** Whose signatures count here, in words; and what is wrong with what the server says of itself. */
export interface Rooted extends Trusted {
  readonly words: string;
  readonly problem: string | undefined;
  /** What is to be kept once a head of it was verified; nothing with a policy. */
  readonly pin: Pin | undefined;
}

/** The key that was seen first. */
export interface Pin {
  readonly vkey: string;
  readonly ledger: string;
  readonly since: number;
}

function read<T>(storage: Storage, name: string): T | undefined {
  try {
    return (JSON.parse(storage.getItem(name) ?? "null") as T | null) ?? undefined;
  } catch {
    return undefined;
  }
}

/** The trust for a log that shows itself like this (`/v1/log`). */
export async function rootOfTrust(log: unknown, storage: Storage, now = Date.now()): Promise<Rooted> {
  const shown = {
    vkey: needed(textIn(log, "log_vkey"), "key"),
    ledger: needed(textIn(log, "ledger"), "ledger id"),
  };
  const file = read<string>(storage, POLICY);
  if (file !== undefined) return byPolicy(file, shown.vkey);
  const pin = read<Pin>(storage, PIN) ?? { ...shown, since: now };
  const key = await remit.parseVerifierKey(pin.vkey);
  const since = instant(BigInt(pin.since));
  const other = pin.vkey !== shown.vkey || pin.ledger !== shown.ledger;
  return {
    trust: { logs: [key], witnesses: new Map(), groups: new Map(), quorum: "none" },
    ledger: needed(remit.fromHex(pin.ledger), "ledger id"),
    skew: SKEW,
    origin: key.name,
    words: `The log's key was first seen here on ${since}, and is believed since. Load your policy to trust your own.`,
    pin,
    problem: other
      ? `the server shows another key or ledger than on ${since}, when it was first seen here`
      : undefined,
  };
}

async function byPolicy(file: string, vkey: string): Promise<Rooted> {
  const policy = await remit.parsePolicy(needed(remit.fromBase64(file), "policy"));
  const { name } = await remit.parseVerifierKey(vkey);
  const ledger = policy.ledgers.get(name);
  if (ledger === undefined) throw new NotProved(`your policy does not trust the log ${name}`);
  const { quorum } = policy.trust;
  const witnessed = quorum === "none" ? "the log alone" : `the log and the quorum ${quorum} of its witnesses`;
  return {
    trust: policy.trust,
    ledger,
    skew: policy.skew,
    origin: name,
    words: `By your policy, a checkpoint counts if ${witnessed} signed it.`,
    pin: undefined,
    problem: undefined,
  };
}

/** Keeps whom this browser believes from now on. */
export function keepPin({ pin }: Rooted, storage: Storage): void {
  if (pin !== undefined) storage.setItem(PIN, JSON.stringify(pin));
}

/** Keeps a policy file. Throws what is wrong with it. */
export async function keepPolicy(bytes: Uint8Array, storage: Storage): Promise<void> {
  await remit.parsePolicy(bytes);
  storage.setItem(POLICY, JSON.stringify(remit.base64(bytes)));
}

/** Whether there is a policy. */
export function hasPolicy(storage: Storage): boolean {
  return storage.getItem(POLICY) !== null;
}

/** Forgets whom this browser trusted, and the head that it held. */
export function forget(storage: Storage): void {
  for (const name of [PIN, POLICY, HELD]) storage.removeItem(name);
}

/** The newest head that was verified, kept for the next time. */
export function keepHead(ledger: Uint8Array, { size, root, note }: Head, storage: Storage): void {
  const held = { ledger: remit.hex(ledger), size: String(size), root: remit.hex(root), note };
  storage.setItem(HELD, JSON.stringify(held));
}

/** The head that was held when this page was last open. */
export function heldHead(ledger: Uint8Array, storage: Storage): Head | undefined {
  const held = read<Record<"ledger" | "size" | "root" | "note", string>>(storage, HELD);
  const root = held && remit.fromHex(held.root);
  if (held === undefined || root === undefined || held.ledger !== remit.hex(ledger)) return undefined;
  return { size: BigInt(held.size), root, note: held.note };
}
