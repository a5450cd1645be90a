// Budgets as bars, each with the table that says the same in numbers.

import { h, type Child } from "../ui/dom.js";
import * as words from "../ui/words.js";
import type { Purse } from "./standing.js";

/** The parts of a bar, in their order: what it is, and its class. */
const PARTS = [
  ["spent", "spent"],
  ["reserved", "reserved"],
  ["waiting for approval", "pending"],
  ["leased", "leased"],
  ["carved out below", "carved"],
  ["passed on above", "ceded"],
  ["left", "left"],
] as const;

/** The parts of what a token may spend; what is left is told only where there is a total. */
export function partsOf({ budget, counters }: Purse): readonly bigint[] {
  const { captured, refunded, reserved, pending, leased, carved, returned, ceded } = counters;
  const used = [captured - refunded, reserved, pending, leased, carved - returned, ceded];
  const total = budget?.total;
  return total === undefined ? used : [...used, total - used.reduce((sum, part) => sum + part, 0n)];
}

function bar(purse: Purse): HTMLElement {
  const parts = partsOf(purse);
  const whole = parts.reduce((sum, part) => sum + (part > 0n ? part : 0n), 0n);
  const spans = parts.map((part, at) => {
    const span = h("span", { class: PARTS[at]?.[1] });
    span.style.width = whole === 0n || part <= 0n ? "0" : `${Number((part * 10_000n) / whole) / 100}%`;
    return span;
  });
  return h("div", { class: "bar", "aria-hidden": "true" }, spans);
}

/** What is left, in a line. */
function headline({ budget, unit, counters }: Purse): Child {
  const left = partsOf({ budget, unit, counters })[6];
  if (budget?.total === undefined || left === undefined) return `${unit.body.name}: no total of its own`;
  const total = words.money(budget.total, unit.body);
  return [h("strong", {}, words.money(left, unit.body)), ` of ${total} left`];
}

/** A bar with its line, for trees. */
export function smallBar(purse: Purse): HTMLElement {
  return h("div", { class: "purse small" }, h("p", {}, headline(purse)), bar(purse));
}

/** A bar with its table. */
export function fullBar(purse: Purse): HTMLElement {
  const { unit, budget } = purse;
  const rows = partsOf(purse).map((part, at) =>
    h(
      "tr",
      {},
      h(
        "th",
        { scope: "row" },
        h("span", { class: `key ${PARTS[at]?.[1]}`, "aria-hidden": "true" }),
        PARTS[at]?.[0],
      ),
      h("td", {}, words.money(part, unit.body)),
    ),
  );
  const limits =
    budget === undefined ? ["what is above this token decides"] : words.budget(budget, unit.body);
  return h(
    "div",
    { class: "purse" },
    h("p", {}, headline(purse)),
    bar(purse),
    h("table", {}, h("caption", {}, `Where the ${unit.body.name} went`), h("tbody", {}, rows)),
    h("p", { class: "soft" }, limits.join("; ")),
  );
}
