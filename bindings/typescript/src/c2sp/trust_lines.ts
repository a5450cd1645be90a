// Trust as lines of tlog-policy (spec 08 §6).

import { equal, fromUtf8, utf8 } from "../bytes.js";
import { TRUST_BYTES_MAX, TRUST_ITEMS_MAX } from "../limits.js";
import { C2spError, must } from "./error.js";
import { decimal } from "./text.js";
import { NONE, type Group, type Trust } from "./trust.js";
import { keyTag, parseVerifierKey, type KeyKind, type VerifierKey } from "./vkey.js";

/** How many words may follow each keyword. */
const WORDS: ReadonlyMap<string, readonly [number, number]> = new Map([
  ["log", [1, 2]],
  ["witness", [2, 3]],
  ["group", [2, Infinity]],
  ["quorum", [1, 1]],
]);

class Lines {
  readonly logs: VerifierKey[] = [];
  readonly witnesses = new Map<string, VerifierKey>();
  readonly groups = new Map<string, Group>();
  readonly members = new Set<string>();
  quorum: string | undefined;

  async read(words: readonly string[], line: number): Promise<void> {
    const [keyword, ...rest] = words;
    const bounds = WORDS.get(keyword ?? "");
    must(bounds !== undefined, "Keyword", line);
    const [least, most] = bounds;
    must(rest.length >= least && rest.length <= most, "Words", line);
    const [first = "", second = "", ...others] = rest;
    if (keyword === "log") await this.log(first, line);
    if (keyword === "witness") await this.witness(first, second, line);
    if (keyword === "group") this.group(first, second, others, line);
    if (keyword === "quorum") this.setQuorum(first, line);
  }

  async key(text: string, kind: KeyKind, count: number, line: number): Promise<VerifierKey> {
    let key: VerifierKey;
    try {
      key = await parseVerifierKey(text);
    } catch (error) {
      throw error instanceof C2spError ? new C2spError("Key", line, error.variant) : error;
    }
    must(count < TRUST_ITEMS_MAX, "Rule", line, "TooMany");
    must(key.kind === kind, "Rule", line, "KeyKind");
    const all = [...this.logs, ...this.witnesses.values()];
    const taken = all.some((other) => equal(other.key, key.key) || keyTag(other) === keyTag(key));
    must(!taken, "Rule", line, "KeyTaken");
    return key;
  }

  async log(text: string, line: number): Promise<void> {
    const key = await this.key(text, "log", this.logs.length, line);
    this.logs.push(key);
  }

  async witness(name: string, text: string, line: number): Promise<void> {
    const key = await this.key(text, "witness", this.witnesses.size, line);
    this.define(name, line);
    this.witnesses.set(name, key);
  }

  define(name: string, line: number): void {
    must(name !== NONE, "Rule", line, "Reserved");
    must(!this.defined(name), "Rule", line, "NameTaken");
  }

  defined(name: string): boolean {
    return this.witnesses.has(name) || this.groups.has(name);
  }

  group(name: string, count: string, members: readonly string[], line: number): void {
    must(this.groups.size < TRUST_ITEMS_MAX, "Rule", line, "TooMany");
    const own = new Set<string>();
    for (const member of members) {
      must(member !== NONE, "Rule", line, "Reserved");
      must(this.defined(member), "Rule", line, "Undefined");
      must(!this.members.has(member) && !own.has(member), "Rule", line, "MemberTaken");
      own.add(member);
    }
    const words = new Map([
      ["any", 1n],
      ["all", BigInt(members.length)],
    ]);
    const threshold = words.get(count) ?? decimal(count);
    const fits = threshold !== undefined && threshold > 0n && threshold <= BigInt(members.length);
    must(fits, "Rule", line, "Threshold");
    this.define(name, line);
    for (const member of own) this.members.add(member);
    this.groups.set(name, { threshold: Number(threshold), members });
  }

  setQuorum(name: string, line: number): void {
    must(this.quorum === undefined, "Rule", line, "SecondQuorum");
    must(name === NONE || this.defined(name), "Rule", line, "Undefined");
    this.quorum = name;
  }
}

/** Parses trust lines. Throws `C2spError` with the line, from 1; 0 for the lines as a whole. */
export async function parseTrust(text: string): Promise<Trust> {
  must(utf8(text).length <= TRUST_BYTES_MAX, "TooLong", 0);
  const lines = new Lines();
  for (const [at, line] of text.split("\n").entries()) {
    must(!/[\u0000-\u0008\u000b-\u001f\u007f]/.test(line), "Control", at + 1);
    const words = line.split(/[ \t]+/).filter((word) => word !== "");
    if (words[0] !== undefined && !words[0].startsWith("#")) await lines.read(words, at + 1);
  }
  must(lines.quorum !== undefined, "Rule", 0, "NoQuorum");
  const { logs, witnesses, groups, quorum } = lines;
  return { logs, witnesses, groups, quorum };
}

/** Parses trust lines as octets, which must be UTF-8 here: a policy file is (spec 13 §2). */
export async function parseTrustBytes(bytes: Uint8Array): Promise<Trust> {
  const text = fromUtf8(bytes);
  must(text !== undefined, "Control", 0);
  return parseTrust(text);
}
