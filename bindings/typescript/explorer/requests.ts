// Requests for approval: what their ids stand for (spec 17 §2), and the approver's yes or no.

import * as remit from "../src/index.js";
import { NotProved, prove } from "./errors.js";
import { isApplied, type InLog, type Ledger } from "./ledger.js";
import { countIn, fieldOf, listIn, needed, textIn } from "./server.js";

/** For how long a yes or no may be submitted, in seconds. */
export const SIGNED_SECONDS = 600n;

/** A request that waits, out of the object that made it. */
export interface Asked {
  readonly id: string;
  /** The act that made it. */
  readonly act: remit.Act;
  /** The key that asked. */
  readonly holder: Uint8Array;
  readonly at: InLog;
}

/** Pages of requests that are read at most; entries of one page. */
export const PAGES_MAX = 20;
const PAGE = 100;

/**
 * The requests that the server says wait for a key: every page, for one may be empty whose requests are all over.
 * `more` where the bound was met before the end.
 */
export async function requestsOf(
  ledger: Ledger,
  approver: string,
): Promise<{ requests: readonly unknown[]; more: boolean }> {
  const requests: unknown[] = [];
  let after: bigint | undefined;
  for (let pages = 0; pages < PAGES_MAX; pages++) {
    const from = after === undefined ? "" : `&after=${after}`;
    const json = await ledger.server.json(`/v1/approvers/${approver}/requests?limit=${PAGE}${from}`);
    requests.push(...listIn(json, "requests"));
    const next = countIn(json, "next");
    if (next === undefined) return { requests, more: false };
    prove(after === undefined || next > after, "a page of requests leads back to one before");
    after = next;
  }
  return { requests, more: true };
}

/** The request shown, if its id is of what the server says and of the object in the log alike. */
export async function provedRequest(ledger: Ledger, json: unknown): Promise<Asked> {
  const id = needed(textIn(json, "id"), "id");
  const shown = await remit.requestOf(ledger.id, actIn(json));
  prove(shown !== undefined && remit.hex(shown) === id, "the request id is not the one of what is shown");
  const at = await ledger.entry(needed(countIn(json, "entry"), "entry"));
  prove(isApplied(at), `entry ${at.index} makes no request: it was refused`);
  const { operations } = await ledger.object(at);
  for (const { body, objects } of operations) {
    if (body.is !== "act" || body.act.kind !== "request") continue;
    const own = await remit.requestOf(ledger.id, body.act);
    if (own !== undefined && remit.hex(own) === id)
      return { id, act: body.act, holder: objects[0]?.kid ?? new Uint8Array(), at };
  }
  throw new NotProved(`entry ${at.index} does not make this request`);
}

/** What the server shows of a request, as the act that would make it. */
function actIn(json: unknown): remit.Act {
  const id = (name: string, of: unknown = json): Uint8Array =>
    needed(remit.fromHex(textIn(of, name) ?? ""), name);
  const count = (name: string, of: unknown = json): bigint => needed(countIn(of, name), name);
  const amount = needed(textIn(json, "amount"), "amount");
  prove(/^[1-9][0-9]{0,19}$/.test(amount), "the amount is none");
  const fields = new Map<number, remit.ActValue>([
    [1, id("nonce")],
    [4, id("token")],
    [5, count("epoch")],
    [11, BigInt(amount)],
    [12, id("payee")],
    [22, id("unit")],
  ]);
  const lease = fieldOf(json, "lease");
  if (lease !== undefined) {
    fields
      .set(31, id("till", lease))
      .set(32, count("spend_until_s", lease))
      .set(33, count("settle_by_s", lease));
    if (fieldOf(lease, "refund_until_s") !== undefined) fields.set(34, count("refund_until_s", lease));
    return { kind: "request", fields };
  }
  fields
    .set(23, needed(textIn(json, "action"), "action"))
    .set(24, needed(textIn(json, "resource"), "resource"));
  const digests = listIn(json, "arguments").map(
    (each) => [needed(textIn(each, "name"), "name"), id("digest", each)] as const,
  );
  if (digests.length > 0) fields.set(25, new Map(digests));
  return { kind: "request", fields };
}

/** A yes (`approve`) or no (`withdraw`) to a request, signed, as it is submitted; and its id. */
export async function signAnswer(
  signer: remit.Signer,
  ledger: Uint8Array,
  kind: "approve" | "withdraw",
  request: string,
  now = Date.now(),
): Promise<{ id: Uint8Array; submission: Uint8Array }> {
  const fields = new Map<number, remit.ActValue>([
    [1, remit.random()],
    [2, BigInt(Math.floor(now / 1000)) + SIGNED_SECONDS],
    [21, needed(remit.fromHex(request), "request id")],
  ]);
  const { number, label } = remit.KINDS[kind];
  const { id, bytes } = await remit.signObject(signer, label, ledger, remit.encodeAct({ kind, fields }));
  const member = (w: remit.Writer): void =>
    void w
      .array(4)
      .int(number)
      .list([bytes], (_, object) => w.string(object))
      .null()
      .list([], () => undefined);
  const w = new remit.Writer().array(3).text(remit.labels.SUBMISSION).string(ledger);
  return { id, submission: w.list([0], member).bytes() };
}

/** What became of an answer that was submitted. */
export type Became =
  | { readonly is: "applied"; readonly at: InLog }
  | { readonly is: "refused"; readonly code: string; readonly meaning: string };

/** Submits a signed answer; it is applied only if the entry that is shown for it is in the log and is its own. */
export async function submitted(
  ledger: Ledger,
  kind: "approve" | "withdraw",
  { id, submission }: { readonly id: Uint8Array; readonly submission: Uint8Array },
): Promise<Became> {
  const json = await ledger.server.submit(submission);
  if (textIn(json, "status") === "refused")
    return { is: "refused", code: textIn(json, "code") ?? "", meaning: textIn(json, "meaning") ?? "" };
  const index = needed(countIn(json, "entry"), "entry");
  const shown = await ledger.server.json(`/v1/entries/${index}`);
  const at = await ledger.inLog(index, shown, needed(textIn(json, "proof"), "proof"));
  const { entry } = at;
  const own = entry.kind === kind && entry.result === 0 && remit.equal(entry.id, id);
  prove(own, `entry ${index} is in the log, but it is not what was signed here`);
  return { is: "applied", at };
}
