// What a server may say that leads astray without one false byte: the explorer believes none of it.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as remit from "../src/index.js";
import { parseNote } from "../src/c2sp/note.js";
import { didOf } from "../explorer/did.js";
import { Heads } from "../explorer/head.js";
import { Ledger, type InLog } from "../explorer/ledger.js";
import { find, matches } from "../explorer/matches.js";
import { hides, namesakes } from "../explorer/names.js";
import { PAGES_MAX, provedRequest, requestsOf } from "../explorer/requests.js";
import { standing } from "../explorer/standing.js";
import { TestLog } from "./explorer_log.js";
import { folded, visible } from "../ui/text.js";
import { bytes, file, vectors } from "./helpers.js";

const byte = (of: number): Uint8Array => new Uint8Array(32).fill(of);
const hex = (of: number): string => remit.hex(byte(of));

/** A ledger that shows the same presentation whatever unit is asked for: that of a case, with a unit in it or not. */
function showing(bytesOfCase: Uint8Array): { ledger: Ledger; token: string; unit: string | undefined } {
  const { presentation } = remit.decodeCase(bytesOfCase);
  const shown = remit.decodePresentation(presentation);
  const leaves = shown.leaves.map(remit.decodeLeaf);
  const of = (kind: string) => leaves.filter((leaf) => leaf.kind === kind).at(-1);
  const agree = (note: string) => remit.parseCheckpoint(parseNote(remit.utf8(note)).text);
  const ledger = {
    id: shown.ledger,
    heads: { newest: { size: 0n }, agree },
    server: { bytes: () => Promise.resolve(presentation) },
  } as unknown as Ledger;
  const unit = of("unit");
  return {
    ledger,
    token: remit.hex(of("token")?.id ?? assert.fail("no token")),
    unit: unit && remit.hex(unit.id),
  };
}

test("the unit's leaf is the one that was asked for, and is there", async () => {
  const paying = vectors("verdicts", 1).find(({ name }) => name === "amount") ?? assert.fail("no vector");
  const { ledger, token, unit } = showing(bytes(paying.input.case));
  const asked = unit ?? assert.fail("the vector shows no unit");
  assert.equal(remit.hex((await standing(ledger, token, asked)).unit?.id ?? byte(0)), asked);
  const missing = /leaf of the unit that was asked for is not shown/;
  await assert.rejects(standing(ledger, token, hex(9)), missing);
  const without = showing(file("spec/examples/hotel.case"));
  assert.equal((await standing(without.ledger, without.token)).self.id, without.token);
  await assert.rejects(standing(without.ledger, without.token, asked), missing);
});

/** Entries with what was submitted for them; the server finds whatever it is told to find. */
class Told {
  readonly entries = new Map<bigint, { at: InLog; operations: object[]; subject?: Uint8Array }>();
  found: bigint | undefined;

  add(index: bigint, kind: string, id: Uint8Array, operations: object[], subject?: Uint8Array): InLog {
    const entry = { kind, id, time: 1n, result: 0, details: byte(0) };
    const at = { index, entry, bytes: byte(0), size: 99n } as unknown as InLog;
    this.entries.set(index, { at, operations, ...(subject && { subject }) });
    return at;
  }

  get ledger(): Ledger {
    const of = (at: InLog) => this.entries.get(at.index) ?? assert.fail(`no entry ${at.index}`);
    return {
      id: byte(0),
      server: { json: () => Promise.resolve({ entries: this.found === undefined ? [] : [this.found] }) },
      listed: (row: bigint) => Promise.resolve(this.entries.get(row)?.at),
      object: (at: InLog) =>
        Promise.resolve({ id: (at.entry as { id: Uint8Array }).id, operations: of(at).operations }),
      details: (at: InLog) => {
        const { subject } = of(at);
        return Promise.resolve({ common: { facts: [new Map(subject && [[2, subject]])] } });
      },
    } as unknown as Ledger;
  }
}

const act = (kind: string, id: Uint8Array, signer: Uint8Array, fields: [number, unknown][] = []) => ({
  kind,
  id,
  objects: [{ kid: signer }],
  body: { is: "act", act: { kind, fields: new Map(fields) } },
});
const query = (name: string, value: string): URLSearchParams => new URLSearchParams([[name, value]]);
const unrelated = (name: string): RegExp => new RegExp(`nothing to do with the ${name}`);

test("what an entry goes on with is of its id, or is not believed", async () => {
  const told = new Told();
  const [agent, other, payee] = [await key(1), await key(2), await key(3)];
  const lease = (id: number, signer: Uint8Array) =>
    act("lease", byte(id), signer, [
      [4, byte(40 + id)],
      [12, byte(50 + id)],
      [30, byte(60)],
    ]);
  told.add(1n, "lease", byte(11), [lease(11, agent)]);
  told.add(2n, "lease", byte(12), [lease(12, other)]);
  const capture = told.add(3n, "capture", byte(13), [act("capture", byte(13), payee)], byte(11));
  const end = told.add(4n, "lapse", byte(11), []);
  told.found = 1n;
  assert.equal((await find(told.ledger, byte(11), 3n))?.index, 1n);
  for (const at of [capture, end]) await matches(told.ledger, query("agent", didOf(agent)), at);
  await matches(told.ledger, query("service", hex(61)), capture);
  // Another lease is said to be the one that was captured, and that ended.
  told.found = 2n;
  for (const at of [capture, end])
    await assert.rejects(
      matches(told.ledger, query("agent", didOf(other)), at),
      /not the one that it is said to go on with/,
    );
});

test("a key or id counts where it means what was asked for, and not anywhere in the bytes", async () => {
  const told = new Told();
  const [signer, holder, approver] = [await key(1), await key(2), await key(3)];
  const token = {
    kind: "issue",
    id: byte(4),
    objects: [{ kid: signer }],
    body: {
      is: "token",
      token: {
        holder,
        origin: { mode: "root", issuer: byte(5) },
        approval: { count: 1, approvers: [approver] },
        permissions: [{ services: [byte(6)] }],
      },
      sealed: { secret: byte(0), budgets: [{ unit: byte(7) }] },
    },
  };
  const issue = told.add(1n, "issue", byte(4), [token]);
  const rekey = told.add(2n, "rekey", byte(8), [
    act("rekey", byte(8), signer, [
      [4, byte(4)],
      [7, holder],
    ]),
  ]);
  for (const at of [issue, rekey])
    for (const own of [signer, holder]) await matches(told.ledger, query("agent", didOf(own)), at);
  await matches(told.ledger, query("issuer", hex(5)), issue);
  await matches(told.ledger, query("unit", hex(7)), issue);
  await matches(told.ledger, query("token", hex(4)), rekey);
  await matches(told.ledger, query("id", hex(8)), rekey);
  const wrong = [
    ["agent", didOf(approver)],
    ["service", hex(6)],
    ["service", hex(5)],
    ["unit", hex(4)],
    ["id", hex(5)],
  ] as const;
  for (const [name, value] of wrong)
    await assert.rejects(matches(told.ledger, query(name, value), issue), unrelated(name));
});

/** A key of a seed. */
async function key(seed: number): Promise<Uint8Array> {
  return (await remit.LocalSigner.fromSeed(byte(seed))).publicKey;
}

test("a note of another log that the policy trusts too is none of this one", async () => {
  const [log, other] = [await TestLog.new(), await TestLog.new(2, "ledger.example/other")];
  await log.grow(4);
  await other.grow(6);
  const both = { ...log.trusted, trust: { ...log.trusted.trust, logs: [log.key, other.key] } };
  await assert.rejects(
    Heads.begin(both, other.tiles(), await other.note(), undefined),
    /it is of another log/,
  );
  const heads = await Heads.begin(both, log.tiles(), await log.note(), undefined);
  await assert.rejects(heads.agree(await other.note()), /it is of another log/);
  assert.equal(heads.alarms.length, 1);
});

/** A ledger whose server answers with JSON. */
function answering(json: (path: string) => unknown): Ledger {
  return { id: byte(0), server: { json: (path: string) => Promise.resolve(json(path)) } } as unknown as Ledger;
}

test("requests are read to the last page, or it is said that there are more", async () => {
  const asked: string[] = [];
  const pages = (last: number) =>
    answering((path) => {
      asked.push(path);
      const after = Number(/after=(\d+)/.exec(path)?.[1] ?? 0);
      return after === last - 1 ? { requests: ["it"] } : { requests: [], next: after + 1 };
    });
  // Whose requests are all over, is a page that is empty.
  assert.deepEqual(await requestsOf(pages(3), DID), { requests: ["it"], more: false });
  assert.equal(asked.length, 3);
  assert.deepEqual(await requestsOf(pages(PAGES_MAX), DID), { requests: ["it"], more: false });
  assert.deepEqual(await requestsOf(pages(PAGES_MAX + 1), DID), { requests: [], more: true });
  await assert.rejects(
    requestsOf(
      answering(() => ({ requests: [], next: 7 })),
      DID,
    ),
    /leads back/,
  );
});

const DID = "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp";

test("a request waits only if its entry made it", async () => {
  const fields: [number, remit.ActValue][] = [
    [1, new Uint8Array(16).fill(1)],
    [4, byte(4)],
    [5, 0n],
    [11, 600n],
    [12, byte(12)],
    [22, byte(22)],
    [23, "book"],
    [24, "flights/1"],
    [26, 900n],
  ];
  const of = { kind: "request", fields: new Map(fields) } as const;
  const id = remit.hex((await remit.requestOf(byte(0), of)) ?? byte(0));
  const shown = { token: hex(4), epoch: 0, payee: hex(12), amount: "600", unit: hex(22), entry: 5 };
  const json = { id, nonce: "01".repeat(16), action: "book", resource: "flights/1", ...shown };
  const made = (kind: string, result: number): Ledger => {
    const entry = { kind, result, id: byte(1), time: 1n, details: byte(0) };
    const operations = [{ objects: [{ kid: byte(2) }], body: { is: "act", act: of } }];
    return {
      id: byte(0),
      entry: () => Promise.resolve({ index: 5n, entry }),
      object: () => Promise.resolve({ operations }),
    } as unknown as Ledger;
  };
  for (const kind of ["request", "bundle"])
    assert.equal(remit.integerOf((await provedRequest(made(kind, 0), json)).act, 26), 900n);
  await assert.rejects(provedRequest(made("refusal", 31), json), /it was refused/);
});

test("a registration that was refused is none, and a party's entries rise", async () => {
  const told = new Told();
  const party = act("party", byte(1), byte(2), [
    [13, "The bank"],
    [14, []],
  ]);
  const unit = act("unit", byte(3), byte(2), [
    [13, "EUR"],
    [16, 2n],
  ]);
  let kind = "party";
  let entries = [4, 9];
  const server = {
    json: (path: string) =>
      Promise.resolve(
        path.startsWith("/v1/parties")
          ? { name: "The bank", entries }
          : { name: "EUR", decimals: 2, entry: 4 },
      ),
  };
  const ledger = (): Ledger => {
    const of = new Ledger(server as never, { trusted: { ledger: byte(0) } } as never);
    const operations = [party, unit];
    of.entry = (index) => Promise.resolve(told.add(index, kind, byte(1), operations));
    of.object = () => Promise.resolve({ operations } as never);
    return of;
  };
  assert.equal((await ledger().party(hex(1))).name, "The bank");
  assert.equal((await ledger().unit(hex(3))).decimals, 2);
  for (const other of [
    [4, 4],
    [4, 9, 8],
  ]) {
    entries = other;
    await assert.rejects(ledger().party(hex(1)), /do not rise/);
  }
  [kind, entries] = ["refusal", [4]];
  await assert.rejects(ledger().party(hex(1)), /the registration was refused/);
  await assert.rejects(ledger().unit(hex(3)), /the registration was refused/);
});

test("nothing in a name goes unseen", () => {
  for (const plain of ["The airline", "Łódź é", "航空", "a b c", "ﷺ"]) assert.equal(visible(plain), plain);
  const shown = [
    ["The airline\u202e", "The airline\\u{202e}"],
    ["The air\u200bline", "The air\\u{200b}line"],
    ["\u2066The bank\u2069", "\\u{2066}The bank\\u{2069}"],
    [" The airline", "\\u{20}The airline"],
    ["The airline ", "The airline\\u{20}"],
    ["a  b", "a\\u{20} b"],
    ["a\u00a0b", "a\\u{a0}b"],
    ["\u{e0041}tag", "\\u{e0041}tag"],
    ["ABC\u034f", "ABC\\u{34f}"],
    ["line\nbreak", "line\\u{a}break"],
    ["\u2800", "\\u{2800}"],
    ["\u3164", "\\u{3164}"],
  ] as const;
  for (const [name, text] of shown) {
    assert.equal(visible(name), text);
    assert.ok(hides(name));
  }
});

test("names that look alike are found, of parties other than the payee", async () => {
  const alike = ["THE AIRLINE", "The  airline", "The airline ", "The air\u200bline", "The airl\u0456ne", "Ｔhe airline"];
  for (const name of alike) assert.equal(folded(name), folded("The airline"), name);
  for (const name of ["The airlines", "An airline"]) assert.notEqual(folded(name), folded("The airline"));
  assert.equal(folded("ΟΔΟΣ"), folded("οδος"));
  const row = (id: number, name: string, what = "party") => ({ id: hex(id), name, what });
  const names = [row(1, "The airline"), row(2, "THE AIRLINE"), row(3, "The bank"), row(4, "The airline", "unit")];
  const asked: string[] = [];
  const ledger = answering((path) => (asked.push(path), { names }));
  assert.deepEqual(await namesakes(ledger, hex(1), "The airline"), [{ id: hex(2), name: "THE AIRLINE" }]);
  assert.equal(asked.length, 3);
  assert.deepEqual(await namesakes(ledger, hex(3), "The bank"), []);
});
