// Ledgers for the explorer's test, made and served by the command itself: the demo's, and one with an approver.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { appendFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const target = process.env.CARGO_TARGET_DIR ?? join(root, "target");
/** The command, built with the feature `server`. */
const remit = [process.env.REMIT, join(target, "debug/remit"), join(target, "release/remit")].find(
  (path) => path !== undefined && existsSync(path),
);
/** The one reader's token of the second ledger. */
export const READER = "a reader's token";

/** A server that runs on a folder's ledger. */
export class Served {
  static async start(folder) {
    const child = spawn(remit, ["serve", folder, "--listen", "127.0.0.1:0", "--json"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    const served = new Served();
    served.child = child;
    served.over = new Promise((resolve) => child.on("exit", resolve));
    for await (const line of createInterface({ input: child.stdout })) {
      served.url = JSON.parse(line).listening;
      break;
    }
    for (let tries = 0; tries < 600; tries++) {
      if ((await fetch(`${served.url}/readyz`).catch(() => undefined))?.ok) return served;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return assert.fail("the server is not ready");
  }
  async stop() {
    this.child.kill();
    await this.over;
  }
  async json(path) {
    const headers = { authorization: `Bearer ${READER}` };
    return (await fetch(this.url + path, { headers })).json();
  }
}

/** The demo's ledger, whose story is told to the end; it is public. */
export async function demo(folder) {
  execFileSync(remit, ["demo", "--keep", folder, "--json"], { stdio: ["ignore", "ignore", "pipe"] });
  return Served.start(folder);
}

/** A ledger for readers only, with a company, an airline and a unit; `run` is the command as somebody there. */
export async function company(folder) {
  const ledger = join(folder, "ledger");
  const options = { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] };
  execFileSync(remit, ["init", "--plain", "--origin", "remit.example/approvals", ledger], options);
  const sha256 = createHash("sha256").update(READER).digest("hex");
  appendFileSync(join(ledger, "remit.toml"), `\n[[http.readers]]\nname = "test"\nsha256 = "${sha256}"\n`);
  const served = await Served.start(ledger);
  const env = {
    ...process.env,
    REMIT_PROFILE: join(ledger, "client.toml"),
    REMIT_URL: served.url,
    REMIT_READER_TOKEN: READER,
  };
  const run = (...words) => JSON.parse(execFileSync(remit, ["--json", ...words], { ...options, env }));
  const key = (name) => run("key", "new", "--plain", name).key;
  const keys = Object.fromEntries(
    ["company", "airline", "assistant"].map((name) => [name, key(`${name}.pem`)]),
  );
  const operator = join(ledger, "operator-1.pem");
  const issuer = run("party", "add", "The company", "--key", "company.pem").id;
  const airline = run("party", "add", "The airline", "--key", "airline.pem").id;
  run("unit", "add", "CNY", "--decimals", "2", "--key", operator);
  run("issuer", "add", issuer, "--key", operator);
  const asking = ["--service", airline, "--action", "book", "--resource", "flights/CA1501"];
  let asked = 0;
  return {
    served,
    run,
    keys,
    airline,
    issuer,
    /** A token of 20 000 CNY of which nothing above 5 000 is spent without this approver. */
    guarded: (approver) =>
      run(
        ...["issue", "--issuer", issuer, "--to", keys.assistant, "--expires", "30d", "--budget", "20000 CNY"],
        ...["--allow", `service=${airline} action=book resource=**`, "--key", "company.pem"],
        ...["--approver", approver, "--approve-above", "5000 CNY"],
      ).id,
    /** A request for 6 000 CNY that waits. */
    ask: (token) =>
      run(
        "request",
        token,
        ...asking,
        ...["--argument", "class=first", "--amount", "6000 CNY"],
        ...["--key", "assistant.pem", "--out", `request-${++asked}.json`],
      ).request,
  };
}
