// The page: takes files, judges them, shows the verdict. Nothing leaves it.

import * as remit from "../src/index.js";
import { element, h, hasEd25519, sign } from "./dom.js";
import { KIND_WORDS, read, together, type Dropped } from "./files.js";
import { view } from "./view.js";
import * as words from "./words.js";

class Page {
  #dropped: Dropped[] = [];
  readonly #files = element<HTMLUListElement>("files");
  readonly #result = element("result");
  readonly #status = element("status");
  readonly #clock = element<HTMLFieldSetElement>("clock");
  readonly #drop = element("drop");

  start(): void {
    const input = element<HTMLInputElement>("input");
    element("choose").addEventListener("click", () => input.click());
    input.addEventListener(
      "change",
      () => void this.add([...(input.files ?? [])]).then(() => (input.value = "")),
    );
    element("clear").addEventListener("click", () => void this.clear());
    this.#clock.addEventListener("change", () => void this.judge());
    for (const name of ["dragover", "dragenter"])
      document.addEventListener(name, (event) => this.#over(event, true));
    document.addEventListener("dragleave", (event) => this.#over(event, event.relatedTarget !== null));
    document.addEventListener("drop", (event) => {
      this.#over(event, false);
      void this.add([...(event.dataTransfer?.files ?? [])]);
    });
    document.addEventListener("paste", (event) => void this.add([...(event.clipboardData?.files ?? [])]));
  }

  #over(event: Event, over: boolean): void {
    event.preventDefault();
    this.#drop.classList.toggle("over", over);
  }

  async add(files: readonly File[]): Promise<void> {
    if (files.length === 0) return;
    const parts: Dropped[] = [];
    for (const file of files) {
      const small = file.size <= 1 << 20;
      const bytes = small ? new Uint8Array(await file.arrayBuffer()) : new Uint8Array();
      parts.push(
        small
          ? await read(file.name, bytes)
          : { name: file.name, part: undefined, problem: "larger than any file of this kind" },
      );
    }
    // A new case stands for itself; what came before it was of another one.
    const fresh = parts.some(({ part }) => part?.is === "case");
    this.#dropped = [...(fresh ? [] : this.#dropped), ...parts];
    await this.judge();
    document.getElementById("answer")?.focus();
  }

  async clear(): Promise<void> {
    this.#dropped = [];
    await this.judge();
    element("choose").focus();
  }

  async judge(): Promise<void> {
    this.#list();
    const subject = this.#dropped.length === 0 ? "" : await together(this.#dropped);
    if (typeof subject === "string") {
      this.#result.replaceChildren();
      this.#clock.hidden = true;
      this.#status.textContent = subject;
      return;
    }
    this.#clock.hidden = subject.caseNow === undefined;
    const asCase = element<HTMLInputElement>("as-case").checked;
    const now = asCase && subject.caseNow !== undefined ? subject.caseNow : BigInt(Date.now());
    const verdict = await remit.verify({ ...subject.input, now }, subject.policy);
    const shown = await view(subject, verdict, now);
    this.#result.replaceChildren(shown);
    this.#status.textContent = `${verdict.decision}${verdict.code === undefined ? "" : `, ${verdict.code}`}. Judged at ${words.instant(now)}.`;
  }

  #list(): void {
    const items = this.#dropped.map(({ name, part, problem }) => {
      const what = part === undefined ? `cannot be read: ${problem}` : KIND_WORDS[part.is];
      return h(
        "li",
        { class: part === undefined ? "bad" : undefined },
        sign(part === undefined ? "✕" : "✓"),
        h("bdi", {}, name),
        h("span", {}, what),
      );
    });
    this.#files.replaceChildren(...items);
    this.#drop.classList.toggle("small", items.length > 0);
    element("clear").hidden = items.length === 0;
  }
}

if (await hasEd25519()) new Page().start();
else
  element("status").textContent =
    "This browser cannot check Ed25519 signatures (WebCrypto). Take a newer one.";
document.documentElement.dataset.ready = "";
