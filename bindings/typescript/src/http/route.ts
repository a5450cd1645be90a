// Routes: what a request over HTTP is in terms of permissions, as the service's policy says (spec 13 §3, 20
// §4).

import { utf8 } from "../bytes.js";
import { need, refuse } from "../errors.js";
import { HTTP_METHOD_BYTES_MAX, NAME_BYTES_MAX, ROUTE_BYTES_MAX, ROUTE_NAME_BYTES_MAX } from "../limits.js";
import type { Money } from "../object/approval.js";
import { isPath, segments } from "../object/path.js";

/** What a request costs: exactly this. */
export type Cost = Money;

/** The texts of a route, as they stand in a policy file. */
export interface RouteTexts {
  /** A method, or `*`. */
  readonly method: string;
  readonly path: string;
  readonly action: string;
  readonly resource: string;
  readonly cost?: Cost | undefined;
  /** Whether the target may have a query. */
  readonly query?: boolean | undefined;
}

/** What requests of one form are; made by `makeRoute`. */
export interface Route {
  readonly method: string | undefined;
  readonly path: readonly Segment[];
  readonly action: Template;
  readonly resource: Template;
  readonly cost: Cost | undefined;
  readonly query: boolean;
}

/** A segment: exactly this text, any one segment, or one and more to the end. */
interface Segment {
  readonly is: "text" | "one" | "rest";
  readonly text: string;
}

/** A text with names in it. */
type Template = readonly { readonly is: "text" | "name"; readonly text: string }[];

/** A part of a route is not of its form; `key` is its key in a policy file. */
export class RouteError extends Error {
  override readonly name = "RouteError";

  constructor(readonly key: "method" | "path" | "action" | "resource" | "amount_minor") {
    super(`a bad ${key} of a route`);
  }
}

/** What a route makes of a request: an invocation has to ask for exactly this. */
export interface RouteAsks {
  readonly action: string;
  readonly resource: string;
  readonly cost: Cost | undefined;
}

const METHOD = "method";

function bytes(text: string): number {
  return utf8(text).length;
}

/** Makes a route of its texts. Throws `RouteError` for the first that is not of its form. */
export function makeRoute(texts: RouteTexts): Route {
  const { method, cost, query = false } = texts;
  const named = /^[A-Z]+$/.test(method) && method.length <= HTTP_METHOD_BYTES_MAX;
  if (!named && method !== "*") throw new RouteError("method");
  const path = readPath(texts.path);
  if (path === undefined) throw new RouteError("path");
  const action = readTemplate(texts.action, path);
  if (action === undefined || action.length === 0) throw new RouteError("action");
  const resource = readTemplate(texts.resource, path);
  if (resource === undefined) throw new RouteError("resource");
  if (cost?.amount === 0n) throw new RouteError("amount_minor");
  return { method: named ? method : undefined, path, action, resource, cost, query };
}

function readPath(text: string): Segment[] | undefined {
  if (!text.startsWith("/") || bytes(text) > ROUTE_BYTES_MAX) return undefined;
  const path = segments(text.slice(1)).map(readSegment);
  const names = path.flatMap((segment) =>
    segment === undefined || segment.is === "text" ? [] : segment.text,
  );
  const sound =
    new Set(names).size === names.length && path.slice(0, -1).every((segment) => segment?.is !== "rest");
  return sound && path.every((segment) => segment !== undefined) ? path : undefined;
}

function readSegment(text: string): Segment | undefined {
  const name = /^\{([a-z0-9_]+)(\*?)\}$/.exec(text);
  if (name !== null) {
    const [, own = "", rest] = name;
    return own !== METHOD && own.length <= ROUTE_NAME_BYTES_MAX
      ? { is: rest === "*" ? "rest" : "one", text: own }
      : undefined;
  }
  return text !== "" && !/[{}*;]/.test(text) && isPath(text) ? { is: "text", text } : undefined;
}

function readTemplate(text: string, path: readonly Segment[]): Template | undefined {
  if (bytes(text) > ROUTE_BYTES_MAX) return undefined;
  const known = (name: string): boolean =>
    name === METHOD || path.some((segment) => segment.is !== "text" && segment.text === name);
  const parts = text.split(/(\{[^{}]*\})/).filter((part) => part !== "");
  const template = parts.map((part) => {
    const name = /^\{([^{}]*)\}$/.exec(part)?.[1];
    return name === undefined ? ({ is: "text", text: part } as const) : ({ is: "name", text: name } as const);
  });
  const sound = template.every((part) => (part.is === "name" ? known(part.text) : !/[{}]/.test(part.text)));
  return sound ? template : undefined;
}

/** What the first route that matches makes of a request. Throws `no_route`. */
export function findRoute(routes: readonly Route[], method: string, target: string): RouteAsks {
  const [path = "", query] = target.split(/\?(.*)/s);
  const inner = path.slice(1);
  need(path.startsWith("/") && !inner.includes(";") && isPath(inner), "no_route");
  for (const route of routes) {
    const names = matched(route, method, segments(inner));
    if (names === undefined) continue;
    need(query === undefined || route.query, "no_route");
    const [action, resource] = [filled(route.action, names), filled(route.resource, names)];
    need(action !== "" && bytes(action) <= NAME_BYTES_MAX && isPath(resource), "no_route");
    return { action, resource, cost: route.cost };
  }
  return refuse("no_route");
}

/** What the names stand for, if method and path are this route's. */
function matched(route: Route, method: string, path: readonly string[]): Map<string, string> | undefined {
  if (route.method !== undefined && route.method !== method) return undefined;
  const names = new Map([[METHOD, method.toLowerCase()]]);
  for (const [at, segment] of route.path.entries()) {
    const here = path[at];
    if (here === undefined || (segment.is === "text" && segment.text !== here)) return undefined;
    if (segment.is === "one") names.set(segment.text, here);
    if (segment.is === "rest") return names.set(segment.text, path.slice(at).join("/"));
  }
  return path.length === route.path.length ? names : undefined;
}

function filled(template: Template, names: ReadonlyMap<string, string>): string {
  return template.map((part) => (part.is === "text" ? part.text : (names.get(part.text) ?? ""))).join("");
}
