// The one encoding of every value (spec 01 §5): what the reader takes, the writer gives, and every other is refused.

import assert from "node:assert/strict";
import { test } from "node:test";
import { hex, Reader, Writer } from "../src/index.js";
import { bytes, outcome } from "./helpers.js";

/** The bytes in hexadecimal, how they are read, and what comes of it. */
type Row = readonly [string, (r: Reader) => unknown, string];

async function all(rows: readonly Row[]): Promise<void> {
  for (const [text, read, wanted] of rows) {
    assert.equal(await outcome(() => Reader.whole(bytes(text), 64, read)), wanted, text);
  }
}

test("integers", async () => {
  const [unsigned, signed] = [(r: Reader) => r.u64(), (r: Reader) => r.i64()];
  for (const value of [
    0n,
    23n,
    24n,
    255n,
    256n,
    65_535n,
    65_536n,
    (1n << 32n) - 1n,
    1n << 32n,
    (1n << 63n) - 1n,
  ]) {
    for (const each of [value, -1n - value]) {
      assert.equal(Reader.whole(new Writer().int(each).bytes(), 9, signed), each);
    }
  }
  assert.equal(Reader.whole(bytes("1bffffffffffffffff"), 9, unsigned), (1n << 64n) - 1n);
  await all([
    ["17", unsigned, "ok"],
    ["1800", unsigned, "not_canonical"],
    ["1817", unsigned, "not_canonical"],
    ["1900ff", unsigned, "not_canonical"],
    ["1a0000ffff", unsigned, "not_canonical"],
    ["1b00000000ffffffff", unsigned, "not_canonical"],
    ["18", unsigned, "malformed"],
    ["", unsigned, "malformed"],
    ["20", unsigned, "malformed"],
    ["0000", unsigned, "trailing_bytes"],
    ["1b8000000000000000", signed, "malformed"],
    ["3b7fffffffffffffff", signed, "ok"],
    ["3b8000000000000000", signed, "malformed"],
    [`1c${"00".repeat(16)}`, unsigned, "malformed"],
    [`1d${"00".repeat(32)}`, unsigned, "malformed"],
    ["1e", unsigned, "malformed"],
    ["1f", unsigned, "malformed"],
    ["c000", unsigned, "malformed"],
    ["f90000", unsigned, "malformed"],
  ]);
});

test("strings", async () => {
  const [string, text] = [(r: Reader) => r.bytes(2), (r: Reader) => r.text(2)];
  await all([
    ["420102", string, "ok"],
    ["43010203", string, "oversize"],
    ["4201", string, "malformed"],
    ["580101", string, "not_canonical"],
    ["5f4101ff", string, "malformed"],
    ["626162", text, "ok"],
    ["63616263", text, "oversize"],
    ["61ff", text, "malformed"],
    ["6100", text, "malformed"],
    ["62c280", text, "malformed"],
    ["62c2a0", text, "ok"],
    ["7f6161ff", text, "malformed"],
    ["4161", text, "malformed"],
    ["60", (r) => r.name(), "malformed"],
    ["f4", (r) => r.bool(), "ok"],
    ["f6", (r) => r.bool(), "malformed"],
    ["f814", (r) => r.bool(), "malformed"],
  ]);
});

test("arrays and maps", async () => {
  const list = (r: Reader): unknown => r.list(2, () => r.u64());
  const map = (r: Reader): void => r.map(() => r.u64());
  const names = (r: Reader): void => r.textMap(2, () => r.u64());
  await all([
    ["820102", list, "ok"],
    ["83010203", list, "too_many"],
    ["8101", (r) => r.arrayOf(2), "malformed"],
    ["980101", list, "not_canonical"],
    ["9f01ff", list, "not_canonical"],
    ["9bffffffffffffffff", list, "too_many"],
    ["a201000200", map, "ok"],
    ["a202000100", map, "not_canonical"],
    ["a201000100", map, "not_canonical"],
    ["a220000000", map, "not_canonical"],
    ["a200002000", map, "ok"],
    ["a221002000", map, "not_canonical"],
    ["bf0100ff", map, "not_canonical"],
    ["a1616100", map, "malformed"],
    ["a2616200626161" + "00", names, "ok"],
    ["a262616100616200", names, "not_canonical"],
    ["a2616100616100", names, "not_canonical"],
    ["a3616100616200616300", names, "too_many"],
    ["a16000", names, "malformed"],
  ]);
  assert.equal(hex(new Writer().array(24).bytes()), "9818");
});
