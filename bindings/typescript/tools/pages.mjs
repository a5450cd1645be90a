// What the explorer's tests share: where its pages are, and what their badges say.
import * as remit from "../dist/src/index.js";

/** Goes to a page by its hash, and waits for all of its checks. */
export async function go(tab, hash) {
  await tab.evaluate(`location.hash = ${JSON.stringify(hash)}`);
  await tab.until(`document.documentElement.dataset.route === ${JSON.stringify(hash)}`);
  await settled(tab);
}

/** Waits until no check runs. */
export async function settled(tab) {
  await tab.until(
    `document.documentElement.dataset.ready === "" && document.documentElement.dataset.checking === "0"`,
  );
}

/** All badges of the page: state, of what, and what they say. */
export function badges(tab) {
  return tab.evaluate(`[...document.querySelectorAll(".proof")].map((each) => ({
    state: each.dataset.state,
    what: each.querySelector("summary .unseen").textContent.slice(2),
    says: each.querySelector("summary").textContent + " " + each.querySelector(".how").textContent,
  }))`);
}

/** Who and what there is in the demo's ledger, found in its entries. */
export async function cast(url) {
  const json = async (path) => (await fetch(url + path)).json();
  const { published, ledger } = await json("/v1/log");
  const told = { kinds: {}, tokens: [], parties: {}, size: published.size };
  for (let at = 0; at < published.size; at++) {
    const { kind } = await json(`/v1/entries/${at}`);
    told.kinds[kind] ??= at;
    const response = await fetch(`${url}/v1/entries/${at}/object`);
    if (!response.ok) continue;
    const submitted = await remit.decodeSubmission(
      new Uint8Array(await response.arrayBuffer()),
      remit.fromHex(ledger),
    );
    for (const { id, body, kind: of } of submitted.operations) {
      const hex = remit.hex(id);
      if (body.is === "token") told.tokens.push({ id: hex, at, ...(await json(`/v1/tokens/${hex}`)) });
      if (of === "party") told.parties[String(body.act.fields.get(13))] = hex;
      if (of === "unit") told.unit = hex;
    }
  }
  const { tokens } = told;
  const root = tokens.find(({ parent }) => parent === undefined);
  const flights = tokens.find(
    ({ id, parent }) => parent === root.id && tokens.some((other) => other.parent === id),
  );
  const old = await fetch(`${url}/v1/tokens/${root.id}/presentation`);
  return {
    ...told,
    // As it is now: the tests show it later.
    old: new Uint8Array(await old.arrayBuffer()),
    root: root.id,
    flights: flights.id,
    agent: flights.holder,
    revoked: tokens.find(({ status }) => status !== "live").id,
    issuer: root.issuer,
    airline: Object.entries(told.parties).find(([name]) => /airline/i.test(name))[1],
  };
}
