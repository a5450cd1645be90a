// What a follower knows, in files: over restarts, after a fork, and where a file is gone.

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { decodeStatusUpdate, FollowError, hex, parsePolicy } from "../src/index.js";
import { Follower, type Conflict } from "../src/follow/index.js";
import { fileState } from "../src/follow/file_state.js";
import { bytes, vectors } from "./helpers.js";

const input = (name: string): Record<string, any> =>
  vectors("following", 76).find((each) => each.name === `follow/${name}`)?.input ?? assert.fail(name);

test("a state in files", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "remit-"));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, "followed");
  const told: Conflict[] = [];
  const policy = await parsePolicy(input("first").policy);
  const now = BigInt(input("first").now);
  /** Polls once for each of these updates, after a restart. */
  const run = async (...names: string[]): Promise<(bigint | undefined)[]> => {
    const state = await fileState(path, (conflict) => void told.push(conflict));
    const answers = names.map((name) => bytes(input(name).update));
    const fetch = async (): Promise<Response> =>
      new Response((answers.shift() ?? assert.fail("asked after a fork")) as BodyInit, {
        headers: { "content-type": "application/cbor" },
      });
    const follower = new Follower({ policy, url: "https://ledger.example", fetch, ...state });
    const sizes: (bigint | undefined)[] = [];
    try {
      await follower.open();
      sizes.push(follower.state?.head.size);
      for (const _ of names) sizes.push((await follower.poll(now)).head.size);
    } catch (error) {
      if (!(error instanceof FollowError)) throw error;
      sizes.push(follower.state?.head.size);
    } finally {
      await state.close();
    }
    return sizes;
  };
  assert.deepEqual(await run("first"), [undefined, 5n]);
  assert.deepEqual(await run("not-consistent"), [5n, 5n]);
  assert.deepEqual(await run("fork"), [5n, 5n]);
  assert.deepEqual(
    told.map(({ code }) => code),
    ["not_consistent", "fork"],
  );
  const { ledger, note: ours } = decodeStatusUpdate(bytes(input("first").update));
  const text = (note: Uint8Array): string => new TextDecoder().decode(note);
  for (const [code, name] of [
    ["fork", "fork"],
    ["not_consistent", "not-consistent"],
  ] as const) {
    const { note: theirs } = decodeStatusUpdate(bytes(input(name).update));
    const notes = { ledger: hex(ledger), ours: text(ours), theirs: text(theirs) };
    assert.deepEqual(JSON.parse(await readFile(`${path}.${code}`, "utf8")), notes, code);
  }
  // Nothing is asked after a restart either, until the notes are taken away.
  assert.deepEqual(await run("changes"), [5n, 5n]);
  await unlink(`${path}.fork`);
  assert.deepEqual(await run("changes"), [5n, 7n]);
  assert.deepEqual(await run(), [7n]);

  const state = await fileState(path, () => undefined);
  await assert.rejects(fileState(path, () => undefined), /another process has it/);
  await state.close();
  await unlink(path);
  await assert.rejects(run("first"), /is gone/);
  await writeFile(path, "no snapshot");
  await assert.rejects(run("first"), /malformed|not_canonical/);
});
