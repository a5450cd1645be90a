// Asks a ledger for an update (spec 22 §5), and takes no more than an update may have.

import { RemitError } from "../errors.js";
import { Buffered } from "../feed/buffer.js";
import { STATUS_UPDATE_BYTES_MAX } from "../limits.js";

/** What was wrong with an answer, before anything in it was looked at. */
export type AnswerCode = "unreachable" | "status" | "content_type";

/** There is no answer to look at; what is followed stays, and gets older. */
export class AnswerError extends Error {
  override readonly name = "AnswerError";

  constructor(
    readonly code: AnswerCode,
    detail: string,
    options?: ErrorOptions,
  ) {
    super(`${code}: ${detail}`, options);
  }
}

/** What is taken of `fetch`. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

const MEDIA_TYPE = "application/cbor";

/**
 * The bytes of the answer about everything since a size of the log. Throws `AnswerError`, and `oversize` once
 * there are more than an update may have.
 */
export async function askSince(
  fetch: Fetch,
  url: string,
  since: bigint,
  timeoutMs: number,
): Promise<Uint8Array> {
  try {
    const response = await fetch(`${url.replace(/\/+$/, "")}/v1/status?since=${since}`, {
      headers: { accept: MEDIA_TYPE },
      signal: AbortSignal.timeout(timeoutMs),
    });
    const [type = ""] = (response.headers.get("content-type") ?? "").split(";");
    const typed = type.trim().toLowerCase() === MEDIA_TYPE;
    if (response.status === 200 && typed) return await read(response);
    drop(response.body);
    throw response.status === 200
      ? new AnswerError("content_type", type)
      : new AnswerError("status", String(response.status));
  } catch (error) {
    if (error instanceof AnswerError || error instanceof RemitError) throw error;
    throw new AnswerError("unreachable", String(error), { cause: error });
  }
}

async function read(response: Response): Promise<Uint8Array> {
  const buffered = new Buffered();
  const reader = response.body?.getReader();
  if (reader === undefined) return buffered.bytes();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return buffered.bytes();
    if (buffered.length + value.length > STATUS_UPDATE_BYTES_MAX) {
      drop(reader);
      throw new RemitError("oversize");
    }
    buffered.append(value);
  }
}

/** Takes no more of an answer; how the other side likes that does not matter. */
function drop(body: { cancel(): Promise<void> } | null): void {
  body?.cancel().catch(() => undefined);
}
