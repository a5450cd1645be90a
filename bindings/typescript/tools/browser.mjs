// Opens ui/verify.html from disk in headless Chromium, gives it files, and holds what it shows to what Node
// decides.
// `node tools/browser.mjs [FOLDER]` also writes screenshots, light and dark, into FOLDER.
import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as remit from "../dist/src/index.js";
import { chromium, inBrowser } from "./chromium.mjs";

// Node 18 has it behind a flag.
globalThis.crypto ??= webcrypto;
const root = fileURLToPath(new URL("../../../", import.meta.url));
if (chromium === undefined) {
  console.error("check: NOT CHECKED: ui/verify.html in a browser (apt-get install chromium)");
  process.exit(0);
}
const text = (selector) => `document.querySelector(${JSON.stringify(selector)})?.textContent ?? ""`;

/** Gives the page files, and waits for what it says. */
async function give(tab, files) {
  await tab.evaluate("document.getElementById('status').textContent = '…'");
  await tab.choose("#input", files);
  await tab.until("document.getElementById('status').textContent !== '…'");
}

async function check(tab, name, bytes, files, verdict) {
  await give(tab, files);
  const shown = {
    decision: await tab.evaluate(`document.querySelector(".answer")?.classList[1]`),
    code: (await tab.evaluate(text(".answer code"))) || undefined,
    checks: await tab.evaluate(`[...document.querySelectorAll(".checks li")].map((li) => li.className)`),
    links: await tab.evaluate(`document.querySelectorAll(".chain > li:not(.issuer)").length`),
  };
  assert.equal(shown.decision, verdict.decision, name);
  assert.equal(shown.code, verdict.code, name);
  assert.deepEqual(
    shown.checks,
    verdict.checks.map((each) => each.outcome),
    name,
  );
  const whole = remit.decodeCase(bytes);
  try {
    assert.ok(
      shown.links === remit.decodePresentation(whole.presentation).tokens.length ||
        verdict.decision === "denied",
      `${name}: ${shown.links} links`,
    );
  } catch (error) {
    if (!(error instanceof remit.RemitError)) throw error;
  }
}

async function main(browser) {
  const { scratch } = browser;
  const tab = await browser.open(`file://${join(root, "ui/verify.html")}`);
  await tab.shoot("empty", false);
  await tab.shoot("empty", true);

  // One case of each verdict from the repository, and of every code that a verdict can have.
  const cases = new Map(
    ["allowed", "permitted", "revoked"].map((name) => [
      name,
      join(root, `verifier/examples/cases/${name}.case`),
    ]),
  );
  cases.set("hotel", join(root, "spec/examples/hotel.case"));
  const seen = new Set();
  for (const { name, input, result } of JSON.parse(readFileSync(join(root, "spec/vectors/verdicts.json")))
    .vectors) {
    const [first] = name.split("/");
    if (result === "ok" ? seen.has(first) : seen.has(result)) continue;
    seen.add(result === "ok" ? first : result);
    const path = join(scratch, `${name.replaceAll("/", "-")}.case`);
    writeFileSync(path, Buffer.from(input.case, "hex"));
    cases.set(name, path);
  }
  for (const [name, path] of cases) {
    const bytes = new Uint8Array(readFileSync(path));
    await check(tab, name, bytes, [path], await remit.verifyCase(bytes));
    if (
      [
        "allowed",
        "permitted",
        "revoked",
        "hotel",
        "offline",
        "wider",
        "open-budget",
        "approved",
        "permissions/condition",
      ].some((wanted) => name.startsWith(wanted))
    ) {
      await tab.shoot(name.replaceAll("/", "-"), false);
      await tab.shoot(name.replaceAll("/", "-"), true);
    }
  }

  // The same case as its parts, each a file of its own; the clock is this computer's, so the evidence is of
  // another time.
  await tab.evaluate(`document.getElementById("clear").click()`);
  const whole = remit.decodeCase(new Uint8Array(readFileSync(cases.get("hotel"))));
  const parts = {
    "presentation.bin": whole.presentation,
    "invocation.bin": whole.invocation,
    "policy.toml": whole.policy,
  };
  const files = Object.entries(parts).map(([name, bytes]) => {
    writeFileSync(join(scratch, name), bytes);
    return join(scratch, name);
  });
  await give(tab, files.slice(0, 1));
  assert.match(await tab.evaluate(text("#status")), /policy file is needed/);
  await give(tab, files.slice(1));
  assert.match(await tab.evaluate(text("#status")), /^denied, (stale|clock)/);
  assert.deepEqual(
    await tab.evaluate(
      `[...document.querySelectorAll("#files li > span:last-child")].map((each) => each.textContent)`,
    ),
    ["presentation", "invocation", "policy"],
  );
  await tab.shoot("parts", false);
  writeFileSync(join(scratch, "nonsense.txt"), "nonsense");
  await give(tab, [join(scratch, "nonsense.txt")]);
  assert.match(await tab.evaluate(text("#files .bad")), /nonsense\.txt.*cannot be read/);

  // Sealed claims open the budgets of the token that commits to them; a case keeps its instant or is judged
  // as of now.
  await give(tab, [cases.get("hotel")]);
  assert.equal(await tab.evaluate(`document.querySelector(".answer").classList[1]`), "allowed");
  await tab.evaluate(`document.querySelectorAll("#clock input")[1].click()`);
  await tab.until(`document.querySelector(".answer").classList[1] === "denied"`);
  await tab.evaluate(`document.querySelectorAll("#clock input")[0].click()`);
  await tab.until(`document.querySelector(".answer").classList[1] === "allowed"`);
  await tab.shoot("narrow", false, 400);

  // Names for a screen reader, and no trap: every control has a name, headings go down one by one, focus is
  // on the answer.
  await give(tab, [cases.get("allowed")]);
  const of = await tab.accessible();
  for (const button of of("button")) assert.ok(button.name?.value, "a button without a name");
  assert.ok(of("button").length > 5 && of("heading").length > 5 && of("list").length > 1);
  assert.equal(await tab.evaluate("document.activeElement.id"), "answer");
  await tab.evaluate(`document.querySelector(".id").click()`);
  assert.equal(await tab.evaluate(`document.querySelector(".id").getAttribute("aria-expanded")`), "true");

  assert.deepEqual(tab.problems, []);
  assert.deepEqual(
    tab.requests.filter((url) => !url.startsWith("file:")),
    [],
  );
  console.log(
    `test result: ok. ${cases.size} cases and their parts in ${(await browser.send("Browser.getVersion")).product}`,
  );
}

await inBrowser(120, main);
