// @remit/verifier/follow: follows a ledger over HTTP (spec 22 §3, §5), in Node and in browsers.

export { AnswerError, Follower, type AnswerCode, type Conflict, type FollowerOptions } from "./follower.js";
