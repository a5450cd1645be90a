// Signs invocations (spec 05): what the holder of a token asks of one party, once.

import { need } from "../errors.js";
import { INVOCATION } from "../labels.js";
import { digestsOf, type Argument } from "../object/argument.js";
import { decodeInvocation, encodeInvocation, type Invocation } from "../object/invocation.js";
import { random, signObject, type SignedBytes, type Signer } from "./signer.js";

/** What is asked; a nonce is drawn where none is given. */
export interface Ask extends Omit<Invocation, "nonce" | "arguments" | "voucher" | "bundle"> {
  readonly nonce?: Uint8Array | undefined;
  /** The arguments in the clear; their digests are signed, and they are shown beside the invocation. */
  readonly arguments?: readonly Argument[] | undefined;
}

/**
 * Signs an invocation. Throws `malformed` for one that no decoder takes, such as an amount without
 * `settleBy`.
 */
export async function signInvocation(signer: Signer, ledger: Uint8Array, ask: Ask): Promise<SignedBytes> {
  const digests = await digestsOf(ask.arguments ?? []);
  const payload = encodeInvocation({ ...ask, nonce: ask.nonce ?? random(), arguments: digests });
  need(decodeInvocation(payload).voucher === undefined, "misplaced_voucher");
  return signObject(signer, INVOCATION, ledger, payload);
}

/** An argument with a salt drawn for it. */
export function argument(name: string, value: Argument["value"]): Argument {
  return { name, value, salt: random() };
}
