// Opens the explorer on real ledgers in headless Chromium: every badge is green where the server is honest, and red
// with a reason wherever it lies (lies.mjs). Nothing is asked of anybody else, and everything can be done without a mouse.
// `node tools/explorer.mjs [FOLDER]` also writes screenshots, light and dark, into FOLDER.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { KEY_FILE_BYTES_MAX } from "../dist/explorer/keys.js";
import * as remit from "../dist/src/index.js";
import { chromium, inBrowser } from "./chromium.mjs";
import { company, demo, READER } from "./ledgers.mjs";
import { lies, liesOfTheFeed, liesToApprovers } from "./lies.mjs";
import { badges, cast, go, settled } from "./pages.mjs";
import { liesOverTime } from "./tabs.mjs";
import { liar } from "./tamper.mjs";

if (chromium === undefined) {
  console.error("error: the explorer needs Chromium to be tested\nhint: tools/setup chromium");
  process.exit(1);
}

/** Requires that all badges of the page are green, or say plainly that it is the server's word. */
async function honest(tab, name, least) {
  const all = await badges(tab);
  const wrong = all.filter(({ state }) => state !== "proved" && state !== "said");
  assert.deepEqual(wrong, [], name);
  assert.ok(all.filter(({ state }) => state === "proved").length >= least, `${name}: too few badges`);
}

/** Requires a name for every control, headings that go down one by one, and one of the first rank. */
async function accessible(tab, name) {
  const of = await tab.accessible();
  for (const role of ["button", "link", "textbox", "searchbox", "combobox", "DisclosureTriangle"])
    for (const node of of(role)) assert.ok(node.name?.value, `${name}: a ${role} without a name`);
  const ranks = await tab.evaluate(
    `[...document.querySelectorAll("h1, h2, h3, h4")].filter((each) => each.checkVisibility())
      .map((each) => Number(each.tagName[1]))`,
  );
  assert.equal(ranks.filter((rank) => rank === 1).length, 1, name);
  ranks.reduce((before, rank) => (assert.ok(rank <= before + 1, `${name}: ${ranks}`), rank), 0);
}

/** Presses the button with this text. */
async function press(tab, text) {
  const buttons = `[...document.querySelectorAll("button")]`;
  await tab.evaluate(`${buttons}.find((each) => each.textContent === ${JSON.stringify(text)}).click()`);
}

/** Every page of the demo's ledger. */
async function everyPage(browser, url, told) {
  const tab = await browser.open(`${url}/explorer`, true);
  const pages = [
    ["overview", "#/", 12],
    ["search", "#/search?kind=reserve", 3],
    ["search-agent", `#/search?agent=${told.agent}`, 5],
    ["search-issuer", `#/search?issuer=${told.issuer}&kind=capture`, 2],
    ["search-token", `#/search?token=${told.flights}`, 5],
    ["search-unit", `#/search?unit=${told.unit}&service=${told.airline}`, 3],
    ["search-id", `#/search?id=${told.flights}`, 1],
    ["search-names", "#/search?name=the", 2],
    ["search-form", "#/search", 0],
    ["search-no-time", "#/search?from_ms=99999999999999999", 0],
    ["genesis", "#/entry/0", 3],
    ["commitment", "#/entry/1", 3],
    ["reserve", `#/entry/${told.kinds.reserve}`, 3],
    ["bundle", `#/entry/${told.kinds.bundle}`, 3],
    ["refusal", `#/entry/${told.kinds.refusal}`, 3],
    ["root", `#/token/${told.root}`, 10],
    ["flights", `#/token/${told.flights}`, 10],
    ["revoked", `#/token/${told.revoked}`, 6],
    ["party", `#/party/${told.airline}`, 3],
    ["unit", `#/unit/${told.unit}`, 1],
    ["live", "#/live", 0],
    ["approvals", "#/approvals", 0],
  ];
  for (const [name, hash, least] of pages) {
    await go(tab, hash);
    await honest(tab, name, least);
    await accessible(tab, name);
    for (const width of [400, 1200]) {
      await tab.send("Emulation.setDeviceMetricsOverride", {
        width,
        height: 900,
        deviceScaleFactor: 1,
        mobile: false,
      });
      const fits = await tab.evaluate("document.documentElement.scrollWidth <= innerWidth");
      assert.ok(fits, `${name}: wider than a window of ${width}`);
    }
    await tab.shoot(name, false);
    await tab.shoot(name, true);
    await tab.shoot(`${name}-narrow`, false, 400);
  }
  await go(tab, `#/entry/${told.kinds.refusal}`);
  const refused = await tab.evaluate(`document.getElementById("content").textContent`);
  assert.match(refused, /refused above_per_use.*its limit of one use of 800000 decided/s);
  await go(tab, `#/token/${told.root}`);
  await tab.evaluate(
    `[...document.querySelectorAll("button")].find((each) => each.textContent.startsWith("Show all that")).click()`,
  );
  await tab.evaluate(
    `for (const each of document.querySelectorAll(".toggle[aria-expanded=false]")) each.click()`,
  );
  await settled(tab);
  await honest(tab, "all of a token", 12);
  await tab.shoot("token-all", true);
  assert.deepEqual(tab.problems, []);
  // The browser's own controls have pictures in them.
  const elsewhere = tab.requests.filter(
    (asked) => !asked.startsWith(`${url}/`) && !asked.startsWith("data:"),
  );
  assert.deepEqual(elsewhere, []);
  await tab.close();
  return pages.length;
}

/** What has the focus, in words. */
const FOCUS = `(document.activeElement.textContent || document.activeElement.id).trim()`;

/** Tab until what has the focus fits. */
async function tabTo(tab, wanted) {
  for (let presses = 0; presses < 80; presses++) {
    await tab.press("Tab");
    if (await tab.evaluate(wanted)) return;
  }
  assert.fail(`no way there by keyboard: ${wanted}, but ${await tab.evaluate(FOCUS)}`);
}

/** From the search box to a token and to an entry of its history, without a mouse. */
async function byKeyboard(browser, url, told) {
  const tab = await browser.open(`${url}/explorer`, true);
  await settled(tab);
  await tabTo(tab, `document.activeElement.id === "skip"`);
  await tabTo(tab, `document.activeElement.id === "box"`);
  await tab.type(told.flights);
  await tab.press("Enter");
  await tab.until(`document.title.startsWith("Search")`);
  await settled(tab);
  assert.equal(await tab.evaluate("document.activeElement.id"), "title");
  await tabTo(tab, `document.activeElement.textContent === "open its page"`);
  await tab.press("Enter");
  await tab.until(`document.title.startsWith("Token")`);
  await settled(tab);
  await tabTo(tab, `document.activeElement.tagName === "SUMMARY"`);
  await tab.press("Enter");
  assert.ok(await tab.evaluate(`document.activeElement.parentElement.open`));
  await tab.press("Escape");
  assert.ok(!(await tab.evaluate(`document.activeElement.parentElement.open`)));
  await tabTo(tab, `document.activeElement.classList.contains("toggle")`);
  const open = `document.activeElement.getAttribute("aria-expanded")`;
  const before = await tab.evaluate(open);
  await tab.press("Enter");
  assert.notEqual(await tab.evaluate(open), before);
  await tabTo(tab, `/^entry \\d+$/.test(document.activeElement.textContent)`);
  await tab.press("Enter");
  await tab.until(`document.title.startsWith("Entry")`);
  await settled(tab);
  await honest(tab, "by keyboard", 3);
  await tab.close();
}

/** A reader's token opens what is private; without one it is said, and nothing is green. */
async function asReader(browser, url) {
  const tab = await browser.open(`${url}/explorer#/entry/0`, true);
  await settled(tab);
  assert.deepEqual(
    (await badges(tab)).map(({ state }) => state),
    ["proved", "unanswered", "unanswered", "unanswered"],
  );
  await tab.shoot("without-token", false);
  await press(tab, "Enter a reader's token");
  assert.equal(await tab.evaluate("document.activeElement.id"), "reader");
  await tab.type(READER);
  await tab.press("Enter");
  await settled(tab);
  await honest(tab, "with a reader's token", 4);
  return tab;
}

/** Makes a key in the browser; a request for it is approved there, and the ledger's entry proves it. */
async function approve(tab, house) {
  await go(tab, "#/approvals");
  await tab.evaluate(`document.querySelector("#own-key button.main").click()`);
  await tab.until(`document.getElementById("own-did") !== null`);
  const did = await tab.evaluate(`document.getElementById("own-did").textContent`);
  const token = house.guarded(did);
  const request = house.ask(token);
  const namesake = house.run("party", "add", "THE AIRLINE", "--key", "company.pem").id;
  await go(tab, "#/");
  await go(tab, "#/approvals");
  await honest(tab, "a request", 2);
  const warned = await tab.evaluate(`document.querySelector(".request .amber").textContent`);
  assert.ok(warned.startsWith("Another party calls itself THE AIRLINE") && warned.includes(namesake), warned);
  const text = await tab.evaluate(`document.querySelector(".request").textContent`);
  for (const part of ["6\u202f000.00 CNY", "The airline", "book", "flights/CA1501", "class", request, house.airline])
    assert.ok(text.includes(part), `${part} in ${text}`);
  await accessible(tab, "a request");
  await tab.shoot("request", false);
  await tab.shoot("request", true);
  await tab.shoot("request-narrow", false, 400);
  await tab.evaluate(`document.querySelector(".request button.main").click()`);
  await tab.until(`document.querySelector(".request").textContent.includes("Your yes stands in the log")`);
  await settled(tab);
  await honest(tab, "approved", 3);
  await tab.shoot("approved", false);
  const shown = await house.served.json(`/v1/requests/${request}`);
  assert.deepEqual([shown.approved, shown.rules[0].met], [[did], true]);
  const reserved = house.run(
    "reserve",
    "--approved",
    "request-1.json",
    "--key",
    "assistant.pem",
    "--out",
    "booking",
  );
  assert.equal(reserved.status, "applied");
  return { did, token };
}

/** A key file is brought; a request is refused with it, which ends it. */
async function refuse(tab, house, scratch) {
  await go(tab, "#/approvals");
  await press(tab, "Forget this key");
  await press(tab, "Yes");
  await tab.until(`document.getElementById("key-file") !== null`);
  await tab.choose("#key-file", [join(scratch, "ledger/client.toml")]);
  await tab.until(`document.querySelector("#own-key .problem").textContent.includes("no key file")`);
  const did = house.run("key", "new", "--plain", "approver.pem").key;
  const padded = (length) => readFileSync(join(scratch, "approver.pem"), "utf8").padEnd(length, "\n");
  writeFileSync(join(scratch, "long.pem"), padded(KEY_FILE_BYTES_MAX + 1));
  await tab.choose("#key-file", [join(scratch, "long.pem")]);
  await tab.until(`document.querySelector("#own-key .problem").textContent.includes("too long")`);
  writeFileSync(join(scratch, "approver.pem"), padded(KEY_FILE_BYTES_MAX));
  await tab.choose("#key-file", [join(scratch, "approver.pem")]);
  await tab.until(`document.getElementById("own-did")?.textContent === ${JSON.stringify(did)}`);
  const request = house.ask(house.guarded(did));
  await go(tab, "#/");
  await go(tab, "#/approvals");
  await press(tab, "Refuse");
  await press(tab, "Yes");
  await tab.until(`document.querySelector(".request").textContent.includes("Your no stands in the log")`);
  await settled(tab);
  await honest(tab, "refused", 3);
  assert.equal((await house.served.json(`/v1/requests/${request}`)).state, "closed");
}

/** With a policy the keys are those of the file; one of another log is of no use. */
async function withPolicy(tab, house, scratch, foreign) {
  const text = (id) => tab.evaluate(`document.getElementById(${JSON.stringify(id)}).textContent`);
  const load = async (policy) => {
    writeFileSync(join(scratch, "policy.toml"), policy);
    await go(tab, "#/");
    await tab.evaluate(`window.stale = true, (document.getElementById("policy-problem").textContent = "")`);
    await tab.choose("#policy", [join(scratch, "policy.toml")]);
    await tab.until(
      `window.stale === undefined || document.getElementById("policy-problem").textContent !== ""`,
    );
    await settled(tab);
  };
  const { policy } = house.run("policy", "--party", house.airline, "--issuer", house.issuer);
  await load("nonsense");
  assert.match(await text("policy-problem"), /cannot be used/);
  const most = remit.limits.POLICY_BYTES_MAX;
  await load(policy.padEnd(most + 1, "\n"));
  assert.match(await text("policy-problem"), /longer than a policy/);
  await load(policy.padEnd(most, "\n"));
  assert.match(await text("content"), /By your policy, a checkpoint counts if the log alone signed it/);
  await honest(tab, "with a policy", 4);
  const { log_vkey: own } = await house.served.json("/v1/log");
  await load(policy.replaceAll(own, foreign).replaceAll("remit.example/approvals", "remit.example/demo"));
  assert.match(await text("content"), /your policy does not trust the log remit\.example\/approvals/);
  assert.deepEqual(
    (await badges(tab)).map(({ state }) => state),
    ["failed"],
  );
}

/** What is published appears, proved. */
async function live(tab, house) {
  await go(tab, "#/live");
  await tab.until(`document.querySelector("[role=status]").textContent.startsWith("Connected")`);
  house.run("party", "add", "A newcomer", "--key", "company.pem");
  await tab.until(`document.getElementById("live").textContent.includes("registers the party A newcomer")`);
  await settled(tab);
  await honest(tab, "live", 2);
  await tab.shoot("live-news", false);
  await press(tab, "Pause");
  house.run("party", "add", "Another", "--key", "company.pem");
  await tab.until(`/^Paused: [1-9]/.test(document.querySelector("[role=status]").textContent)`);
  assert.ok(!(await tab.evaluate(`document.getElementById("live").textContent.includes("Another")`)));
  await press(tab, "Pause");
  await tab.until(`document.getElementById("live").textContent.includes("Another")`);
  await settled(tab);
  await honest(tab, "live again", 3);
}

await inBrowser(300, async (browser) => {
  const { scratch } = browser;
  const ended = [];
  try {
    const story = await demo(join(scratch, "demo"));
    ended.push(() => story.stop());
    const page = readFileSync(new URL("../../../ui/explorer.html", import.meta.url), "utf8");
    assert.equal(
      await (await fetch(`${story.url}/explorer`)).text(),
      page,
      "the server was built with another page",
    );
    const told = await cast(story.url);
    const pages = await everyPage(browser, story.url, told);
    await byKeyboard(browser, story.url, told);

    const house = await company(scratch);
    ended.push(() => house.served.stop());
    const tab = await asReader(browser, house.served.url);
    const approver = await approve(tab, house);
    await live(tab, house);
    await refuse(tab, house, scratch);
    await withPolicy(tab, house, scratch, (await story.json("/v1/log")).log_vkey);
    assert.deepEqual(
      tab.problems.filter((problem) => !problem.includes("401")),
      [],
    );
    await tab.close();

    const front = await liar(story.url);
    ended.push(() => front.close());
    const count = await lies(browser, front, story.url, told);
    const gate = await liar(house.served.url);
    ended.push(() => gate.close());
    const key = remit.fromBase64(
      /-\n([^-]*)\n-/.exec(readFileSync(join(scratch, "ledger/log.pem"), "utf8"))[1],
    );
    const more = await liesOfTheFeed(browser, gate, house, key.slice(-32));
    const most = await liesToApprovers(browser, gate, house, approver);
    const later = await liesOverTime(browser, gate, house, key.slice(-32));
    console.log(`test result: ok. ${pages} pages honest, ${count + more + most + later} lies found out`);
  } finally {
    for (const end of ended.reverse()) await end();
  }
});
