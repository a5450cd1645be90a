// What both pages are made of: elements, and whether they can check anything here.

import { visible } from "./text.js";

/** A child of an element: text is text, never markup. */
export type Child = Node | string | undefined | readonly Child[];

/** An element with attributes and children; `undefined` attributes are left out. */
export function h(
  tag: string,
  attributes: Readonly<Record<string, string | undefined>> = {},
  ...children: readonly Child[]
): HTMLElement {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes))
    if (value !== undefined) element.setAttribute(name, value);
  append(element, children);
  return element;
}

function append(element: HTMLElement, children: readonly Child[]): void {
  for (const child of children) {
    if (child === undefined) continue;
    if (Array.isArray(child)) append(element, child as readonly Child[]);
    else element.append(child as Node | string);
  }
}

/** Text of somebody else: it cannot turn the text around it, and nothing in it goes unseen. */
export function foreign(text: string): HTMLElement {
  return h("bdi", {}, visible(text));
}

/** An id or key, shortened; a press shows all of it. */
export function id(hex: string, what: string): HTMLElement {
  const short = `${hex.slice(0, 8)}…${hex.slice(-4)}`;
  const button = h(
    "button",
    { type: "button", class: "id", "aria-expanded": "false", "aria-label": `${what} ${short}, show in full` },
    short,
  );
  button.addEventListener("click", () => {
    const open = button.getAttribute("aria-expanded") !== "true";
    button.setAttribute("aria-expanded", String(open));
    button.setAttribute("aria-label", open ? `${what} ${hex}, shorten` : `${what} ${short}, show in full`);
    button.textContent = open ? hex : short;
  });
  return button;
}

/** A list of terms and what they are; rows without a value are left out. */
export function facts(...rows: readonly (readonly [string, Child])[]): HTMLElement {
  const there = rows.filter(([, value]) => value !== undefined);
  return h("dl", {}, ...there.map(([term, value]) => h("div", {}, h("dt", {}, term), h("dd", {}, value))));
}

/** A sign for the eyes alone: what it says stands beside it. */
export function sign(text: string): HTMLElement {
  return h("span", { class: "sign", "aria-hidden": "true" }, text);
}

/** The element of the page with this id. */
export function element<T extends HTMLElement>(name: string): T {
  const found = document.getElementById(name);
  if (found === null) throw new Error(`no element ${name}`);
  return found as T;
}

/** Whether this browser checks Ed25519 signatures. */
export async function hasEd25519(): Promise<boolean> {
  try {
    const pair = await crypto.subtle.generateKey({ name: "Ed25519" }, false, ["sign", "verify"]);
    return "privateKey" in pair;
  } catch {
    return false;
  }
}
