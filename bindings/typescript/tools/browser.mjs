// Opens ui/verify.html from disk in headless Chromium, gives it files, and holds what it shows to what Node
// decides.
// `node tools/browser.mjs [FOLDER]` also writes screenshots, light and dark, into FOLDER.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { webcrypto } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as remit from "../dist/src/index.js";

// Node 18 has it behind a flag.
globalThis.crypto ??= webcrypto;
const root = fileURLToPath(new URL("../../../", import.meta.url));
const chromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(
  existsSync,
);
if (chromium === undefined) {
  console.error("check: NOT CHECKED: ui/verify.html in a browser (apt-get install chromium)");
  process.exit(0);
}
const shots = process.argv[2];
const scratch = mkdtempSync(join(tmpdir(), "remit-page-"));

const flags = [
  ...[
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
  ],
  ...["--disable-component-update", "--disable-sync", "--hide-scrollbars", "--remote-debugging-pipe"],
  `--user-data-dir=${join(scratch, "profile")}`,
];
const browser = spawn(chromium, flags, { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
const over = new Promise((resolve) => browser.on("exit", resolve));
const [, , , toBrowser, fromBrowser] = browser.stdio;

/** The DevTools protocol over a pipe: messages end with a zero byte. */
const waiting = new Map();
const listeners = [];
let buffered = "";
let last = 0;
fromBrowser.on("data", (data) => {
  const messages = (buffered + data).split("\0");
  buffered = messages.pop();
  for (const text of messages) {
    const message = JSON.parse(text);
    const { resolve, reject } = waiting.get(message.id) ?? {};
    waiting.delete(message.id);
    if (message.error) reject?.(new Error(JSON.stringify(message.error)));
    else if (resolve) resolve(message.result);
    else for (const listener of listeners) listener(message);
  }
});
function send(method, params = {}, sessionId = undefined) {
  const id = ++last;
  toBrowser.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
  return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
}

class Tab {
  static async open(url) {
    const { targetId } = await send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await send("Target.attachToTarget", { targetId, flatten: true });
    const tab = new Tab(sessionId);
    listeners.push((message) => message.sessionId === sessionId && tab.heard(message));
    for (const domain of ["Page", "Runtime", "Network", "Log", "DOM", "Accessibility"])
      await tab.send(`${domain}.enable`);
    await tab.send("Page.navigate", { url });
    await tab.until("document.documentElement?.dataset.ready !== undefined");
    return tab;
  }
  constructor(session) {
    this.session = session;
    this.problems = [];
    this.requests = [];
  }
  heard({ method, params }) {
    if (method === "Runtime.exceptionThrown")
      this.problems.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
    if (method === "Log.entryAdded" && params.entry.level === "error") this.problems.push(params.entry.text);
    if (method === "Network.requestWillBeSent") this.requests.push(params.request.url);
  }
  send(method, params) {
    return send(method, params, this.session);
  }
  async evaluate(expression) {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
    });
    assert.equal(exceptionDetails, undefined, JSON.stringify(exceptionDetails));
    return result.value;
  }
  async until(expression) {
    for (let tries = 0; tries < 200; tries++) {
      if (await this.evaluate(expression)) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.fail(`never: ${expression}`);
  }
  async give(files) {
    const before = await this.evaluate(
      "window.given = (window.given ?? 0) + 1, document.getElementById('status').textContent = '…', window.given",
    );
    const { root: document } = await this.send("DOM.getDocument");
    const { nodeId } = await this.send("DOM.querySelector", { nodeId: document.nodeId, selector: "#input" });
    await this.send("DOM.setFileInputFiles", { nodeId, files });
    await this.until("document.getElementById('status').textContent !== '…'");
    return before;
  }
  async shoot(name, dark, width = 1200) {
    if (shots === undefined) return;
    mkdirSync(shots, { recursive: true });
    await this.send("Emulation.setEmulatedMedia", {
      features: [{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }],
    });
    await this.send("Emulation.setDeviceMetricsOverride", {
      width,
      height: 900,
      deviceScaleFactor: 1,
      mobile: false,
    });
    const { data } = await this.send("Page.captureScreenshot", {
      format: "png",
      captureBeyondViewport: true,
    });
    writeFileSync(join(shots, `${name}-${dark ? "dark" : "light"}.png`), Buffer.from(data, "base64"));
  }
}

const text = (selector) => `document.querySelector(${JSON.stringify(selector)})?.textContent ?? ""`;

async function check(tab, name, bytes, files, verdict) {
  await tab.give(files);
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

async function main() {
  const tab = await Tab.open(`file://${join(root, "ui/verify.html")}`);
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
  await tab.give(files.slice(0, 1));
  assert.match(await tab.evaluate(text("#status")), /policy file is needed/);
  await tab.give(files.slice(1));
  assert.match(await tab.evaluate(text("#status")), /^denied, (stale|clock)/);
  assert.deepEqual(
    await tab.evaluate(
      `[...document.querySelectorAll("#files li > span:last-child")].map((each) => each.textContent)`,
    ),
    ["presentation", "invocation", "policy"],
  );
  await tab.shoot("parts", false);
  writeFileSync(join(scratch, "nonsense.txt"), "nonsense");
  await tab.give([join(scratch, "nonsense.txt")]);
  assert.match(await tab.evaluate(text("#files .bad")), /nonsense\.txt.*cannot be read/);

  // Sealed claims open the budgets of the token that commits to them; a case keeps its instant or is judged
  // as of now.
  await tab.give([cases.get("hotel")]);
  assert.equal(await tab.evaluate(`document.querySelector(".answer").classList[1]`), "allowed");
  await tab.evaluate(`document.querySelectorAll("#clock input")[1].click()`);
  await tab.until(`document.querySelector(".answer").classList[1] === "denied"`);
  await tab.evaluate(`document.querySelectorAll("#clock input")[0].click()`);
  await tab.until(`document.querySelector(".answer").classList[1] === "allowed"`);
  await tab.shoot("narrow", false, 400);

  // Names for a screen reader, and no trap: every control has a name, headings go down one by one, focus is
  // on the answer.
  await tab.give([cases.get("allowed")]);
  const { nodes } = await tab.send("Accessibility.getFullAXTree");
  const of = (role) => nodes.filter((node) => !node.ignored && node.role?.value === role);
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
    `test result: ok. ${cases.size} cases and their parts in ${(await send("Browser.getVersion")).product}`,
  );
}

const timer = setTimeout(() => {
  console.error("the browser does not answer");
  browser.kill();
  process.exit(1);
}, 120_000);
try {
  await main();
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  clearTimeout(timer);
  void send("Browser.close").catch(() => {});
  await over;
  rmSync(scratch, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
}
