// Whom this browser trusts: a policy that its owner gave it, or the key that the server showed at first.

import * as remit from "../src/index.js";
import { instant } from "../ui/words.js";
import { NotProved } from "./errors.js";
import type { Alarm, Head, Heads, Trusted } from "./head.js";
import { needed, textIn } from "./server.js";

/** Where it is kept. */
const [PIN, POLICY] = ["remit:pin", "remit:policy"];
/** Where heads and alarms are kept, each with the ledger id behind it: a visit of one ledger is none of another. */
export const HELD = "remit:held:";
export const ALARMS = "remit:alarms:";
/** Alarms that are kept of one ledger, the first of them. */
export const ALARMS_MAX = 16;
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

/** Forgets whom this browser trusted, the heads that it held, and what it found wrong. */
export function forget(storage: Storage): void {
  const names = Array.from({ length: storage.length }, (_, at) => storage.key(at) ?? "");
  const kept = names.filter((name) => name.startsWith(HELD) || name.startsWith(ALARMS));
  for (const name of [PIN, POLICY, ...kept]) storage.removeItem(name);
}

/** Runs a step while no other tab runs one of this name. */
export type Locked = (name: string, step: () => Promise<void>) => Promise<void>;

/** By the browser's locks; one without them (not over https) runs the step at once. */
export const byLocks: Locked = async (name, step) => {
  const locks = (navigator as { readonly locks?: LockManager }).locks;
  await (locks === undefined ? step() : locks.request(name, step));
};

/**
 * Keeps the newest head for the next time. It takes the place of a smaller one alone, and only once both were shown to
 * be of one history: another tab may have come further, or have been shown something else, which is an alarm.
 */
export async function keepHead(heads: Heads, storage: Storage, locked: Locked = byLocks): Promise<void> {
  const { ledger } = heads.trusted;
  const name = HELD + remit.hex(ledger);
  await locked(name, async () => {
    const held = heldHead(ledger, storage);
    if (held !== undefined) await heads.agreeHeld(held);
    const { size, root, note } = heads.newest;
    if (held?.size === size) return;
    storage.setItem(name, JSON.stringify({ size: String(size), root: remit.hex(root), note }));
  });
}

/** The newest head that a page of this browser has held. */
export function heldHead(ledger: Uint8Array, storage: Storage): Head | undefined {
  const held = read<Record<"size" | "root" | "note", string>>(storage, HELD + remit.hex(ledger));
  const root = held && remit.fromHex(held.root);
  if (held === undefined || root === undefined || !/^\d{1,20}$/.test(held.size)) return undefined;
  return { size: BigInt(held.size), root, note: held.note };
}

/** What was found wrong with a ledger before: it stays until it is forgotten. */
export function keptAlarms(ledger: Uint8Array, storage: Storage): readonly Alarm[] {
  const kept = read<readonly Alarm[]>(storage, ALARMS + remit.hex(ledger));
  return Array.isArray(kept) ? kept : [];
}

/** Keeps what was found wrong beside what is kept already, with the notes that show it. */
export function keepAlarms(ledger: Uint8Array, alarms: readonly Alarm[], storage: Storage): void {
  const all = [...keptAlarms(ledger, storage), ...alarms.map(short)];
  const fresh = [...new Map(all.map((alarm) => [JSON.stringify(alarm), alarm])).values()];
  try {
    storage.setItem(ALARMS + remit.hex(ledger), JSON.stringify(fresh.slice(0, ALARMS_MAX)));
  } catch {
    // The browser's storage is full: the page that found it is red all the same.
  }
}

/** What is longer than any note is kept as far as one goes. */
function short({ why, notes }: Alarm): Alarm {
  return { why, notes: notes.map((note) => note.slice(0, remit.limits.NOTE_BYTES_MAX)) };
}
