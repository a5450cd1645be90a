// The holder's side: signs an invocation for one request over HTTP, and the fields to send with it (spec 20
// §1, §2).

import { sha256 } from "../hash.js";
import { signInvocation, type Ask } from "../sign/invoke.js";
import type { SignedBytes, Signer } from "../sign/signer.js";
import { contentHash, requestDigest, writtenContentDigest, writtenFields } from "./transport.js";

/** The request that is to be sent. */
export interface HttpAsk extends Omit<Ask, "request"> {
  readonly method: string;
  readonly url: URL | string;
  readonly content?: Uint8Array | string | undefined;
  /** What was brought to the service before. */
  readonly presentation: Uint8Array;
  readonly evidence?: Uint8Array | undefined;
  readonly approvals?: readonly Uint8Array[] | undefined;
}

/** Signs for one request: the invocation, and the fields to send with the request. */
export async function signRequest(
  signer: Signer,
  ledger: Uint8Array,
  ask: HttpAsk,
): Promise<SignedBytes & { readonly fields: Record<string, string> }> {
  const { method, url, content, presentation: shown, evidence, approvals = [], ...asked } = ask;
  const { host, pathname, search } = new URL(url);
  const [hash, presentation] = [await contentHash(content), await sha256(shown)];
  const covered = {
    method,
    authority: host.toLowerCase(),
    target: pathname + search,
    content: hash,
    presentation,
  };
  const signed = await signInvocation(signer, ledger, { ...asked, request: await requestDigest(covered) });
  const named = evidence === undefined ? undefined : await sha256(evidence);
  const fields = writtenFields({
    invocation: signed.bytes,
    presentation,
    arguments: ask.arguments ?? [],
    approvals,
    evidence: named,
  });
  return {
    ...signed,
    fields: content === undefined ? fields : { ...fields, "content-digest": writtenContentDigest(hash) },
  };
}
