// Updates of the status of all leaves, as bytes (spec 22 §1).

import { concat } from "../bytes.js";
import { Reader } from "../cbor.js";
import { Writer } from "../cbor_write.js";
import { need } from "../errors.js";
import { STATUS_UPDATE } from "../labels.js";
import {
  CONSISTENCY_HASHES_MAX,
  NOTE_BYTES_MAX,
  OBJECT_BYTES_MAX,
  STATUS_UPDATE_BYTES_MAX,
  TREE_HEIGHT_MAX,
} from "../limits.js";

/** What a ledger tells whoever follows it; its parts are not looked into. */
export interface StatusUpdate {
  readonly ledger: Uint8Array;
  /** Size of the log at the state that the follower has; 0 if it has none. */
  readonly since: bigint;
  /** Consistency path from there. */
  readonly consistency: readonly Uint8Array[];
  readonly note: Uint8Array;
  /** The last entry under the checkpoint. */
  readonly commitment: Uint8Array;
  readonly commitmentPath: readonly Uint8Array[];
  /** State leaf 0, the ledger's. */
  readonly leaf: Uint8Array;
  readonly leafPath: readonly Uint8Array[];
  /** Whether the changes are to a table in which every status is 0. */
  readonly whole: boolean;
  readonly changes: Uint8Array;
}

/** Decodes an update. One since 0 that is not whole, or has a consistency path, is `malformed`. */
export function decodeStatusUpdate(bytes: Uint8Array): StatusUpdate {
  return Reader.whole(bytes, STATUS_UPDATE_BYTES_MAX, (r) => {
    r.arrayOf(11);
    r.label(STATUS_UPDATE);
    const update = {
      ledger: r.id(),
      since: r.u64(),
      consistency: r.hashes(CONSISTENCY_HASHES_MAX),
      note: r.bytes(NOTE_BYTES_MAX),
      commitment: r.bytes(OBJECT_BYTES_MAX),
      commitmentPath: r.hashes(TREE_HEIGHT_MAX),
      leaf: r.bytes(OBJECT_BYTES_MAX),
      leafPath: r.hashes(TREE_HEIGHT_MAX),
      whole: r.bool(),
      changes: r.bytes(STATUS_UPDATE_BYTES_MAX),
    };
    const first = update.whole && update.consistency.length === 0;
    need(update.since > 0n || first, "malformed", "since nothing, and not whole");
    return update;
  });
}

/** The bytes of an update. */
export function encodeStatusUpdate(update: StatusUpdate): Uint8Array {
  return new Writer()
    .array(11)
    .text(STATUS_UPDATE)
    .string(update.ledger)
    .int(update.since)
    .string(concat(...update.consistency))
    .string(update.note)
    .string(update.commitment)
    .string(concat(...update.commitmentPath))
    .string(update.leaf)
    .string(concat(...update.leafPath))
    .bool(update.whole)
    .string(update.changes)
    .bytes();
}
