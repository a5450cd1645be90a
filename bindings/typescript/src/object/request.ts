// Which request for approval an act makes or carries out (spec 17 §2).

import { digest } from "../hash.js";
import { LEASE_REQUEST_ID } from "../labels.js";
import { bytesOf, integerOf, type Act } from "./act.js";
import { requestId, type Money } from "./approval.js";
import type { ArgumentDigests } from "./argument.js";

/**
 * The id of the request that a `request` makes or a `lease` carries out; nothing of a lease that names none.
 */
export async function requestOf(ledger: Uint8Array, act: Act): Promise<Uint8Array | undefined> {
  if (act.kind === "lease") {
    if (!act.fields.has(36)) return undefined;
    return leaseRequestId(
      ledger,
      act,
      { amount: integerOf(act, 11), unit: bytesOf(act, 30) },
      bytesOf(act, 36),
    );
  }
  if (act.kind !== "request") return undefined;
  const [payment, nonce] = [{ amount: integerOf(act, 11), unit: bytesOf(act, 22) }, bytesOf(act, 1)];
  if (act.fields.has(31)) return leaseRequestId(ledger, act, payment, nonce);
  return requestId(ledger, {
    token: bytesOf(act, 4),
    epoch: integerOf(act, 5),
    payee: bytesOf(act, 12),
    action: String(act.fields.get(23)),
    resource: String(act.fields.get(24)),
    arguments: act.fields.get(25) as ArgumentDigests | undefined,
    payment,
    nonce,
  });
}

function leaseRequestId(
  ledger: Uint8Array,
  act: Act,
  payment: Money,
  nonce: Uint8Array,
): Promise<Uint8Array> {
  return digest(LEASE_REQUEST_ID, 10, (w) => {
    w.string(ledger).string(bytesOf(act, 4)).int(integerOf(act, 5)).string(bytesOf(act, 12));
    w.string(bytesOf(act, 31)).int(integerOf(act, 32)).int(integerOf(act, 33));
    w.optional(act.fields.has(34) ? integerOf(act, 34) : undefined, (_, until) => w.int(until));
    w.array(2).int(payment.amount).string(payment.unit).string(nonce);
  });
}
