// Which page is meant: by the part of the address behind #.

/** A page, and of what. */
export type Route =
  | { readonly page: "overview" | "live" | "approvals" | "unknown" }
  | { readonly page: "search"; readonly query: URLSearchParams }
  | { readonly page: "entry"; readonly index: bigint }
  | { readonly page: "token" | "party" | "unit"; readonly id: string };

/** Reads the part behind #. */
export function routeOf(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const [page = "", of = "", ...rest] = path.split("/");
  if (rest.length > 0) return { page: "unknown" };
  if (page === "") return { page: "overview" };
  if (page === "search" && of === "") return { page, query: new URLSearchParams(query) };
  if ((page === "live" || page === "approvals") && of === "") return { page };
  if (page === "entry" && /^\d{1,15}$/.test(of)) return { page, index: BigInt(of) };
  const named = page === "token" || page === "party" || page === "unit";
  return named && /^[0-9a-f]{64}$/.test(of) ? { page, id: of } : { page: "unknown" };
}
