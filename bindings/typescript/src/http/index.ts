// @remit/verifier/http: invocations over HTTP (spec 20), for services on Node and for holders.

export {
  remit,
  type Handler,
  type Incoming,
  type Options,
  type Outgoing,
  type Served,
} from "./middleware.js";
export { decide, type Brought, type Decided, type Unrecorded } from "./decide.js";
export {
  Book,
  MemoryRecord,
  RECORDS_MAX,
  RECORDS_OF_ROOT_MAX,
  type Row,
  type ServedRecord,
} from "./record.js";
export { FileRecord } from "./file_record.js";
export { Kept } from "./kept.js";
export {
  findRoute,
  makeRoute,
  RouteError,
  type Cost,
  type Route,
  type RouteAsks,
  type RouteTexts,
} from "./route.js";
export { signRequest, type HttpAsk } from "./client.js";
export * from "./transport.js";
