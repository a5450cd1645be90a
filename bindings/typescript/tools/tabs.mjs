// What a browser remembers between pages and tabs: the largest head, and everything that was ever found wrong.
import assert from "node:assert/strict";
import * as remit from "../dist/src/index.js";
import { READER } from "./ledgers.mjs";
import { badges, go, settled } from "./pages.mjs";

const HEAD = "the signed head that this browser holds";

/** What the badge of the head says. */
const head = async (tab) => (await badges(tab)).find(({ what }) => what === HEAD);
const entries = (tab) =>
  tab.evaluate(`Number(/(\\d+) entries$/.exec(document.getElementById("origin").textContent)?.[1])`);

async function opened(browser, front, fresh) {
  const tab = await browser.open(`${front.url}/explorer#/search`, fresh);
  await tab.evaluate(`sessionStorage.setItem("remit:reader", ${JSON.stringify(READER)})`);
  await tab.reload();
  await settled(tab);
  return tab;
}

/** A tab that is shown less than another has seen comes up to it, and a server that goes back is found out. */
async function rolledBack(browser, front, house) {
  const tabs = [await opened(browser, front, false), await opened(browser, front, false)];
  const [one, other] = tabs;
  front.lie.event = () => null;
  const proofOf = async () => {
    const headers = { authorization: `Bearer ${READER}` };
    return (await fetch(`${house.served.url}/v1/entries/0/proof`, { headers })).text();
  };
  house.run("party", "add", "In between", "--key", "company.pem");
  const between = await proofOf();
  house.run("party", "add", "At last", "--key", "company.pem");
  await go(one, "#/entry/0");
  const seen = await entries(one);
  // The other tab hears of it by what the browser keeps, though the server shows it nothing.
  await other.until(`document.getElementById("origin").textContent.endsWith(", ${seen} entries")`);
  front.lie.answer = (asked) => {
    if (asked === "/v1/entries/0/proof") return between;
    return asked === "/checkpoint" ? between.slice(between.indexOf("\n\n") + 2) : undefined;
  };
  await go(other, "#/entry/0");
  assert.deepEqual([(await head(other)).state, await entries(other)], ["proved", seen]);
  for (const tab of tabs) {
    await tab.reload();
    await settled(tab);
    const { state, says } = await head(tab);
    assert.equal(state, "failed", says);
    assert.match(says, /and this browser has seen/);
  }
  front.lie.answer = front.lie.event = undefined;
  for (const tab of tabs) await tab.close();
}

/** An alarm stays red after a reload and in other tabs, with its notes, until it is forgotten. */
async function alarmed(browser, front, house, signed) {
  const tab = await opened(browser, front, false);
  const size = (await house.served.json("/v1/log")).published.size;
  const fork = await signed(size, new Uint8Array(32).fill(7));
  front.lie.answer = (asked, body) => {
    const text = body.toString();
    return asked === "/v1/entries/0/proof" ? text.slice(0, text.indexOf("\n\n") + 2) + fork : undefined;
  };
  const other = await opened(browser, front, false);
  await go(tab, "#/entry/0");
  front.lie.answer = undefined;
  const failed = `document.querySelector("#head .proof").dataset.state === "failed"`;
  await other.until(failed);
  await tab.reload();
  await settled(tab);
  const { state, says } = await head(tab);
  assert.equal(state, "failed", says);
  assert.match(says, /two histories|not shown to be of one history/);
  assert.ok(await tab.evaluate(`document.getElementById("evidence").checkVisibility()`));
  await tab.evaluate(`document.getElementById("settings").open = true`);
  await tab.evaluate(`document.querySelector("#forget button").click()`);
  await tab.evaluate(`window.stale = true, document.querySelector("#forget button").click()`);
  await tab.until(`window.stale === undefined && document.documentElement?.dataset.ready !== undefined`);
  await settled(tab);
  assert.equal((await head(tab)).state, "proved");
  for (const each of [tab, other]) await each.close();
}

/** Lies that are found out by what the browser remembers; answers with how many. */
export async function liesOverTime(browser, front, house, seed) {
  const signer = await remit.LocalSigner.fromSeed(new Uint8Array(seed));
  const key = await remit.parseVerifierKey((await house.served.json("/v1/log")).log_vkey);
  const signed = async (size, root) => {
    const text = `${key.name}\n${size}\n${remit.base64(root)}\n`;
    return `${text}\n— ${key.name} ${remit.base64(remit.concat(key.id, await signer.sign(remit.utf8(text))))}\n`;
  };
  // It ends with everything forgotten, and what follows begins anew.
  await alarmed(browser, front, house, signed);
  await rolledBack(browser, front, house);
  return 2;
}
