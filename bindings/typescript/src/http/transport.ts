// How an invocation and what belongs to it travel in a request over HTTP (spec 20 §1, §2).

import { base64, fromBase64, utf8 } from "../bytes.js";
import { Reader } from "../cbor.js";
import { Writer } from "../cbor_write.js";
import { need, refuse } from "../errors.js";
import { digest, sha256 } from "../hash.js";
import { HTTP } from "../labels.js";
import {
  APPROVAL_BYTES_MAX,
  APPROVALS_MAX,
  ARGUMENTS_MAX,
  HTTP_AUTHORITY_BYTES_MAX,
  HTTP_FIELD_BYTES_MAX,
  HTTP_METHOD_BYTES_MAX,
  HTTP_TARGET_BYTES_MAX,
  VOUCHER_BYTES_MAX,
} from "../limits.js";
import { readArgument, writeArgument, type Argument } from "../object/argument.js";

/** Names of the fields. */
export const FIELD = {
  invocation: "remit-invocation",
  presentation: "remit-presentation",
  arguments: "remit-arguments",
  approvals: "remit-approvals",
  evidence: "remit-evidence",
} as const;

/** Where presentations and evidence are brought. */
export const BRING = {
  presentation: "/.well-known/remit/presentations",
  evidence: "/.well-known/remit/evidence",
} as const;

/** What is covered of a request. */
export interface Covered {
  readonly method: string;
  /** In lower case. */
  readonly authority: string;
  /** Path and query. */
  readonly target: string;
  /** SHA-256 of the content. */
  readonly content: Uint8Array;
  /** SHA-256 of the presentation. */
  readonly presentation: Uint8Array;
}

/** The fields of a request, decoded; the objects in them are not looked into. */
export interface Fields {
  readonly invocation: Uint8Array;
  /** SHA-256 of the presentation. */
  readonly presentation: Uint8Array;
  readonly arguments: readonly Argument[];
  readonly approvals: readonly Uint8Array[];
  /** SHA-256 of the evidence. */
  readonly evidence: Uint8Array | undefined;
}

function checkText(text: string, most: number, allowed: RegExp): void {
  need(text.length <= most, "oversize");
  need(allowed.test(text), "malformed");
}

/** Requires that each part of a request is of its form. Throws `oversize` or `malformed`. */
export function checkCovered({ method, authority, target }: Covered): void {
  checkText(method, HTTP_METHOD_BYTES_MAX, /^[A-Z]+$/);
  checkText(authority, HTTP_AUTHORITY_BYTES_MAX, /^[!-@[-~]+$/);
  checkText(target, HTTP_TARGET_BYTES_MAX, /^\/[!"$-~]*$/);
}

/** The request digest: field 11 of the invocation (spec 20 §1). */
export async function requestDigest(covered: Covered): Promise<Uint8Array> {
  checkCovered(covered);
  const { method, authority, target, content, presentation } = covered;
  return digest(HTTP, 5, (w) =>
    w.text(method).text(authority).text(target).string(content).string(presentation),
  );
}

/** Reads a Byte Sequence (RFC 9651 §3.3.5) of at most `most` bytes, with nothing around it. */
export function byteSequence(value: string, most: number): Uint8Array {
  const inner = /^:([^:]*):$/s.exec(value)?.[1] ?? refuse("malformed", "no byte sequence");
  need(inner.length <= 4 * Math.ceil(most / 3), "oversize");
  const bytes = fromBase64(inner);
  need(bytes !== undefined, "malformed", "no base64");
  need(bytes.length <= most, "oversize");
  return bytes;
}

/** Writes a Byte Sequence. */
export function writtenByteSequence(bytes: Uint8Array): string {
  return `:${base64(bytes)}:`;
}

/** All values of a field with a name in lower case. */
export type Values = (name: string) => readonly string[];

function single(values: Values, name: string, most: number): Uint8Array | undefined {
  const [value, ...others] = values(name);
  need(others.length === 0, "malformed", `${name} stands twice`);
  return value === undefined ? undefined : byteSequence(value, most);
}

function hash(values: Values, name: string): Uint8Array | undefined {
  const bytes = single(values, name, 32);
  need(bytes === undefined || bytes.length === 32, "malformed", `${name} is no hash`);
  return bytes;
}

function listed<T>(bytes: Uint8Array | undefined, most: number, item: (r: Reader) => T): T[] {
  if (bytes === undefined) return [];
  const list = Reader.whole(bytes, HTTP_FIELD_BYTES_MAX, (r) => r.list(most, () => item(r)));
  need(list.length > 0, "not_canonical", "an empty list");
  return list;
}

/** Reads the fields of a request. Throws `no_invocation` if there is no invocation at all. */
export function readFields(values: Values): Fields {
  const invocation = single(values, FIELD.invocation, VOUCHER_BYTES_MAX) ?? refuse("no_invocation");
  const presentation = hash(values, FIELD.presentation) ?? refuse("malformed", "no presentation is named");
  const shown = listed(single(values, FIELD.arguments, HTTP_FIELD_BYTES_MAX), ARGUMENTS_MAX, readArgument);
  const signed = single(values, FIELD.approvals, HTTP_FIELD_BYTES_MAX);
  const approvals = listed(signed, APPROVALS_MAX, (r) => r.bytes(APPROVAL_BYTES_MAX));
  return { invocation, presentation, arguments: shown, approvals, evidence: hash(values, FIELD.evidence) };
}

/** The fields to send, by their names; what is empty is left out. */
export function writtenFields(fields: Fields): Record<string, string> {
  const sent: Record<string, string> = {
    [FIELD.invocation]: writtenByteSequence(fields.invocation),
    [FIELD.presentation]: writtenByteSequence(fields.presentation),
  };
  const list = <T>(items: readonly T[], item: (w: Writer, value: T) => void): string =>
    writtenByteSequence(new Writer().list(items, item).bytes());
  if (fields.arguments.length > 0) sent[FIELD.arguments] = list(fields.arguments, writeArgument);
  if (fields.approvals.length > 0)
    sent[FIELD.approvals] = list(fields.approvals, (w, approval) => w.string(approval));
  if (fields.evidence !== undefined) sent[FIELD.evidence] = writtenByteSequence(fields.evidence);
  return sent;
}

/** The SHA-256 that a `Content-Digest` field states (RFC 9530); nothing if it states none. */
export function contentDigest(value: string): Uint8Array | undefined {
  const stated = value.split(",").flatMap((member) => {
    const own = member.replace(/^[ \t]+|[ \t]+$/g, "");
    return own.startsWith("sha-256=") ? [own.slice("sha-256=".length)] : [];
  });
  need(stated.length <= 1, "malformed", "two digests");
  const [only] = stated;
  if (only === undefined) return undefined;
  const bytes = byteSequence(only, 32);
  need(bytes.length === 32, "malformed", "no hash");
  return bytes;
}

/** Writes a `Content-Digest` field. */
export function writtenContentDigest(content: Uint8Array): string {
  return `sha-256=${writtenByteSequence(content)}`;
}

/** SHA-256 of content, which may be text. */
export function contentHash(content: Uint8Array | string = ""): Promise<Uint8Array> {
  return sha256(typeof content === "string" ? utf8(content) : content);
}
