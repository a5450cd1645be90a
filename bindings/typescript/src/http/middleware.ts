// A service behind `(req, res, next)`: Express and whatever has its shape, or none at all (spec 20 §3, §5,
// §6).

import { equal, hex } from "../bytes.js";
import { CODES } from "../codes.js";
import { need, RemitError } from "../errors.js";
import { sha256 } from "../hash.js";
import { EVIDENCE_BYTES_MAX, PRESENTATION_BYTES_MAX } from "../limits.js";
import { greatest } from "../numbers.js";
import { proves } from "../verify/funding.js";
import type { Followed } from "../verify/followed.js";
import type { Policy } from "../verify/policy.js";
import { verdictJson, type Verdict } from "../verify/verdict.js";
import { verify } from "../verify/verify.js";
import { decide, type Brought } from "./decide.js";
import { Kept } from "./kept.js";
import { MemoryRecord, type ServedRecord } from "./record.js";
import { BRING, contentDigest, readFields, writtenContentDigest } from "./transport.js";

/** What is taken of a request: that of Node, and of Express. */
export interface Incoming extends AsyncIterable<Uint8Array> {
  readonly method?: string | undefined;
  /** Path and query. */
  readonly url?: string | undefined;
  /** Of Express: what `url` was before a router cut it. */
  readonly originalUrl?: string | undefined;
  /** Names and values, one after the other. */
  readonly rawHeaders: readonly string[];
  /** The content, if something before has read it. */
  rawBody?: Uint8Array | undefined;
  body?: unknown;
  /** What was decided, for whoever serves. */
  remit?: Served | undefined;
}

/** What is taken of a response. */
export interface Outgoing {
  statusCode: number;
  setHeader(name: string, value: string): unknown;
  end(content?: string): unknown;
}

/** A request that is allowed, and on record: to be served now, once. */
export interface Served {
  readonly verdict: Verdict;
  readonly id: Uint8Array;
}

/** What a service decides by. */
export interface Options {
  /** What the service trusts and demands, with its routes. */
  readonly policy: Policy;
  /** The durable record; without one the policy must say `record = "memory"`. */
  readonly record?: ServedRecord | undefined;
  /** The clock, in milliseconds. */
  readonly clock?: (() => bigint) | undefined;
  /** The newest evidence seen, over restarts: read at the start, written as it rises. */
  readonly newest?: { readonly read: () => bigint; readonly write: (newest: bigint) => void } | undefined;
  /** The newest states of the ledgers that are followed (spec 22 §4), asked for at each request. */
  readonly followed?: (() => readonly Followed[]) | undefined;
  /** Most bytes of the content of a request; longer ones are refused. */
  readonly contentMax?: number | undefined;
}

/** A handler of requests. */
export type Handler = (req: Incoming, res: Outgoing, next: (error?: unknown) => void) => void;

const CONTENT_MAX = 1 << 20;
const STATUS: Partial<Record<string, number>> = {
  no_invocation: 401,
  unknown_presentation: 401,
  no_record: 503,
};

/**
 * Lets through to `next` what is allowed, signed for this very request, and served for the first time;
 * answers everything
 * else itself, presentations and evidence that are brought too. It reads the content: put it before body
 * parsers, and
 * parse `req.rawBody`. What it found stands in `req.remit`.
 */
export function remit(options: Options): Handler {
  const service = new Service(options);
  return (req, res, next) => void service.handle(req, res, next).catch(next);
}

class Service {
  readonly #policy: Policy;
  readonly #record: ServedRecord;
  readonly #clock: () => bigint;
  readonly #presentations = new Kept();
  readonly #evidence = new Kept();
  #newest: bigint;

  constructor(private readonly options: Options) {
    const { policy, record, clock = () => BigInt(Date.now()), newest } = options;
    this.#policy = policy;
    this.#clock = clock;
    this.#newest = newest?.read() ?? 0n;
    if (policy.record === "durable" && !record?.durable) {
      throw new Error('a durable record is needed: a FileRecord, or record = "memory" in the policy');
    }
    this.#record = record ?? new MemoryRecord(clock(), policy.skew);
  }

  async handle(req: Incoming, res: Outgoing, next: () => void): Promise<void> {
    const target = req.originalUrl ?? req.url ?? "";
    const bringing = (Object.keys(BRING) as (keyof typeof BRING)[]).find((kind) => BRING[kind] === target);
    if (bringing !== undefined && req.method === "POST") return this.#bring(req, res, bringing);
    const served = await this.#decide(req, res, target);
    if (served === undefined) return;
    req.remit = served;
    next();
  }

  /** What is to be served; nothing if the answer was a no, which is given here. */
  async #decide(req: Incoming, res: Outgoing, target: string): Promise<Served | undefined> {
    let verdict: Verdict | undefined;
    try {
      const { fields, request } = await this.#cover(req, target);
      res.setHeader("Remit-Content", `${writtenContentDigest(request.content)}; checked`);
      const presentation = this.#presentations.find(fields.presentation);
      const evidence = fields.evidence === undefined ? undefined : this.#evidence.find(fields.evidence);
      const brought = { request, fields, presentation, evidence };
      const followed = this.options.followed?.();
      const decided = await decide(brought, this.#policy, this.#clock(), this.#newest, followed);
      verdict = decided.verdict;
      this.#see(verdict);
      if (decided.outcome instanceof RemitError) throw decided.outcome;
      if (verdict === undefined) throw new Error("nothing is served without a verdict");
      await this.#record.take(decided.outcome, this.#clock());
      show(res, "allowed", verdict);
      return { verdict, id: decided.outcome.id };
    } catch (error) {
      if (!(error instanceof RemitError)) throw error;
      this.#answer(res, error, verdict);
      return undefined;
    }
  }

  #see(verdict: Verdict | undefined): void {
    if (verdict === undefined || verdict.newest <= this.#newest) return;
    this.#newest = greatest(this.#newest, verdict.newest);
    this.options.newest?.write(this.#newest);
  }

  async #cover(req: Incoming, target: string): Promise<Pick<Brought, "fields" | "request">> {
    const values = (name: string): string[] => valuesOf(req, name);
    const fields = readFields(values);
    const named = values("host");
    const [authority, ...others] = named.length > 0 ? named : values(":authority");
    need(authority !== undefined && others.length === 0, "malformed", "no host, or several");
    const content = await sha256(await this.#content(req, this.options.contentMax ?? CONTENT_MAX));
    const [stated, ...more] = values("content-digest");
    need(more.length === 0, "malformed", "content-digest stands twice");
    const digest = stated === undefined ? undefined : contentDigest(stated);
    need(digest === undefined || equal(digest, content), "wrong_request", "another content than its digest");
    const request = {
      method: req.method ?? "",
      authority: authority.toLowerCase(),
      target,
      content,
      presentation: fields.presentation,
    };
    return { fields, request };
  }

  /** The content, which whatever comes behind finds in `rawBody`. */
  async #content(req: Incoming, most: number): Promise<Uint8Array> {
    if (req.rawBody !== undefined) return req.rawBody;
    if (req.body instanceof Uint8Array) return req.body;
    const parts: Uint8Array[] = [];
    let length = 0;
    for await (const part of req) {
      length += part.length;
      need(length <= most, "oversize");
      parts.push(part);
    }
    const content = new Uint8Array(length);
    parts.reduce((at, part) => (content.set(part, at), at + part.length), 0);
    // Parsers of Express leave alone what has `_body`.
    Object.assign(req, { rawBody: content, body: content, _body: true });
    return content;
  }

  async #bring(req: Incoming, res: Outgoing, kind: keyof typeof BRING): Promise<void> {
    try {
      const bytes = await this.#content(
        req,
        kind === "presentation" ? PRESENTATION_BYTES_MAX : EVIDENCE_BYTES_MAX,
      );
      const now = this.#clock();
      if (kind === "evidence") {
        await proves(bytes, this.#policy, now);
        return send(res, 201, JSON.stringify({ hash: await this.#evidence.keep(bytes) }));
      }
      const followed = this.options.followed?.();
      const verdict = await verify(
        { presentation: bytes, now, newest: this.#newest, followed },
        this.#policy,
      );
      this.#see(verdict);
      if (verdict.code !== undefined) return this.#answer(res, new RemitError(verdict.code), verdict);
      const hash = await this.#presentations.keep(bytes);
      send(res, 201, `{"hash":${JSON.stringify(hash)},"verdict":${verdictJson(verdict)}}`);
    } catch (error) {
      if (!(error instanceof RemitError)) throw error;
      this.#answer(res, error, undefined);
    }
  }

  #answer(res: Outgoing, error: RemitError, verdict: Verdict | undefined): void {
    const status = STATUS[error.code] ?? 403;
    if (status === 401) {
      res.setHeader(
        "WWW-Authenticate",
        `Remit party="${hex(this.#policy.party)}", max_staleness=${this.#policy.maxStaleness}`,
      );
    }
    show(res, `denied; code=${error.code}`, verdict);
    res.setHeader("Cache-Control", "no-store");
    const answer = { decision: "denied", code: error.code, reason: CODES[error.code].meaning } as const;
    // What a verdict allowed may still not be served.
    send(
      res,
      status,
      verdict === undefined ? JSON.stringify(answer) : verdictJson({ ...verdict, ...answer }),
    );
  }
}

function valuesOf({ rawHeaders }: Incoming, name: string): string[] {
  return rawHeaders.flatMap((own, at) =>
    at % 2 === 0 && own.toLowerCase() === name ? [rawHeaders[at + 1] ?? ""] : [],
  );
}

/** The values of the verdict as fields of the answer (spec 20 §6). */
function show(res: Outgoing, answer: string, verdict: Verdict | undefined): void {
  res.setHeader("Remit-Verdict", answer);
  if (verdict === undefined) return;
  const { subject, ageMs } = verdict;
  const { invocation } = subject;
  const resource =
    invocation !== undefined && /^[ -~]*$/.test(invocation.resource) ? invocation.resource : undefined;
  const action =
    invocation !== undefined && /^[ -~]*$/.test(invocation.action) ? invocation.action : undefined;
  const fields: Record<string, string | undefined> = {
    "Remit-Age": ageMs?.toString(),
    "Remit-Id": subject.id && hex(subject.id),
    "Remit-Token": subject.token && hex(subject.token),
    "Remit-Issuer": subject.issuer && hex(subject.issuer),
    "Remit-Holder": subject.holder && hex(subject.holder),
    "Remit-Action": action,
    "Remit-Resource": resource,
    "Remit-Amount": invocation?.payment?.amount.toString(),
    "Remit-Unit": invocation?.payment && hex(invocation.payment.unit),
    "Remit-Settle-By": invocation?.settleBy?.toString(),
  };
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) res.setHeader(name, value);
}

function send(res: Outgoing, status: number, json: string): void {
  res.statusCode = status;
  res.setHeader("Content-Type", "application/json");
  res.end(json);
}
