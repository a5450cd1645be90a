// The explorer: holds a head, follows the feed, shows pages. It talks to the server it came from, and to nobody else.

import { element, foreign, h, hasEd25519 } from "../ui/dom.js";
import { POLICY_BYTES_MAX } from "../src/limits.js";
import { approvalsPage } from "./approvals.js";
import { Badge, counted } from "./badge.js";
import { entryPage } from "./entry_page.js";
import { NoAnswer, NotProved, why } from "./errors.js";
import { Feed } from "./feed.js";
import { Alarmed, Heads } from "./head.js";
import { Ledger } from "./ledger.js";
import { Live } from "./live.js";
import { overviewPage } from "./overview.js";
import { button, confirmed, short, soft } from "./parts.js";
import * as pin from "./pin.js";
import { partyPage, unitPage } from "./registered_page.js";
import { routeOf, type Route } from "./route.js";
import { searchHash, searchPage } from "./search.js";
import { Server } from "./server.js";
import { Tiles } from "./tiles.js";
import { tokenPage } from "./token_page.js";

/** Where the reader's token is kept, until the tab is closed. */
const READER = "remit:reader";

class Explorer {
  readonly #server = new Server();
  readonly #badge = new Badge("the signed head that this browser holds");
  readonly #content = element("content");
  readonly #title = element("title");
  #ledger: Ledger | undefined;
  #rooted: pin.Rooted | undefined;
  #log: unknown;
  #feed: Feed | undefined;
  #live: Live | undefined;
  /** Why there is no head at all. */
  #problem: unknown;

  async start(): Promise<void> {
    element("head").append(this.#badge.element);
    this.#wire();
    await counted(() => this.#begin());
    this.#show();
  }

  #wire(): void {
    const [form, box] = [element<HTMLFormElement>("find"), element<HTMLInputElement>("box")];
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (box.value.trim() !== "") location.hash = searchHash(box.value);
    });
    const reader = element<HTMLInputElement>("reader");
    this.#server.token = sessionStorage.getItem(READER) ?? undefined;
    reader.value = this.#server.token ?? "";
    element<HTMLFormElement>("reader-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#useToken(reader.value.trim());
    });
    const policy = element<HTMLInputElement>("policy");
    policy.addEventListener("change", () => {
      // The same file may be chosen again once it was mended.
      void this.#usePolicy(policy.files?.[0]).then(() => (policy.value = ""));
    });
    element("evidence").append(button("Save what was signed", () => this.#saveEvidence()));
    const question = "Really? Whatever this server shows next is believed.";
    element("forget").append(
      confirmed("Forget key, policy and head", question, () => {
        pin.forget(localStorage);
        location.reload();
      }),
    );
    element("skip").addEventListener("click", () => this.#title.focus());
    window.addEventListener("hashchange", () => this.#show(true));
  }

  #useToken(token: string): void {
    if (token === "") sessionStorage.removeItem(READER);
    else sessionStorage.setItem(READER, token);
    this.#server.token = token === "" ? undefined : token;
    this.#ledger?.forget();
    this.#show(true);
  }

  async #usePolicy(file: File | undefined): Promise<void> {
    const problem = element("policy-problem");
    if (file === undefined) return;
    problem.textContent = "";
    try {
      if (file.size > POLICY_BYTES_MAX) throw new Error("it is longer than a policy");
      await pin.keepPolicy(new Uint8Array(await file.arrayBuffer()), localStorage);
      location.reload();
    } catch (error) {
      problem.textContent = `This policy cannot be used: ${why(error)}.`;
    }
  }

  /** Whom to trust, the head to begin with, and the feed. */
  async #begin(): Promise<void> {
    try {
      this.#log = await this.#server.json("/v1/log");
      this.#rooted = await pin.rootOfTrust(this.#log, localStorage);
      const note = await this.#server.text("/checkpoint");
      const tiles = new Tiles((path) => this.#server.bytes(path));
      const held = pin.heldHead(this.#rooted.ledger, localStorage);
      const heads = await Heads.begin(this.#rooted, tiles, note, held);
      pin.keepPin(this.#rooted, localStorage);
      heads.alarms.push(...pin.keptAlarms(this.#rooted.ledger, localStorage));
      if (this.#rooted.problem !== undefined)
        heads.alarms.push({
          why: this.#rooted.problem,
          notes: [note, ...(held === undefined ? [] : [held.note])],
        });
      this.#ledger = new Ledger(this.#server, heads);
      heads.changed = () => this.#headChanged();
      this.#headChanged();
      this.#hearTabs(heads, this.#rooted.ledger);
      this.#feed = new Feed(heads);
      this.#feed.told = (arrived, error) => this.#live?.told(arrived, error);
      this.#feed.start();
    } catch (error) {
      this.#problem = error instanceof NoAnswer ? error : new NotProved(this.#rooted?.problem ?? why(error));
      this.#badge.refuse(this.#problem);
      element("evidence").hidden = this.#rooted === undefined;
      if (this.#rooted !== undefined && error instanceof Alarmed)
        pin.keepAlarms(this.#rooted.ledger, [error.alarm], localStorage);
    }
  }

  /** What other tabs were shown must be of one history with what this one was. */
  #hearTabs(heads: Heads, ledger: Uint8Array): void {
    window.addEventListener("storage", ({ key }) => {
      if (key?.startsWith(pin.HELD) === true) this.#keepHead(heads);
      const known = new Set(heads.alarms.map((alarm) => JSON.stringify(alarm)));
      const fresh = pin.keptAlarms(ledger, localStorage).filter((alarm) => !known.has(JSON.stringify(alarm)));
      if (key?.startsWith(pin.ALARMS) !== true || fresh.length === 0) return;
      heads.alarms.push(...fresh);
      this.#headChanged();
    });
  }

  #keepHead(heads: Heads): void {
    // What is not shown to be of one history is an alarm by then, or is asked for again with the next head.
    void counted(() => pin.keepHead(heads, localStorage).catch(() => undefined));
  }

  #headChanged(): void {
    if (this.#ledger === undefined || this.#rooted === undefined) return;
    const { newest, alarms } = this.#ledger.heads;
    element("origin").replaceChildren(foreign(this.#rooted.origin), `, ${newest.size} entries`);
    this.#keepHead(this.#ledger.heads);
    if (alarms.length > 0) pin.keepAlarms(this.#rooted.ledger, alarms, localStorage);
    const [alarm] = alarms;
    element("evidence").hidden = alarm === undefined;
    if (alarm !== undefined)
      this.#badge.set("failed", alarm.why, "The notes that show it can be saved beside it.");
    else {
      this.#badge.set(
        "proved",
        this.#rooted.words,
        `The head of ${newest.size} entries is signed, and every head before it was shown to be its beginning.`,
      );
    }
  }

  /** The notes that contradict each other, as a file for whoever is to judge. */
  #saveEvidence(): void {
    const ledger = this.#rooted?.ledger;
    const alarms = this.#ledger?.heads.alarms ?? (ledger ? pin.keptAlarms(ledger, localStorage) : []);
    const held = ledger && pin.heldHead(ledger, localStorage);
    const parts = alarms.map(({ why, notes }) => [why, ...notes].join("\n\n"));
    const text =
      parts.length > 0 ? parts.join("\n\n\n") : [why(this.#problem), held?.note ?? ""].join("\n\n");
    const link = h("a", { href: URL.createObjectURL(new Blob([text])), download: "remit-evidence.txt" });
    link.click();
  }

  #show(moved = false): void {
    this.#live = undefined;
    const route = routeOf(location.hash);
    const [title, page] = this.#drawn(route);
    this.#title.textContent = title;
    document.title = `${title} · Remit explorer`;
    this.#content.replaceChildren(page);
    document.documentElement.dataset.route = location.hash;
    for (const link of document.querySelectorAll("#pages a")) {
      const here = link.getAttribute("href") === `#/${route.page === "overview" ? "" : route.page}`;
      if (here) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    if (moved) this.#title.focus();
  }

  /** A page that cannot be drawn says so, and leaves nothing of the one before. */
  #drawn(route: Route): [string, HTMLElement] {
    try {
      return this.#page(route);
    } catch (error) {
      return ["This page cannot be shown", h("p", { class: "problem", role: "alert" }, `${why(error)}.`)];
    }
  }

  #page(route: Route): [string, HTMLElement] {
    const ledger = this.#ledger;
    if (ledger === undefined || this.#rooted === undefined || this.#feed === undefined)
      return [
        "Nothing can be proved",
        soft(`There is no signed head to prove anything under: ${why(this.#problem)}.`),
      ];
    if (route.page === "overview") return ["Overview", overviewPage(ledger, this.#rooted, this.#log)];
    if (route.page === "search") return ["Search", searchPage(ledger, route.query)];
    if (route.page === "entry") return [`Entry ${route.index}`, entryPage(ledger, route.index)];
    if (route.page === "token") return [`Token ${short(route.id)}`, tokenPage(ledger, route.id)];
    if (route.page === "party") return [`Party ${short(route.id)}`, partyPage(ledger, route.id)];
    if (route.page === "unit") return [`Unit ${short(route.id)}`, unitPage(ledger, route.id)];
    if (route.page === "approvals") return ["Approvals", approvalsPage(ledger)];
    if (route.page === "unknown") return ["No such page", soft("There is nothing under this address.")];
    this.#live = new Live(ledger, this.#feed);
    return ["Live", this.#live.element];
  }
}

if (await hasEd25519()) await new Explorer().start();
else
  element("content").append(
    soft("This browser cannot check Ed25519 signatures here: take a newer one, over https or on localhost."),
  );
document.documentElement.dataset.ready = "";
