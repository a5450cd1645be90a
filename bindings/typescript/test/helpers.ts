// What the tests share: the files of the repository, and the notation of the vectors
// (spec/vectors/README.md).

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { fromHex, hex, RemitError, verdictJson, type Value, type Verdict } from "../src/index.js";

/** The root of the repository. */
export const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));

/** A vector: its input and values are of its file. */
export interface Vector {
  readonly name: string;
  readonly about: string;
  readonly input: Record<string, any>;
  readonly result: string;
  readonly values?: Record<string, any>;
}

export function file(path: string): Buffer {
  return readFileSync(ROOT + path);
}

export function json(path: string): any {
  return JSON.parse(file(path).toString());
}

/** The vectors of a file, each with a name of its own, and at least so many. */
export function vectors(name: string, least: number): Vector[] {
  const { vectors: all, format } = json(`spec/vectors/${name}.json`);
  assert.equal(format, 1);
  assert.ok(all.length >= least, `${name}: only ${all.length}`);
  assert.equal(new Set(all.map((vector: Vector) => vector.name)).size, all.length);
  return all;
}

export function bytes(text: string): Uint8Array {
  return fromHex(text) ?? assert.fail(`no hexadecimal text: ${text}`);
}

export function list(texts: string[]): Uint8Array[] {
  return texts.map(bytes);
}

/** Requires that bytes are those of hexadecimal text. */
export function same(came: Uint8Array, wanted: string, what: string): void {
  assert.equal(hex(came), wanted, what);
}

/** `ok`, or the code of the no. */
export async function outcome(step: () => unknown): Promise<string> {
  try {
    await step();
    return "ok";
  } catch (error) {
    if (error instanceof RemitError) return error.code;
    throw error;
  }
}

/** The JSON of a verdict without the sentence for people. */
export function view(verdict: Verdict): unknown {
  const { reason, ...rest } = JSON.parse(verdictJson(verdict));
  assert.equal(reason !== undefined, verdict.decision === "denied");
  return rest;
}

/** A value of an argument or operand in the notation of the vectors. */
export function value(stated: any): Value {
  if (typeof stated.text === "string") return stated.text;
  if (typeof stated.bool === "boolean") return stated.bool;
  return BigInt(stated.integer);
}

/** Requires that every one of some kinds of vectors was consumed, and no other. */
export function consumed(counts: Map<string, number>, kinds: string[]): void {
  assert.deepEqual([...counts.keys()].sort(), [...kinds].sort());
}

export function count(counts: Map<string, number>, kind: string): void {
  counts.set(kind, (counts.get(kind) ?? 0) + 1);
}
