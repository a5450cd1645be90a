// Presentations: what a holder shows to a service (spec 09 §1).

import { concat } from "../bytes.js";
import { Reader } from "../cbor.js";
import { Writer } from "../cbor_write.js";
import { need } from "../errors.js";
import { PRESENTATION } from "../labels.js";
import {
  NOTE_BYTES_MAX,
  OBJECT_BYTES_MAX,
  PRESENTATION_BYTES_MAX,
  PRESENTATION_LEAVES_MAX,
  PRESENTATION_TOKENS_MAX,
  TREE_HEIGHT_MAX,
} from "../limits.js";

/** A presentation; its parts are not looked into. */
export interface Presentation {
  readonly ledger: Uint8Array;
  readonly note: Uint8Array;
  readonly commitment: Uint8Array;
  readonly commitmentPath: readonly Uint8Array[];
  readonly leaves: readonly Uint8Array[];
  readonly stateProof: readonly Uint8Array[];
  /** Signed objects, the root first. */
  readonly tokens: readonly Uint8Array[];
}

/** Decodes a presentation. */
export function decodePresentation(bytes: Uint8Array): Presentation {
  return Reader.whole(bytes, PRESENTATION_BYTES_MAX, (r) => {
    r.arrayOf(8);
    r.label(PRESENTATION);
    const [ledger, note, commitment] = [r.id(), r.bytes(NOTE_BYTES_MAX), r.bytes(OBJECT_BYTES_MAX)];
    const commitmentPath = r.hashes(TREE_HEIGHT_MAX);
    const leaves = r.list(PRESENTATION_LEAVES_MAX, () => r.bytes(OBJECT_BYTES_MAX));
    const stateProof = r.hashes(TREE_HEIGHT_MAX * PRESENTATION_LEAVES_MAX);
    const tokens = r.list(PRESENTATION_TOKENS_MAX, () => r.bytes(OBJECT_BYTES_MAX));
    need(tokens.length > 0, "malformed", "no tokens");
    return { ledger, note, commitment, commitmentPath, leaves, stateProof, tokens };
  });
}

/** The bytes of a presentation. Whoever shows it may append offline links to its tokens. */
export function encodePresentation(shown: Presentation): Uint8Array {
  const bytes = (w: Writer, part: Uint8Array): void => void w.string(part);
  const w = new Writer()
    .array(8)
    .text(PRESENTATION)
    .string(shown.ledger)
    .string(shown.note)
    .string(shown.commitment);
  w.string(concat(...shown.commitmentPath)).list(shown.leaves, bytes);
  return w
    .string(concat(...shown.stateProof))
    .list(shown.tokens, bytes)
    .bytes();
}
