// Names that look alike: nobody vouches for one, and whoever decides by it is told who else calls itself so.

import { folded, visible } from "../ui/text.js";
import { NoAnswer } from "./errors.js";
import type { Ledger } from "./ledger.js";
import { listIn, textIn } from "./server.js";

/** Names of one list. */
const NAMES = 100;

/** Another party, by the server's word, whose name looks like one that was proved. */
export interface Namesake {
  readonly id: string;
  readonly name: string;
}

/** Whether something in a name is not seen. */
export function hides(name: string): boolean {
  return visible(name) !== name;
}

/** Parties that the server names whose names look like this one; nothing where it keeps no index. */
export async function namesakes(
  ledger: Ledger,
  id: string,
  name: string,
): Promise<readonly Namesake[] | undefined> {
  // By its beginnings, and among the first of all: what looks alike may begin with another letter.
  const begins = new Set(["", [...name][0] ?? "", name]);
  const found = new Map<string, Namesake>();
  for (const text of begins) {
    const path = `/v1/names?begins=${encodeURIComponent(text)}&limit=${NAMES}`;
    const json = await ledger.server.json(path).catch((error: unknown) => {
      if (!(error instanceof NoAnswer)) throw error;
      return undefined;
    });
    if (json === undefined) return undefined;
    for (const row of listIn(json, "names")) {
      const [other, called] = [textIn(row, "id"), textIn(row, "name")];
      if (other === undefined || called === undefined || other === id) continue;
      if (textIn(row, "what") !== "unit" && folded(called) === folded(name))
        found.set(other, { id: other, name: called });
    }
  }
  return [...found.values()];
}
