// Headless Chromium over the DevTools pipe: what the tests of both pages drive.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Where Chromium is, if it is installed. */
export const chromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(
  existsSync,
);

const flags = [
  ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
  ...["--hide-scrollbars", "--remote-debugging-pipe"],
];

/** A browser of its own, with a folder that ends with it. */
export class Browser {
  /** Where the test may keep files. */
  scratch = mkdtempSync(join(tmpdir(), "remit-page-"));
  #waiting = new Map();
  #listeners = [];
  #buffered = "";
  #last = 0;

  /** Screenshots go into `shots`, if it is given. */
  constructor(shots) {
    this.shots = shots;
    const profile = `--user-data-dir=${join(this.scratch, "profile")}`;
    this.process = spawn(chromium, [...flags, profile], {
      stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
    });
    this.over = new Promise((resolve) => this.process.on("exit", resolve));
    const [, , , to, from] = this.process.stdio;
    this.to = to;
    from.on("data", (data) => this.#read(data));
  }

  /** Messages end with a zero byte. */
  #read(data) {
    const messages = (this.#buffered + data).split("\0");
    this.#buffered = messages.pop();
    for (const text of messages) {
      const message = JSON.parse(text);
      const { resolve, reject } = this.#waiting.get(message.id) ?? {};
      this.#waiting.delete(message.id);
      if (message.error) reject?.(new Error(JSON.stringify(message.error)));
      else if (resolve) resolve(message.result);
      else for (const listener of this.#listeners) listener(message);
    }
  }

  send(method, params = {}, sessionId = undefined) {
    const id = ++this.#last;
    this.to.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  /** A tab at an address, ready; with `fresh` it knows nothing of the others. */
  async open(url, fresh = false) {
    const { browserContextId } = fresh ? await this.send("Target.createBrowserContext") : {};
    const { targetId } = await this.send("Target.createTarget", { url: "about:blank", browserContextId });
    const { sessionId } = await this.send("Target.attachToTarget", { targetId, flatten: true });
    const tab = new Tab(this, sessionId, targetId, browserContextId);
    this.#listeners.push((message) => message.sessionId === sessionId && tab.heard(message));
    for (const domain of ["Page", "Runtime", "Network", "Log", "DOM", "Accessibility"])
      await tab.send(`${domain}.enable`);
    await tab.goTo(url);
    return tab;
  }

  async close() {
    void this.send("Browser.close").catch(() => {});
    await this.over;
    rmSync(this.scratch, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}

/** Runs a test in a browser, which ends with it, and after `seconds` in any case. */
export async function inBrowser(seconds, test) {
  const browser = new Browser(process.argv[2]);
  const timer = setTimeout(() => {
    console.error("the browser does not answer");
    browser.process.kill();
    process.exit(1);
  }, 1000 * seconds);
  try {
    await test(browser);
  } catch (error) {
    console.error(error);
    process.exitCode = 1;
  } finally {
    clearTimeout(timer);
    await browser.close();
  }
}

/** A page that is left or reloaded while it is asked has no answer yet. */
function whileItMoves(error) {
  if (!/navigated or closed|context was destroyed|Cannot find context/.test(error.message)) throw error;
  return false;
}

class Tab {
  constructor(browser, session, target, context) {
    Object.assign(this, { browser, session, target, context });
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
    return this.browser.send(method, params, this.session);
  }
  async goTo(url) {
    await this.send("Page.navigate", { url });
    await this.until("document.documentElement?.dataset.ready !== undefined");
  }
  async reload() {
    await this.evaluate("window.stale = true");
    await this.send("Page.reload");
    await this.until("window.stale === undefined && document.documentElement?.dataset.ready !== undefined");
  }
  async close() {
    await this.browser.send("Target.closeTarget", { targetId: this.target });
    if (this.context === undefined) return;
    await this.browser.send("Target.disposeBrowserContext", { browserContextId: this.context });
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
    for (let tries = 0; tries < 1_200; tries++) {
      if (await this.evaluate(expression).catch(whileItMoves)) return;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    assert.fail(`never: ${expression}\n${this.problems.join("\n")}`);
  }
  /** Puts files into the input with this selector. */
  async choose(selector, files) {
    const { root } = await this.send("DOM.getDocument");
    const { nodeId } = await this.send("DOM.querySelector", { nodeId: root.nodeId, selector });
    await this.send("DOM.setFileInputFiles", { nodeId, files });
  }
  /** Presses a key as a person does. */
  async press(key, modifiers = 0) {
    const code = { Tab: 9, Enter: 13, Escape: 27, " ": 32 }[key] ?? key.toUpperCase().charCodeAt(0);
    const text = key === "Enter" ? "\r" : key.length === 1 ? key : undefined;
    const common = { key, code: key, windowsVirtualKeyCode: code, modifiers };
    await this.send("Input.dispatchKeyEvent", { type: "keyDown", ...common, text });
    await this.send("Input.dispatchKeyEvent", { type: "keyUp", ...common });
  }
  async type(text) {
    await this.send("Input.insertText", { text });
  }
  /** Nodes of the accessibility tree that are not ignored, by role. */
  async accessible() {
    const { nodes } = await this.send("Accessibility.getFullAXTree");
    return (role) => nodes.filter((node) => !node.ignored && node.role?.value === role);
  }
  async shoot(name, dark, width = 1200) {
    const { shots } = this.browser;
    if (shots === undefined) return;
    mkdirSync(shots, { recursive: true });
    const features = [{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }];
    await this.send("Emulation.setEmulatedMedia", { features });
    const metrics = { width, height: 900, deviceScaleFactor: 1, mobile: false };
    await this.send("Emulation.setDeviceMetricsOverride", metrics);
    const { data } = await this.send("Page.captureScreenshot", {
      format: "png",
      captureBeyondViewport: true,
    });
    writeFileSync(join(shots, `${name}-${dark ? "dark" : "light"}.png`), Buffer.from(data, "base64"));
  }
}
