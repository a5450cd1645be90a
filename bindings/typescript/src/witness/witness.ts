// A witness (spec 21): what it answers, whole. Whoever runs it keeps what a reply says before he sends it.

import { base64, concat, equal, hex, utf8 } from "../bytes.js";
import { parseAddCheckpoint, type AddCheckpoint } from "../c2sp/add_checkpoint.js";
import type { Checkpoint } from "../c2sp/checkpoint.js";
import { C2spError, must } from "../c2sp/error.js";
import { isBoundedKeyName } from "../c2sp/text.js";
import { keyId, parseVerifierKey, type VerifierKey } from "../c2sp/vkey.js";
import { I64_MAX } from "../numbers.js";
import type { Signer } from "../sign/signer.js";
import { ANSWERS, decide, isEvidence, submitter, type Latest, type WitnessAnswer } from "./decide.js";

export type { Latest, WitnessAnswer } from "./decide.js";

/** What is answered, and what is kept before. */
export interface Reply {
  readonly answer: WitnessAnswer;
  /** The HTTP status. */
  readonly status: number;
  /** Of a 200 a cosignature line, of a 409 the size that is known; of others a line for people. */
  readonly body: string;
  /** Both notes are to be kept for ever, the one that was cosigned at this size and this one. */
  readonly evidence: boolean;
  /** The checkpoint, if a known log signed it. */
  readonly checkpoint?: Checkpoint;
  /** With `ok`: what is to be kept as the latest of this origin. */
  readonly latest?: Latest;
}

/** The key and name of a witness, and the logs that it cosigns. */
export class Witness {
  private constructor(
    /** Its verifier key as text, for the trust lines of others. */
    readonly vkey: string,
    private readonly name: string,
    private readonly id: Uint8Array,
    private readonly signer: Signer,
    private readonly logs: readonly VerifierKey[],
  ) {}

  /** A witness for the logs of these verifier keys. Its key is for nothing else. Throws `C2spError`. */
  static async create(signer: Signer, name: string, logs: readonly string[]): Promise<Witness> {
    must(isBoundedKeyName(name), "Name");
    must(logs.length > 0, "NoLog");
    const keys = await Promise.all(logs.map(parseVerifierKey));
    must(keys.every(({ kind }) => kind === "log"), "NotOfALog");
    must(!keys.some(({ key }) => equal(key, signer.publicKey)), "KeyTaken");
    const id = await keyId(name, "witness", signer.publicKey);
    const material = base64(concat(Uint8Array.of(4), signer.publicKey));
    return new Witness(`${name}+${hex(id)}+${material}`, name, id, signer, keys);
  }

  /**
   * What is answered to the body of an `add-checkpoint` at `now`, in seconds. Between reading `latest` and keeping
   * what the reply says, synced, no other request is answered.
   */
  async reply(body: Uint8Array, latest: ReadonlyMap<string, Latest>, now: bigint): Promise<Reply> {
    let request: AddCheckpoint;
    try {
      request = parseAddCheckpoint(body);
    } catch (error) {
      if (error instanceof C2spError) return no("malformed", false, undefined, error.message);
      throw error;
    }
    const stranger = await submitter(request, this.logs);
    if (stranger !== undefined) return no(stranger, false);
    const { checkpoint } = request;
    const known = latest.get(checkpoint.origin);
    const evidence = isEvidence(request, known);
    const answer = await decide(request, known);
    if (answer === "other_size") {
      return { answer, status: ANSWERS[answer], body: `${known?.size ?? 0n}\n`, evidence, checkpoint };
    }
    if (answer !== "ok") return no(answer, evidence, checkpoint);
    // A clock that was set back takes nothing back.
    const time = known !== undefined && known.time > now ? known.time : now;
    const line = await this.cosign(request.note.text, time);
    const { size, root } = checkpoint;
    return { answer, status: ANSWERS.ok, body: line, evidence, checkpoint, latest: { size, root, time } };
  }

  /** The signature line (spec 08 §5). */
  private async cosign(text: string, time: bigint): Promise<string> {
    must(time > 0n && time <= I64_MAX, "Time");
    const stamp = new Uint8Array(8);
    new DataView(stamp.buffer).setBigUint64(0, time);
    const signature = await this.signer.sign(utf8(`cosignature/v1\ntime ${time}\n${text}`));
    return `— ${this.name} ${base64(concat(this.id, stamp, signature))}\n`;
  }
}

function no(answer: WitnessAnswer, evidence: boolean, checkpoint?: Checkpoint, why?: string): Reply {
  const body = why === undefined ? `${answer}\n` : `${answer}: ${why}\n`;
  const reply = { answer, status: ANSWERS[answer], body, evidence };
  return checkpoint === undefined ? reply : { ...reply, checkpoint };
}
