// A hotel that sells to agents: Express, with the verifier as middleware. Nothing that is not allowed reaches a handler.
// `node app.mjs POLICY RECORD`: a policy file, and a file for what was served. Prints its address.

import { readFileSync } from "node:fs";

import { hex, parsePolicy } from "@remit/verifier";
import { FileRecord, remit } from "@remit/verifier/http";
import express from "express";

const [policyFile, recordFile] = process.argv.slice(2);
const policy = await parsePolicy(readFileSync(policyFile));
const record = await FileRecord.open(recordFile, policy.skew, BigInt(Date.now()));

const hotel = express();
hotel.get("/health", (_, response) => response.send("open")); // for everybody: it stands before the verifier
hotel.use(remit({ policy, record })); // before body parsers: it reads the content, into request.rawBody
hotel.post("/rooms/:room/look", (request, response) => {
  const { subject } = request.remit.verdict; // who asked for what; served once, by request.remit.id
  const order = JSON.parse(Buffer.from(request.rawBody).toString());
  response.json({
    id: hex(request.remit.id),
    holder: hex(subject.holder),
    action: subject.invocation.action,
    room: request.params.room,
    order,
  });
});

const server = hotel.listen(0, "127.0.0.1", () => console.log(`127.0.0.1:${server.address().port}`));
