// Signed notes (spec 08 §2).

import { fromBase64, fromUtf8 } from "../bytes.js";
import { NOTE_BYTES_MAX, NOTE_SIGNATURES_MAX } from "../limits.js";
import { must } from "./error.js";
import { isKeyName } from "./text.js";

/** Bytes of a key id. */
export const KEY_ID_BYTES = 4;

/** One signature line. */
export interface NoteLine {
  /** The key name. */
  readonly name: string;
  /** The key id, 4 bytes. */
  readonly id: Uint8Array;
  /** What stands after the key id. */
  readonly signature: Uint8Array;
}

/** A signed note; nothing of it is verified. */
export interface Note {
  /** The text, with its final newline. */
  readonly text: string;
  /** The signature lines, in order. */
  readonly lines: readonly NoteLine[];
}

/** Parses a note. Throws `C2spError`. */
export function parseNote(bytes: Uint8Array): Note {
  must(bytes.length <= NOTE_BYTES_MAX, "TooLong");
  const note = fromUtf8(bytes);
  must(note !== undefined, "NotUtf8");
  must(!/[\u0000-\u0009\u000b-\u001f]/.test(note), "Control");
  const end = note.lastIndexOf("\n\n");
  must(end >= 0, "NoEmptyLine");
  const [text, rest] = [note.slice(0, end + 1), note.slice(end + 2)];
  must(rest !== "", "NoSignature");
  must(rest.endsWith("\n"), "NoFinalNewline");
  const lines = rest.slice(0, -1).split("\n");
  must(lines.length <= NOTE_SIGNATURES_MAX, "TooManySignatures");
  return { text, lines: lines.map((line, at) => parseLine(line, at + 1)) };
}

function parseLine(line: string, number: number): NoteLine {
  const parts = line.split(" ");
  const [dash, name, encoded] = parts;
  must(parts.length === 3 && dash === "—" && name !== undefined && isKeyName(name), "SignatureLine", number);
  const raw = fromBase64(encoded ?? "");
  must(raw !== undefined && raw.length > KEY_ID_BYTES, "SignatureLine", number);
  return { name, id: raw.subarray(0, KEY_ID_BYTES), signature: raw.subarray(KEY_ID_BYTES) };
}
