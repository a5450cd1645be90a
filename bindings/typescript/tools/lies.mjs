// What a lying server might say, and the badge that must be red for it, with the reason.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as remit from "../dist/src/index.js";
import { keyId } from "../dist/src/c2sp/vkey.js";
import { READER } from "./ledgers.mjs";
import { badges, go, settled } from "./pages.mjs";

const short = (id) => `${id.slice(0, 8)}…${id.slice(-4)}`;
const parse = (body) => JSON.parse(body.toString());
const bytesOf = async (url) => new Uint8Array(await (await fetch(url)).arrayBuffer());

/** Flips one bit of a byte string in the middle of CBOR or of a text. */
function flipped(body, at = body.length >> 1) {
  const other = Buffer.from(body);
  other[at] ^= 1;
  return other;
}

/** An answer of a path that is JSON, with something changed. */
const jsonAt = (path, change) => (asked, body) => {
  if (asked.split("?")[0] !== path) return undefined;
  const json = parse(body);
  return JSON.stringify(change(json) ?? json);
};

/** An answer of a path that is bytes, with something changed. */
const bytesAt = (path, change) => (asked, body) =>
  asked.split("?")[0] === path ? change(body, asked) : undefined;

/** A presentation with its token's leaf changed. */
const leafOf = (id, change) =>
  bytesAt(`/v1/tokens/${id}/presentation`, (body) => {
    const shown = remit.decodePresentation(new Uint8Array(body));
    const leaves = shown.leaves.map((bytes) => {
      const leaf = remit.decodeLeaf(bytes);
      return remit.hex(leaf.id) === id ? remit.encodeLeaf(change(leaf)) : bytes;
    });
    return remit.encodePresentation({ ...shown, leaves });
  });

/** Requires that the badges of these facts are red for this reason, and that none of them is green. */
async function found(tab, { name, red, why }) {
  const all = await badges(tab);
  for (const what of red) {
    const own = all.filter((each) => each.what === what);
    assert.ok(own.length > 0, `${name}: no badge of ${what}\n${JSON.stringify(all, undefined, 1)}`);
    for (const { state, says } of own) {
      assert.equal(state, "failed", `${name}: ${what} says ${says}`);
      assert.match(says, why, name);
      assert.match(says, /NOT PROVED/, name);
    }
  }
}

/** The lies to whoever reads; answers with how many there are. */
export async function lies(browser, front, url, told) {
  const { reserve, capture, commitment } = told.kinds;
  const other = await (await fetch(`${url}/v1/entries/${capture}`)).json();
  const foreign = await bytesOf(`${url}/v1/entries/${capture}/object`);
  const stranger = await remit.LocalSigner.generate();
  const resigned = async (body) => {
    const { text } = remit.parseNote(new Uint8Array(body));
    const [origin] = text.split("\n");
    const id = await keyId(origin, "log", stranger.publicKey);
    const signature = remit.concat(id, await stranger.sign(remit.utf8(text)));
    return `${text}\n— ${origin} ${remit.base64(signature)}\n`;
  };
  const old = remit.parseNote(remit.decodePresentation(told.old).note).text.split("\n")[1];
  const [entryPage, tokenPage] = [`#/entry/${reserve}`, `#/token/${told.root}`];
  const [standing, purse, history] = ["how this token stands", "its budgets and counters", "its history"];
  const entry = `entry ${reserve}`;
  const all = [
    {
      name: "an entry's bytes are changed",
      hash: entryPage,
      answer: jsonAt(`/v1/entries/${reserve}`, (json) => ({
        ...json,
        bytes: flipped(Buffer.from(json.bytes, "base64"), 40).toString("base64"),
      })),
      red: [entry],
      why: /does not lead from these bytes/,
    },
    {
      name: "a proof's hash is changed",
      hash: entryPage,
      answer: bytesAt(`/v1/entries/${reserve}/proof`, (body) => {
        const lines = body.toString().split("\n");
        lines[2] = flipped(Buffer.from(lines[2], "base64")).toString("base64");
        return lines.join("\n");
      }),
      red: [entry],
      why: /does not lead from these bytes/,
    },
    {
      name: "the proof is of another entry",
      hash: entryPage,
      answer: bytesAt(`/v1/entries/${reserve}/proof`, async () =>
        Buffer.from(await bytesOf(`${url}/v1/entries/${capture}/proof`)),
      ),
      red: [entry],
      why: /the proof is of entry/,
    },
    {
      name: "a whole other entry is shown",
      hash: entryPage,
      answer: async (asked) => {
        if (asked === `/v1/entries/${reserve}`) return JSON.stringify({ ...other, index: reserve });
        return undefined;
      },
      red: [entry],
      why: /does not lead from these bytes/,
    },
    {
      name: "what was submitted is exchanged",
      hash: entryPage,
      answer: bytesAt(`/v1/entries/${reserve}/object`, () => Buffer.from(foreign)),
      red: [`the object of ${entry}`],
      why: /it has another id/,
    },
    {
      name: "a signature is changed",
      hash: entryPage,
      answer: bytesAt(`/v1/entries/${reserve}/object`, (body) => flipped(body, body.length - 20)),
      red: [`the object of ${entry}`],
      why: /NOT PROVED: cannot be what it should be/,
    },
    {
      name: "details are changed",
      hash: entryPage,
      answer: bytesAt(`/v1/entries/${reserve}/details`, (body) => flipped(body, 30)),
      red: [`the details of ${entry}`],
      why: /another digest than the entry/,
    },
    {
      name: "a revoked token is shown as live",
      hash: `#/token/${told.revoked}`,
      answer: leafOf(told.revoked, (leaf) => ({ ...leaf, life: "live" })),
      red: [standing, purse, history],
      why: /not in the state that the signed head commits to/,
    },
    {
      name: "a token has another holder",
      hash: tokenPage,
      answer: leafOf(told.root, (leaf) => ({ ...leaf, body: { ...leaf.body, holder: stranger.publicKey } })),
      red: [standing, "the chain above it"],
      why: /not in the state/,
    },
    {
      name: "the presentation of an older state is kept",
      hash: tokenPage,
      answer: bytesAt(`/v1/tokens/${told.root}/presentation`, () => Buffer.from(told.old)),
      after: (tab) =>
        tab.until(
          `Number(/(\\d+) entries$/.exec(document.getElementById("origin").textContent)[1]) > ${old}`,
        ),
      red: [standing],
      why: /were signed when it was asked for/,
    },
    {
      name: "counters are changed",
      hash: `#/token/${told.flights}`,
      answer: bytesAt(`/v1/tokens/${told.flights}/values`, (body) => {
        const values = remit.decodeValues(new Uint8Array(body));
        const units = values.units.map((each) => ({ ...each, counters: { ...each.counters, captured: 0n } }));
        return remit.encodeValues({ ...values, units });
      }),
      red: [purse, `token ${short(told.flights)}`],
      why: /another digest than the token's leaf/,
    },
    {
      name: "a unit's leaf is left out",
      hash: `#/token/${told.flights}`,
      answer: async (asked) => {
        if (!asked.startsWith(`/v1/tokens/${told.flights}/presentation?unit=`)) return undefined;
        return Buffer.from(await bytesOf(`${url}/v1/tokens/${told.flights}/presentation`));
      },
      red: [purse, `token ${short(told.flights)}`],
      why: /leaf of the unit that was asked for is not shown/,
    },
    {
      name: "the child of another token is shown",
      hash: tokenPage,
      answer: jsonAt(`/v1/tokens/${told.root}/children`, (json) => {
        const grandchild = told.tokens.find(({ parent }) => parent === told.flights);
        return { ...json, children: [{ ...json.children[0], id: grandchild.id }, ...json.children.slice(1)] };
      }),
      red: [`token ${short(told.tokens.find(({ parent }) => parent === told.flights).id)}`],
      why: /not a child of that token/,
    },
    {
      name: "an entry of a history is left out",
      hash: tokenPage,
      answer: jsonAt(`/v1/tokens/${told.root}/history`, (json) => void json.entries.splice(1, 1)),
      red: [history],
      why: /do not fold to the history/,
    },
    {
      name: "a unit has other decimals",
      hash: `#/unit/${told.unit}`,
      answer: jsonAt(`/v1/units/${told.unit}`, (json) => ({ ...json, decimals: 0 })),
      red: ["its registration"],
      why: /other decimals than were registered/,
    },
    {
      name: "another party's registration is named",
      hash: `#/party/${told.airline}`,
      answer: jsonAt(`/v1/parties/${told.airline}`, (json) => ({ ...json, entries: [json.entries[0] - 2] })),
      red: ["its registration", "its entries"],
      why: /is not the one of|no object/,
    },
    {
      name: "an entry of somebody else is shown as one of a party",
      hash: `#/party/${told.airline}`,
      answer: jsonAt(`/v1/parties/${told.airline}`, (json) => ({
        ...json,
        entries: [...json.entries, told.kinds.transfer],
      })),
      red: ["its entries"],
      why: /has nothing to do with this party/,
    },
    {
      name: "a capture is said to go on with another spend",
      hash: `#/search?token=${told.root}`,
      answer: async (asked, body) => {
        if (asked.startsWith("/v1/search?token")) return JSON.stringify({ ...parse(body), entries: [other] });
        if (!/^\/v1\/search\?id=.*&before=/.test(asked)) return undefined;
        return JSON.stringify({
          ...parse(body),
          entries: [await (await fetch(`${url}/v1/entries/${told.kinds.issue}`)).json()],
        });
      },
      red: [`result, entry ${capture}`],
      why: /not the one that it is said to go on with/,
    },
    {
      name: "a name is another's",
      hash: "#/search?name=the",
      answer: jsonAt("/v1/names", (json) => void (json.names[0].name = "The bank")),
      redBy: (json) => `the name of ${json.names[0].id.slice(0, 8)}`,
      path: "/v1/names?begins=the&limit=50",
      why: /another name/,
    },
    {
      name: "a result is another entry",
      hash: "#/search?kind=reserve",
      answer: jsonAt("/v1/search", (json) => void (json.entries[0] = other)),
      red: [`result, entry ${capture}`],
      why: /of another kind/,
    },
    {
      name: "a result has nothing to do with the key",
      hash: `#/search?agent=${told.agent}`,
      answer: (asked, body) => {
        if (!asked.startsWith("/v1/search?agent")) return undefined;
        const json = parse(body);
        json.entries[0] = told.stranger;
        return JSON.stringify(json);
      },
      red: [`result, entry ${told.kinds.unit}`],
      why: /nothing to do with the agent/,
      before: async () =>
        (told.stranger = await (await fetch(`${url}/v1/entries/${told.kinds.unit}`)).json()),
    },
    {
      name: "the newest commitment is another",
      hash: "#/",
      answer: (asked, body) => {
        const at = /^\/v1\/entries\/(\d+)$/.exec(asked)?.[1];
        if (at === undefined || Number(at) < told.size - 1) return undefined;
        const json = parse(body);
        if (json.kind !== "commitment") return undefined;
        return JSON.stringify({
          ...json,
          bytes: flipped(Buffer.from(json.bytes, "base64"), 60).toString("base64"),
        });
      },
      red: ["the newest commitment"],
      why: /does not lead from these bytes/,
    },
    {
      name: "a checkpoint is signed by another key",
      hash: "#/",
      answer: bytesAt("/checkpoint", resigned),
      red: ["the signed head that this browser holds"],
      why: /the trusted key of the log has not signed it/,
    },
    {
      name: "a proof's checkpoint is signed by another key",
      hash: entryPage,
      answer: bytesAt(`/v1/entries/${reserve}/proof`, async (body) => {
        const text = body.toString();
        const at = text.indexOf("\n\n") + 2;
        return text.slice(0, at) + (await resigned(Buffer.from(text.slice(at))));
      }),
      red: [entry, "the signed head that this browser holds"],
      why: /the trusted key of the log has not signed it/,
    },
    {
      name: "the tiles are of another log",
      hash: "#/",
      answer: (asked, body) => (asked.startsWith("/tile/0/") ? flipped(body, body.length - 1) : undefined),
      red: ["the signed head that this browser holds"],
      why: /do not lead to the signed root/,
    },
  ];
  for (const lie of all) {
    await lie.before?.();
    if (lie.path !== undefined) lie.red = [lie.redBy(await (await fetch(url + lie.path)).json())];
    const tab = await browser.open(`${front.url}/explorer#/search`, true);
    await settled(tab);
    await lie.after?.(tab);
    front.lie.answer = lie.answer;
    if (lie.red.includes("the signed head that this browser holds") && lie.hash === "#/") {
      await tab.evaluate(
        "for (const name of Object.keys(localStorage)) if (/^remit:held/.test(name)) localStorage.removeItem(name)",
      );
      await tab.evaluate("history.replaceState(null, '', '#/')");
      await tab.reload();
      await settled(tab);
    } else await go(tab, lie.hash);
    await found(tab, lie);
    if (["counters are changed", "a checkpoint is signed by another key"].includes(lie.name))
      await tab.shoot(`lie-${lie.name.replaceAll(" ", "-")}`, false);
    front.lie.answer = undefined;
    await tab.close();
  }
  assert.ok(commitment > 0);
  return all.length + (await otherKey(browser, front, url, stranger, resigned));
}

/** A server that comes back with another key: its own name for it, and its checkpoints. */
async function otherKey(browser, front, url, stranger, resigned) {
  const tab = await browser.open(`${front.url}/explorer`, true);
  await settled(tab);
  const log = await (await fetch(`${url}/v1/log`)).json();
  const id = remit.hex(await keyId(log.origin, "log", stranger.publicKey));
  const vkey = `${log.origin}+${id}+${remit.base64(remit.concat(Uint8Array.of(1), stranger.publicKey))}`;
  front.lie.answer = async (asked, body) => {
    if (asked === "/v1/log") return JSON.stringify({ ...log, log_vkey: vkey });
    return asked === "/checkpoint" ? resigned(body) : undefined;
  };
  const lie = { red: ["the signed head that this browser holds"], why: /another key or ledger than on/ };
  await tab.reload();
  await settled(tab);
  await found(tab, { ...lie, name: "the server comes back with another key" });
  front.lie.answer = async (asked) =>
    asked === "/v1/log" ? JSON.stringify({ ...log, log_vkey: vkey }) : undefined;
  await tab.reload();
  await settled(tab);
  await found(tab, { ...lie, name: "the server names another key, and signs with the old one" });
  front.lie.answer = undefined;
  await tab.close();
  return 2;
}

/** A feed that was cut off goes on where it was: what was published meanwhile appears, proved. */
async function cutOff(browser, front, house) {
  const tab = await browser.open(`${front.url}/explorer#/live`, true);
  await settled(tab);
  const connected = `document.querySelector("[role=status]").textContent.startsWith("Connected")`;
  await tab.until(connected);
  front.cut();
  await tab.until(`!(${connected})`);
  const index = (await house.served.json("/v1/log")).published.size;
  house.run("party", "add", "Meanwhile", "--key", "company.pem");
  await tab.until(`document.querySelector("#live > li") !== null`);
  await settled(tab);
  const all = await badges(tab);
  assert.ok(all.length >= 2 && all.every(({ state }) => state === "proved"), JSON.stringify(all));
  assert.ok(await tab.evaluate(`document.querySelector('#live a[href="#/entry/${index}"]') !== null`));
  await tab.close();
}

/** The notes that contradict each other can be saved. */
async function savesEvidence(tab, name) {
  const folder = mkdtempSync(join(tab.browser.scratch, "saved-"));
  const allowed = { behavior: "allow", downloadPath: folder, browserContextId: tab.context };
  await tab.browser.send("Browser.setDownloadBehavior", allowed);
  await tab.evaluate(`document.querySelector("#evidence button").click()`);
  const file = join(folder, "remit-evidence.txt");
  for (let tries = 0; tries < 400 && !existsSync(file); tries++)
    await new Promise((resolve) => setTimeout(resolve, 25));
  const notes = readFileSync(file, "utf8").match(/^remit\.example\/approvals$/gm);
  assert.equal(notes?.length, 2, name);
}

/** Lies of the feed, some of them signed with the log's own key. */
export async function liesOfTheFeed(browser, front, house, seed) {
  const signer = await remit.LocalSigner.fromSeed(new Uint8Array(seed));
  const { log_vkey: vkey } = await house.served.json("/v1/log");
  const key = await remit.parseVerifierKey(vkey);
  const signed = async (size, root) => {
    const text = `${key.name}\n${size}\n${remit.base64(root)}\n`;
    return `${text}\n— ${key.name} ${remit.base64(remit.concat(key.id, await signer.sign(remit.utf8(text))))}\n`;
  };
  const forks = new Map();
  for (let size = 1; size < 400; size++)
    forks.set(size, await signed(size, await remit.sha256(remit.utf8(`fork ${size}`))));
  await cutOff(browser, front, house);
  const older = await (await fetch(`${house.served.url}/checkpoint`)).text();
  const all = [
    [
      "an entry is dropped",
      (news) => ({ ...news, entries: news.entries.slice(1), size: news.size - 1 }),
      /do not lead to the head|goes on at/,
    ],
    [
      "an entry is changed",
      (news) => ({
        ...news,
        entries: [
          flipped(Buffer.from(news.entries[0], "base64"), 45).toString("base64"),
          ...news.entries.slice(1),
        ],
      }),
      /do not lead to the head/,
    ],
    ["an older head is shown", (news) => ({ ...news, checkpoint: older }), /do not lead to the head/],
    [
      "another history is signed",
      (news) => ({ ...news, checkpoint: forks.get(news.size) }),
      /do not lead to the head|two histories/,
    ],
  ];
  for (const [name, change, why] of all) {
    const tab = await browser.open(`${front.url}/explorer#/live`, true);
    await settled(tab);
    await tab.until(`document.querySelector("[role=status]").textContent.startsWith("Connected")`);
    front.lie.event = (news) => (news.entries.length > 0 ? change(news) : undefined);
    house.run("party", "add", name, "--key", "company.pem");
    await tab.until(`document.querySelector("#live .proof.failed") !== null`);
    await settled(tab);
    await found(tab, { name, red: ["what the feed sent", "the signed head that this browser holds"], why });
    assert.ok(!(await badges(tab)).some(({ state }) => state === "proved"), name);
    assert.ok(await tab.evaluate(`document.getElementById("evidence").checkVisibility()`), name);
    await savesEvidence(tab, `${name}, ${why}`);
    front.lie.event = undefined;
    await tab.close();
  }
  return all.length;
}

/** Lies to somebody who is about to sign. */
export async function liesToApprovers(browser, front, house) {
  const tab = await browser.open(`${front.url}/explorer#/approvals`, true);
  await settled(tab);
  await tab.evaluate(`document.getElementById("reader").value = ${JSON.stringify(READER)}`);
  await tab.evaluate(`document.querySelector("#reader-form button").click()`);
  await settled(tab);
  await tab.evaluate(`document.querySelector("#own-key button.main").click()`);
  await tab.until(`document.getElementById("own-did") !== null`);
  const token = house.guarded(await tab.evaluate(`document.getElementById("own-did").textContent`));
  const request = house.ask(token);
  const again = async () => {
    await go(tab, "#/");
    await go(tab, "#/approvals");
  };
  const changes = [
    ["the amount is changed", (each) => ({ ...each, amount: "6000" }), /not the one of what is shown/],
    ["the payee is changed", (each) => ({ ...each, payee: house.issuer }), /not the one of what is shown/],
    [
      "another request is named",
      (each) => ({ ...each, id: "00".repeat(32) }),
      /not the one of what is shown/,
    ],
    [
      "another entry is named",
      (each) => ({ ...each, entry: 2 }),
      /does not make this request|no object|another/,
    ],
  ];
  for (const [name, change, why] of changes) {
    front.lie.answer = (asked, body) => {
      if (!asked.startsWith("/v1/approvers/")) return undefined;
      const json = parse(body);
      return JSON.stringify({ ...json, requests: json.requests.map(change) });
    };
    await again();
    await found(tab, { name, red: ["this request"], why });
    assert.equal(
      await tab.evaluate(`document.querySelectorAll(".request button").length`),
      0,
      `${name}: it can be signed`,
    );
  }
  await tab.shoot("lie-request", false);

  // The yes is answered with the proof of another entry.
  const { kind, ...entry } = await house.served.json("/v1/entries/4");
  const proof = await (
    await fetch(`${house.served.url}/v1/entries/4/proof`, { headers: { authorization: `Bearer ${READER}` } })
  ).text();
  front.lie.answer = (asked) =>
    asked === "/v1/operations"
      ? JSON.stringify({ status: "applied", id: entry.id, entry: 4, proof })
      : undefined;
  await again();
  await tab.evaluate(`document.querySelector(".request button.main").click()`);
  await tab.until(`document.querySelector(".answer-row .proof")?.dataset.state === "failed"`);
  await found(tab, { name: "a foreign proof", red: ["your yes"], why: /it is not what was signed here/ });
  assert.ok(
    !(await tab.evaluate(`document.querySelector("main").textContent.includes("stands in the log")`)),
    kind,
  );
  front.lie.answer = undefined;
  assert.deepEqual(
    (await house.served.json(`/v1/requests/${request}`)).approved.length,
    1,
    "the yes was applied all the same",
  );
  await tab.close();
  return changes.length + 1;
}
