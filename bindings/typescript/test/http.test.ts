// Every vector of http.json, the record of what was served, and a service on Node's own server (spec 20).

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request as ask, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import * as http from "../src/http/index.js";
import * as remit from "../src/index.js";
import { bytes, consumed, count, file, outcome, vectors } from "./helpers.js";

const HOTEL_POLICY =
  remit.fromUtf8(remit.decodeCase(file("verifier/examples/cases/allowed.case")).policy) ?? assert.fail();

const money = (cost: remit.Cost | undefined): unknown =>
  cost ? { amount: cost.amount.toString(), unit: remit.hex(cost.unit) } : null;

const RUN: Record<string, (input: any) => Promise<unknown>> = {
  digest: async ({ method, authority, target, content, presentation }) => {
    const covered = { method, authority, target, content: bytes(content), presentation: bytes(presentation) };
    return { digest: remit.hex(await http.requestDigest(covered)) };
  },
  fields: async ({ fields }) => {
    const read = http.readFields((name) =>
      fields.filter(([own]: string[]) => own === name).map(([, value]: string[]) => value),
    );
    const again = http.writtenFields(read);
    assert.deepEqual(Object.entries(again).sort(), [...fields].sort());
    return {
      invocation: remit.hex(read.invocation),
      presentation: remit.hex(read.presentation),
      arguments: read.arguments.map((argument) => remit.hex(remit.encodeArgument(argument))),
      approvals: read.approvals.map(remit.hex),
      evidence: read.evidence ? remit.hex(read.evidence) : null,
    };
  },
  route: async ({ routes, method, target }) => {
    const policy = await remit.parsePolicy(`${HOTEL_POLICY}\n${routes}`);
    const { action, resource, cost } = http.findRoute(policy.routes, method, target);
    return { action, resource, cost: money(cost) };
  },
  decide: async ({ method, authority, target, content, case: text }) => {
    const shown = remit.decodeCase(bytes(text));
    const presentation = await remit.sha256(shown.presentation);
    const evidence = shown.evidence && (await remit.sha256(shown.evidence));
    const { approvals } = shown;
    const fields = {
      invocation: shown.invocation ?? assert.fail(),
      presentation,
      arguments: shown.arguments,
      approvals,
      evidence,
    };
    const request = { method, authority, target, content: bytes(content), presentation };
    const brought = { request, fields, presentation: shown.presentation, evidence: shown.evidence };
    const decided = await http.decide(
      brought,
      await remit.parsePolicy(shown.policy),
      shown.now,
      shown.newest,
    );
    if (decided.outcome instanceof remit.RemitError) throw decided.outcome;
    const { id, root, validUntil, request: approved } = decided.outcome;
    const request_id = approved ? remit.hex(approved) : null;
    return { id: remit.hex(id), root: remit.hex(root), valid_until_s: validUntil.toString(), request_id };
  },
};

test("http", async () => {
  const kinds = new Map<string, number>();
  for (const { name, input, result, values } of vectors("http", 85)) {
    const run = RUN[input.kind] ?? assert.fail(`a vector of kind ${input.kind}`);
    const came = { values: undefined as unknown };
    assert.equal(await outcome(async () => (came.values = await run(input))), result, name);
    assert.deepEqual(came.values, values, name);
    count(kinds, input.kind);
  }
  consumed(kinds, Object.keys(RUN));
});

test("routes in a policy file", async () => {
  const route = { method: '"GET"', path: '"/a/{b}/{c*}"', action: '"{method}"', resource: '"a/{b}/{c}"' };
  const write = (change: Record<string, string>): string =>
    `${HOTEL_POLICY}\n[[routes]]\n${Object.entries({ ...route, ...change })
      .map(([key, value]) => `${key} = ${value}\n`)
      .join("")}`;
  const problem = async (change: Record<string, string>): Promise<string> => {
    try {
      await remit.parsePolicy(write(change));
      return "ok";
    } catch (error) {
      return error instanceof remit.PolicyError
        ? [error.code, error.key].join(" ").trim()
        : assert.fail(String(error));
    }
  };
  const long = (length: number): string => `"/${"x".repeat(length - 1)}"`;
  const id = `"${"33".repeat(32)}"`;
  for (const [change, wanted] of [
    [{}, "ok"],
    [{ method: '"*"' }, "ok"],
    [{ method: '"get"' }, "bad_value method"],
    [{ method: '""' }, "bad_value method"],
    [{ method: `"${"X".repeat(17)}"` }, "bad_value method"],
    [{ path: '"a"' }, "bad_value path"],
    [{ path: '"/a//{b}/{c}"' }, "bad_value path"],
    [{ path: '"/{b}/{b}/{c}"' }, "bad_value path"],
    [{ path: '"/{c*}/{b}"' }, "bad_value path"],
    [{ path: '"/{method}/{b}/{c}"' }, "bad_value path"],
    [{ path: '"/{B}/{b}/{c}"' }, "bad_value path"],
    [{ path: '"/a;x/{b}/{c}"' }, "bad_value path"],
    [{ path: '"/../{b}/{c}"' }, "bad_value path"],
    [{ path: `"/{b}/{${"c".repeat(33)}}"` }, "bad_value path"],
    [{ path: long(512), action: '"a"', resource: '""' }, "bad_value path"],
    [{ action: '""' }, "bad_value action"],
    [{ action: '"{d}"' }, "bad_value action"],
    [{ action: '"{b"' }, "bad_value action"],
    [{ resource: '"b}"' }, "bad_value resource"],
    [{ resource: '"{}"' }, "bad_value resource"],
    [{ resource: '""' }, "ok"],
    [{ cost: "1" }, "unknown_key"],
    [{ amount_minor: "1" }, "missing_key unit"],
    [{ unit: id }, "missing_key amount_minor"],
    [{ amount_minor: "0", unit: id }, "bad_value amount_minor"],
    [{ amount_minor: "1", unit: id }, "ok"],
    [{ query: '"yes"' }, "wrong_type query"],
  ] as const)
    assert.equal(await problem(change), wanted, JSON.stringify(change));
  const { routes, ...rest } = await remit.parsePolicy(
    `${write({})}[[at_risk]]\nunit = ${id}\nfrom_minor = 5\nmax_staleness_s = 6\n`,
  );
  assert.equal(routes.length, 1);
  assert.deepEqual(rest.atRisk, [{ unit: new Uint8Array(32).fill(0x33), from: 5n, maxStaleness: 6n }]);
});

/** Something to record: the n-th id below a root, good until so many seconds. */
function entry(n: number, root = 0, validUntil = 100n, request?: Uint8Array): http.Unrecorded {
  return { id: new Uint8Array(32).fill(n), root: new Uint8Array(32).fill(root), validUntil, request };
}

test("a record in memory serves once, and nobody in its first minute", async () => {
  const record = new http.MemoryRecord(10_000n, 1_000n, 4, 2);
  // What is valid until 72 s, and 2 skews more, may have been served before.
  const take = (what: http.Unrecorded, now: bigint): Promise<string> => outcome(() => record.take(what, now));
  assert.equal(await take(entry(1, 0, 72n), 11_000n), "before_start");
  assert.equal(await take(entry(1, 0, 73n), 11_000n), "ok");
  assert.equal(await take(entry(1, 0, 73n), 12_000n), "served_before");
  assert.equal(await take(entry(2, 0, 80n, new Uint8Array(32)), 12_000n), "no_record");
  assert.equal(await take(entry(2, 0, 80n), 12_000n), "ok");
  assert.equal(await take(entry(3, 0, 80n), 12_000n), "no_record");
  assert.equal(await take(entry(3, 1, 80n), 12_000n), "ok");
  assert.equal(await take(entry(4, 1, 80n), 12_000n), "ok");
  assert.equal(await take(entry(5, 2, 80n), 12_000n), "no_record");
  assert.equal(await take(entry(5, 2, 140n), 90_000n), "ok");
  assert.equal(await take(entry(1, 0, 73n), 12_000n), "before_start");
});

test("a record in a file outlives its process, and is of one alone", async () => {
  const folder = mkdtempSync(join(tmpdir(), "remit-record-"));
  const path = join(folder, "served");
  const request = new Uint8Array(32).fill(9);
  const new_ = await http.FileRecord.open(path, 1_000n, 1_000n);
  assert.equal(await outcome(() => new_.take(entry(1, 0, 63n), 2_000n)), "before_start");
  assert.equal(await outcome(() => new_.take(entry(7, 0, 64n), 2_000n)), "ok");
  await new_.close();
  const first = await http.FileRecord.open(path, 1_000n, 1_000n);
  await assert.rejects(http.FileRecord.open(path, 1_000n, 1_000n), /another process/);
  const twice = await Promise.all(
    [1, 2].map(() => outcome(() => first.take(entry(1, 0, 100n, request), 50_000n))),
  );
  assert.deepEqual(twice, ["ok", "served_before"]);
  assert.equal(await outcome(() => first.take(entry(2, 0, 100n, request), 50_000n)), "served_before");
  await first.close();
  // What was cut off while it was written was never answered.
  writeFileSync(path, `${readFileSync(path, "utf8")}${"ab".repeat(32)} 00`);
  const second = await http.FileRecord.open(path, 1_000n, 60_000n);
  assert.equal(await outcome(() => second.take(entry(1), 60_000n)), "served_before");
  assert.equal(await outcome(() => second.take(entry(3), 60_000n)), "ok");
  await second.close();
  // Of what is over nothing is kept, and so nothing that is as old is served.
  const third = await http.FileRecord.open(path, 1_000n, 200_000n);
  assert.equal(await outcome(() => third.take(entry(1), 60_000n)), "before_start");
  assert.equal(await outcome(() => third.take(entry(4, 0, 300n, request), 210_000n)), "served_before");
  await third.close();
  const kept = readFileSync(path, "utf8");
  for (const bad of ["damaged\n", "", kept.replace("request", "reqvest"), kept.slice(kept.indexOf("\n") + 1)]) {
    writeFileSync(path, bad);
    await assert.rejects(http.FileRecord.open(path, 1_000n, 1n), /damaged/, bad);
  }
  rmSync(path);
  await assert.rejects(http.FileRecord.open(path, 1_000n, 1n), /gone/);
  rmSync(folder, { recursive: true });
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly json: any;
}

/** A service on loopback, asked as a holder asks. */
async function service(handler: http.Handler, serve: (req: http.Incoming, res: ServerResponse) => void) {
  const server = createServer((req, res) =>
    handler(req as unknown as http.Incoming, res, (error) => {
      if (error === undefined) return serve(req as unknown as http.Incoming, res);
      res.statusCode = 500;
      res.end(JSON.stringify({ error: String(error) }));
    }),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const send = (
    method: string,
    path: string,
    headers: Record<string, string | readonly string[]>,
    content?: Uint8Array | string,
  ): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const sent = ask(
        {
          host: "127.0.0.1",
          port,
          method,
          path,
          agent: false,
          headers: { host: "hotel.example", ...headers } as Record<string, string>,
        },
        (res) => {
          let text = "";
          res.on("data", (data) => (text += data));
          res.on("end", () =>
            resolve({
              status: res.statusCode ?? 0,
              headers: res.headers,
              json: text === "" ? undefined : JSON.parse(text),
            }),
          );
        },
      );
      sent.on("error", reject);
      sent.end(content);
    });
  return {
    send,
    close: () => new Promise((resolve) => (server.close(resolve), server.closeAllConnections())),
  };
}

test("a service serves what is signed for this very request, once", async () => {
  const shown = remit.decodeCase(file("verifier/examples/cases/allowed.case"));
  const object = remit.decodeSign1(shown.invocation ?? assert.fail());
  const asked = remit.decodeInvocation(object.payload);
  const signer = await signerOf(object.kid);
  const { ledger } = remit.decodePresentation(shown.presentation);
  const routes =
    '\n[[routes]]\nmethod = "POST"\npath = "/rooms/{room}/book"\naction = "book"\nresource = "rooms/{room}"\n';
  const policy = await remit.parsePolicy(`record = "memory"\n${remit.fromUtf8(shown.policy)}${routes}`);
  let now = shown.now;
  const clock = (): bigint => now;
  assert.throws(() => http.remit({ policy: { ...policy, record: "durable" } }), /durable record/);
  const record = new http.MemoryRecord(now - 600_000n, policy.skew);
  const seen: bigint[] = [];
  const newest = { read: () => 0n, write: (value: bigint) => void seen.push(value) };
  const served: unknown[] = [];
  const { send, close } = await service(
    http.remit({ policy, record, clock, newest, contentMax: 64 }),
    (req, res) => {
      served.push(JSON.parse(remit.fromUtf8(req.rawBody ?? new Uint8Array()) ?? ""));
      res.end(JSON.stringify({ booked: remit.hex(req.remit?.id ?? new Uint8Array()) }));
    },
  );
  const content = '{"nights":2}';
  const path = "/rooms/12/book";
  const { requestNonce, payment, settleBy, refundUntil, ...rest } = asked;
  const sign = (change: Partial<http.HttpAsk> = {}): ReturnType<typeof http.signRequest> =>
    http.signRequest(signer, ledger, {
      ...{
        ...rest,
        arguments: shown.arguments,
        method: "POST",
        url: `http://hotel.example${path}`,
        content,
        presentation: shown.presentation,
      },
      ...{ nonce: remit.random(), ...change },
    });
  const first = await sign();

  let answer = await send("POST", path, {}, content);
  assert.deepEqual([answer.status, answer.json.code], [401, "no_invocation"]);
  assert.match(answer.headers["www-authenticate"] ?? "", /^Remit party="[0-9a-f]{64}", max_staleness=\d+$/);
  answer = await send("POST", path, first.fields, content);
  assert.deepEqual([answer.status, answer.json.code], [401, "unknown_presentation"]);
  answer = await send(
    "POST",
    http.BRING.presentation,
    { "content-type": "application/cbor" },
    shown.presentation,
  );
  assert.deepEqual(
    [answer.status, answer.json.hash, answer.json.verdict.decision],
    [201, remit.hex(await remit.sha256(shown.presentation)), "permitted"],
  );
  answer = await send("POST", http.BRING.presentation, {}, shown.presentation.subarray(1));
  assert.deepEqual([answer.status, answer.json.code], [403, "malformed"]);
  answer = await send("POST", http.BRING.evidence, {}, "x");
  assert.deepEqual([answer.status, answer.json.code], [403, "malformed"]);

  const refused: [string, Promise<Answer>][] = [
    ["wrong_request", send("POST", "/rooms/13/book", first.fields, content)],
    ["wrong_request", send("GET", path, first.fields)],
    ["no_route", send("GET", path, { ...first.fields, "content-digest": "sha-512=::" })],
    ["no_route", send("POST", `${path}?x`, first.fields, content)],
    ["wrong_request", send("POST", path, { ...first.fields, "content-digest": "" }, '{"nights":3}')],
    [
      "wrong_request",
      send(
        "POST",
        path,
        { ...first.fields, "content-digest": http.writtenContentDigest(new Uint8Array(32)) },
        content,
      ),
    ],
    ["wrong_request", send("POST", path, first.fields, '{"nights":3}')],
    ["wrong_request", send("POST", path, { ...first.fields, host: "other.example" }, content)],
    ["oversize", send("POST", path, first.fields, "x".repeat(65))],
    ["malformed", send("POST", path, { ...first.fields, "remit-invocation": ["::", "::"] }, content)],
    [
      "wrong_argument",
      send(
        "POST",
        path,
        {
          ...first.fields,
          "remit-arguments":
            (await sign({ arguments: [remit.argument("x", 1n)] })).fields["remit-arguments"] ?? "",
        },
        content,
      ),
    ],
  ];
  for (const [code, came] of refused)
    assert.deepEqual([(await came).status, (await came).json.code], [403, code]);
  assert.equal(served.length, 0);

  answer = await send("POST", path, first.fields, content);
  assert.deepEqual([answer.status, answer.json], [200, { booked: remit.hex(first.id) }]);
  assert.equal(answer.headers["remit-verdict"], "allowed");
  assert.deepEqual(
    [answer.headers["remit-action"], answer.headers["remit-resource"], answer.headers["remit-id"]],
    ["book", "rooms/12", remit.hex(first.id)],
  );
  assert.match(String(answer.headers["remit-content"]), /^sha-256=:.*:; checked$/);
  answer = await send("POST", path, first.fields, content);
  assert.deepEqual([answer.status, answer.json.code], [403, "served_before"]);
  assert.deepEqual(served, [{ nights: 2 }]);
  assert.ok(seen.length > 0);

  now += 3_600_000n;
  answer = await send("POST", path, (await sign()).fields, content);
  assert.equal(answer.status, 403);
  assert.deepEqual(
    [answer.json.decision, answer.json.code, answer.json.checks.at(-1).outcome],
    ["denied", "stale", "failed"],
  );
  await close();
});

async function signerOf(key: Uint8Array): Promise<remit.Signer> {
  for (let byte = 1; byte < 256; byte++) {
    const signer = await remit.LocalSigner.fromSeed(new Uint8Array(32).fill(byte));
    if (remit.equal(signer.publicKey, key)) return signer;
  }
  return assert.fail("an unknown key");
}
