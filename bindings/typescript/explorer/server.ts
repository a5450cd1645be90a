// What is asked of the server that served this page, and of nobody else. Nothing that comes back is believed here.

import { NoAnswer, prove } from "./errors.js";

/** Bytes of one answer: a presentation, a history or a page of entries has fewer. */
export const ANSWER_BYTES_MAX = 16 << 20;

/** A way to the ledger's HTTP interface. */
export class Server {
  /** The reader's bearer token; none on a public ledger. */
  token: string | undefined;

  constructor(private readonly call: typeof fetch = (...given) => fetch(...given)) {}

  async bytes(path: string): Promise<Uint8Array> {
    return body(await this.#ask(path, {}));
  }

  async text(path: string): Promise<string> {
    return new TextDecoder().decode(await this.bytes(path));
  }

  async json(path: string): Promise<unknown> {
    return parsed(await this.text(path));
  }

  /** Submits one operation; a refusal is an answer like another. */
  async submit(submission: Uint8Array): Promise<unknown> {
    const headers = { "content-type": "application/cbor" };
    const init = { method: "POST", headers, body: submission as BufferSource };
    return parsed(new TextDecoder().decode(await body(await this.#ask("/v1/operations", init, [422]))));
  }

  async #ask(path: string, init: RequestInit, also: readonly number[] = []): Promise<Response> {
    const headers = new Headers(init.headers);
    if (this.token !== undefined) headers.set("authorization", `Bearer ${this.token}`);
    let response: Response;
    try {
      response = await this.call(path, { ...init, headers, cache: "no-store", redirect: "error" });
    } catch {
      throw new NoAnswer("unreachable", "the server does not answer");
    }
    if (response.ok || also.includes(response.status)) return response;
    throw await noAnswer(response);
  }
}

async function noAnswer(response: Response): Promise<NoAnswer> {
  const said = await response.json().catch(() => undefined);
  const message = (textIn(fieldOf(said, "error"), "message") ?? `status ${response.status}`).replace(
    /\.$/,
    "",
  );
  if (response.status === 401) return new NoAnswer("token", "this needs a reader's token");
  if (response.status === 404) return new NoAnswer("missing", `the server says: ${message}`);
  if (response.status === 410) return new NoAnswer("gone", `the server says: ${message}`);
  return new NoAnswer("refused", `the server says: ${message}`);
}

async function body(response: Response): Promise<Uint8Array> {
  const reader = response.body?.getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const part = await reader?.read().catch(() => {
      throw new NoAnswer("unreachable", "the answer ended early");
    });
    if (part === undefined || part.done) break;
    length += part.value.length;
    if (length > ANSWER_BYTES_MAX) {
      await reader?.cancel();
      throw new NoAnswer("refused", "the answer is longer than any answer may be");
    }
    parts.push(part.value);
  }
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new NoAnswer("refused", "the answer is no JSON");
  }
}

/** A field of a JSON object, if it is one and has it. */
export function fieldOf(json: unknown, name: string): unknown {
  const object = typeof json === "object" && json !== null && Object.hasOwn(json, name);
  return object ? (json as Record<string, unknown>)[name] : undefined;
}

/** A text in a JSON object. */
export function textIn(json: unknown, name: string): string | undefined {
  const value = fieldOf(json, name);
  return typeof value === "string" ? value : undefined;
}

/** An index, size or count in a JSON object. */
export function countIn(json: unknown, name: string): bigint | undefined {
  const value = fieldOf(json, name);
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? BigInt(value) : undefined;
}

/** A list in a JSON object; an empty one where there is none. */
export function listIn(json: unknown, name: string): readonly unknown[] {
  const value = fieldOf(json, name);
  return Array.isArray(value) ? (value as unknown[]) : [];
}

/** What the answer must have to be looked at. */
export function needed<T>(value: T | undefined, what: string): T {
  prove(value !== undefined, `the answer has no ${what}`);
  return value;
}
