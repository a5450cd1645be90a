// A follower and its server: an honest one, one that fails, and one that lies.

import assert from "node:assert/strict";
import { createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";
import { test } from "node:test";
import * as remit from "../src/index.js";
import { AnswerError, Follower, type Conflict, type FollowerOptions } from "../src/follow/index.js";
import { bytes, same, vectors } from "./helpers.js";

const vector = (name: string): { policy: string; now: bigint; update: Uint8Array; have: string | null } => {
  const { input } = vectors("following", 76).find((each) => each.name === name) ?? assert.fail(name);
  return { policy: input.policy, now: BigInt(input.now), update: bytes(input.update), have: input.have };
};

const FIRST = vector("follow/first");
const NEXT = vector("follow/changes");
const { now: NOW } = NEXT;

type Answer = Uint8Array | Response | Error | ((signal: AbortSignal) => Promise<Response>);

/** A ledger that gives these answers, in order; and what was kept and told, in the order in which it was. */
class Scene {
  readonly asked: string[] = [];
  readonly events: string[] = [];
  readonly conflicts: Conflict[] = [];
  kept: Uint8Array | undefined;
  full = false;
  deaf = false;
  readonly options: FollowerOptions;
  readonly follower: Follower;

  constructor(
    readonly answers: Answer[],
    policy: remit.Policy,
    changed: Partial<FollowerOptions> = {},
  ) {
    this.options = {
      policy,
      url: "https://ledger.example/under/",
      fetch: async (url, init) => {
        this.asked.push(url);
        assert.equal(new Headers(init.headers).get("accept"), "application/cbor");
        const answer = this.answers.shift() ?? assert.fail("nobody was to be asked");
        if (answer instanceof Error) throw answer;
        if (typeof answer === "function") return answer(init.signal ?? assert.fail("no signal"));
        return answer instanceof Response ? answer : cbor(answer);
      },
      load: async () => this.kept,
      save: async (snapshot) => {
        if (this.full) throw new Error("no room");
        this.events.push(`kept, while ${this.follower.state?.head.size ?? "nothing"} is followed`);
        this.kept = snapshot;
      },
      onFork: (conflict) => {
        if (this.deaf) throw new Error("nobody hears");
        this.conflicts.push(conflict);
      },
      ...changed,
    };
    this.follower = new Follower(this.options);
  }

  /** The size of the log that is followed after a poll, or why it failed. */
  async poll(now = NOW): Promise<bigint | string> {
    try {
      return (await this.follower.poll(now)).head.size;
    } catch (error) {
      const { code } = error as { code?: string };
      return code ?? (error as Error).message;
    }
  }
}

function cbor(body: Uint8Array | ReadableStream<Uint8Array>, type = "application/cbor"): Response {
  return new Response(body as BodyInit, { headers: { "content-type": type } });
}

const policy = await remit.parsePolicy(NEXT.policy);

test("polls go on from what is followed, and keep it before it is used", async () => {
  const scene = new Scene([FIRST.update, NEXT.update], policy);
  assert.deepEqual(scene.follower.states, []);
  assert.deepEqual([await scene.poll(), await scene.poll()], [5n, 7n]);
  const status = "https://ledger.example/under/v1/status?since=";
  assert.deepEqual(scene.asked, [`${status}0`, `${status}5`]);
  assert.deepEqual(scene.events, ["kept, while nothing is followed", "kept, while 5 is followed"]);
  const state = scene.follower.state ?? assert.fail("nothing is followed");
  same(remit.snapshot(state), remit.hex(scene.kept ?? new Uint8Array()), "what is kept");
  assert.deepEqual(scene.follower.states, [state]);

  const again = new Scene([new TypeError("no network")], policy, { load: async () => scene.kept });
  assert.equal(again.follower.state, undefined);
  assert.equal(await again.poll(), "unreachable");
  assert.deepEqual(again.follower.state, state, "what was kept is followed without a network");
  assert.deepEqual(again.asked, [`${status}7`]);
});

test("polls at once are one", async () => {
  const scene = new Scene([FIRST.update, NEXT.update, new TypeError("no network")], policy);
  const all = [scene.poll(), scene.poll(), scene.follower.open()];
  assert.deepEqual(await Promise.all(all), [5n, 5n, undefined]);
  assert.equal(await scene.poll(), 7n);
  assert.deepEqual(await Promise.all([scene.poll(), scene.poll()]), ["unreachable", "unreachable"]);
  assert.equal(scene.asked.length, 3);
});

test("what cannot be kept is not used", async () => {
  const scene = new Scene([FIRST.update, NEXT.update, NEXT.update], policy);
  await scene.poll();
  scene.full = true;
  assert.equal(await scene.poll(), "no room");
  assert.equal(scene.follower.state?.head.size, 5n);
  scene.full = false;
  assert.equal(await scene.poll(), 7n);
});

test("what cannot be loaded is not nothing", async () => {
  const failing = new Scene([], policy, { load: () => Promise.reject(new Error("the disk failed")) });
  assert.equal(await failing.poll(), "the disk failed");
  const damaged = new Scene([], policy);
  damaged.kept = FIRST.update.slice(0, -1);
  assert.equal(await damaged.poll(), "malformed");
  assert.deepEqual(damaged.follower.states, []);
  // Once it can be read again, it is.
  damaged.kept = FIRST.update;
  await damaged.follower.open();
  assert.equal(damaged.follower.state?.head.size, 5n);
  assert.deepEqual([failing.asked, damaged.asked], [[], []]);
});

test("a server that lies changes nothing", async () => {
  const lies = ["left-out", "log-key", "unknown-log", "ledger", "leaf-path", "clock", "not-since"];
  for (const lie of lies) {
    const scene = new Scene([vector(`follow/${lie}`).update], policy);
    const { result } = vectors("following", 76).find(({ name }) => name === `follow/${lie}`) ?? assert.fail();
    assert.equal(await scene.poll(vector(`follow/${lie}`).now), result, lie);
    assert.deepEqual([scene.follower.state, scene.kept, scene.conflicts], [undefined, undefined, []], lie);
  }
  const scene = new Scene([vector("follow/behind").update, FIRST.update, NEXT.update], policy);
  scene.kept = bytes(vector("follow/behind").have ?? assert.fail());
  assert.deepEqual([await scene.poll(), await scene.poll()], ["behind", "not_since"]);
  assert.deepEqual([scene.events, scene.conflicts], [[], []]);
  const left = remit.decodeStatusUpdate(NEXT.update);
  const hidden = new Scene([remit.encodeStatusUpdate({ ...left, changes: new Uint8Array() })], policy);
  hidden.kept = bytes(NEXT.have ?? assert.fail());
  assert.equal(await hidden.poll(), "bad_proof");
  assert.equal(hidden.follower.state?.head.size, 5n);
});

test("a fork is told with both notes, and nothing more is accepted", async () => {
  const fork = vector("follow/fork");
  const have = bytes(fork.have ?? assert.fail());
  const scene = new Scene([fork.update], policy);
  scene.kept = have;
  scene.deaf = true;
  assert.equal(await scene.poll(), "nobody hears");
  scene.deaf = false;
  assert.equal(await scene.poll(), "fork");
  assert.equal(await scene.poll(), "fork");
  const state = scene.follower.state ?? assert.fail("nothing is followed");
  const theirs = remit.decodeStatusUpdate(fork.update).note;
  assert.deepEqual(scene.conflicts, [
    { code: "fork", ledger: state.ledger, ours: remit.decodeStatusUpdate(have).note, theirs },
  ]);
  assert.deepEqual([scene.asked.length, scene.events, scene.kept], [1, [], have]);

  // After a restart too, until somebody decides; what was followed still judges.
  const later = new Scene([], policy, { load: async () => have, isForked: () => true });
  assert.equal(await later.poll(), "fork");
  assert.equal(later.follower.state?.head.size, 5n);
});

test("what is not consistent is told, and the next update may be good", async () => {
  const scene = new Scene([vector("follow/not-consistent").update, NEXT.update], policy);
  scene.kept = bytes(NEXT.have ?? assert.fail());
  assert.deepEqual([await scene.poll(), await scene.poll()], ["not_consistent", 7n]);
  assert.deepEqual(
    scene.conflicts.map(({ code }) => code),
    ["not_consistent"],
  );
});

test("an answer that is none", async () => {
  const hangs = (signal: AbortSignal): Promise<Response> =>
    new Promise((_, reject) => {
      // A connection keeps the process, the signal's clock does not.
      const connection = setInterval(() => undefined, 1_000);
      signal.addEventListener("abort", () => {
        clearInterval(connection);
        reject(signal.reason);
      });
    });
  const broken = new ReadableStream<Uint8Array>({
    start: (controller) => controller.error(new Error("cut off")),
  });
  const page = new Response("busy", { status: 503, headers: { "content-type": "application/cbor" } });
  const scene = new Scene(
    [
      new TypeError("no network"),
      page,
      new Response(null, { status: 204 }),
      cbor(FIRST.update, "text/html"),
      cbor(broken),
      new Response(null, { headers: { "content-type": "application/cbor" } }),
      hangs,
      cbor(FIRST.update, "Application/CBOR; of=status"),
    ],
    policy,
    { timeoutMs: 50 },
  );
  const polled: unknown[] = [];
  while (scene.answers.length > 0) polled.push(await scene.poll());
  const [none, empty] = ["unreachable", "malformed"];
  assert.deepEqual(polled, [none, "status", "status", "content_type", none, empty, none, 5n]);
  const error = new AnswerError("status", "503");
  assert.deepEqual([error.name, error.code, error.message], ["AnswerError", "status", "status: 503"]);
});

test("an answer without end is taken to its bound", async () => {
  const { STATUS_UPDATE_BYTES_MAX: most } = remit.limits;
  let [sent, cancelled] = [0, false];
  const part = new Uint8Array(1 << 20);
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      sent += part.length;
      controller.enqueue(part);
    },
    cancel: () => {
      cancelled = true;
    },
  });
  const scene = new Scene([cbor(endless), cbor(new Uint8Array(most + 1)), new Uint8Array(most)], policy);
  assert.equal(await scene.poll(), "oversize");
  assert.ok(cancelled && sent <= most + 3 * part.length, `${sent} bytes were taken`);
  // One byte more than the bound is not looked at; as many as the bound are, and are no update.
  assert.deepEqual([await scene.poll(), await scene.poll()], ["oversize", "malformed"]);
});

/** A log or witness with a key of its own. */
class Signing {
  readonly #key;
  readonly vkey: string;
  readonly #tag: Uint8Array;

  constructor(
    readonly name: string,
    seed: number,
    readonly type: 1 | 4,
  ) {
    const head = bytes("302e020100300506032b657004220420");
    const der = Buffer.concat([head, new Uint8Array(32).fill(seed)]);
    this.#key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
    const raw = createPublicKey(this.#key).export({ format: "der", type: "spki" }).subarray(-32);
    const typed = remit.concat(Uint8Array.of(type), raw);
    this.#tag = tagOf(remit.concat(remit.utf8(`${name}\n`), typed));
    this.vkey = `${name}+${remit.hex(this.#tag)}+${remit.base64(typed)}`;
  }

  line(text: string, seconds = 0n): string {
    const time = new Uint8Array(8);
    new DataView(time.buffer).setBigUint64(0, seconds);
    const said = this.type === 1 ? text : `cosignature/v1\ntime ${seconds}\n${text}`;
    const stamped = this.type === 1 ? new Uint8Array() : time;
    const signature = sign(null, remit.utf8(said), this.#key);
    return `— ${this.name} ${remit.base64(remit.concat(this.#tag, stamped, signature))}\n`;
  }
}

function tagOf(data: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(data).digest().subarray(0, 4));
}

test("an older note of the same log does not replace a younger one", async () => {
  const [log, witness] = [new Signing("ledger.example/remit", 7, 1), new Signing("w.example/one", 8, 4)];
  const trust = `trust = ["log ${log.vkey}", "witness w ${witness.vkey}", "quorum w"]`;
  const witnessed = await remit.parsePolicy(FIRST.policy.replace(/^trust = .*$/m, trust));
  const first = remit.decodeStatusUpdate(FIRST.update);
  const text = new TextDecoder().decode(first.note).split("\n\n")[0] + "\n";
  const at = (seconds: bigint, since = 5n): Uint8Array => {
    const note = remit.utf8(`${text}\n${log.line(text)}${witness.line(text, seconds)}`);
    return remit.encodeStatusUpdate({ ...first, since, whole: true, note });
  };
  const t = NOW / 1000n;
  const scene = new Scene([at(t - 20n, 0n), at(t - 30n), at(t - 10n), at(t - 10n)], witnessed);
  const times: unknown[] = [];
  for (let poll = 0; poll < 4; poll++) {
    assert.equal(await scene.poll(), 5n);
    const { note } = scene.follower.state ?? assert.fail("nothing is followed");
    times.push(t - (await remit.accept(witnessed.trust, note, NOW, 0n)).times[0]! / 1000n);
  }
  assert.deepEqual(times, [20n, 20n, 10n, 10n]);
  assert.equal(scene.events.length, 2);

  // Under another policy what is followed may be worth nothing: what it accepts is taken.
  const unwitnessed = new Scene([at(t - 30n)], witnessed);
  unwitnessed.kept = FIRST.update;
  assert.equal(await unwitnessed.poll(), 5n);
  assert.equal(unwitnessed.events.length, 1);
});
