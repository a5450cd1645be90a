// What was dropped: each file told by its content, and all of them together as one thing to judge.

import * as remit from "../src/index.js";

/** What a file turned out to be. */
export type Part =
  | { readonly is: "case"; readonly value: remit.Case }
  | { readonly is: "presentation"; readonly value: Uint8Array }
  | { readonly is: "invocation"; readonly value: Uint8Array }
  | { readonly is: "evidence"; readonly value: Uint8Array }
  | { readonly is: "approval"; readonly value: Uint8Array }
  | { readonly is: "sealed"; readonly value: Uint8Array }
  | { readonly is: "policy"; readonly value: Uint8Array }
  | { readonly is: "arguments"; readonly value: readonly remit.Argument[] };

type ValueOf<K extends Part["is"]> = Extract<Part, { is: K }>["value"];

/** A file that was dropped: what it is, or why it is nothing. */
export interface Dropped {
  readonly name: string;
  readonly part: Part | undefined;
  readonly problem: string | undefined;
}

/** Words for people. */
export const KIND_WORDS: Readonly<Record<Part["is"], string>> = {
  case: "case file",
  presentation: "presentation",
  invocation: "invocation",
  evidence: "evidence of funding",
  approval: "approval",
  sealed: "sealed claims",
  policy: "policy",
  arguments: "arguments",
};

function label(bytes: Uint8Array): string | undefined {
  const text = remit.fromUtf8(bytes.subarray(2, 2 + ((bytes[1] ?? 0) & 31)));
  const isText = (bytes[0] ?? 0) >> 5 === 4 && (bytes[1] ?? 0) >> 5 === 3;
  return isText && text?.startsWith("remit/") ? text : undefined;
}

const BY_LABEL: Readonly<Record<string, (bytes: Uint8Array) => Part>> = {
  [remit.labels.CASE]: (bytes) => ({ is: "case", value: remit.decodeCase(bytes) }),
  [remit.labels.PRESENTATION]: (value) => (remit.decodePresentation(value), { is: "presentation", value }),
  [remit.labels.EVIDENCE]: (value) => (remit.decodeEvidence(value), { is: "evidence", value }),
  [remit.labels.SEALED]: (value) => (remit.decodeSealed(value), { is: "sealed", value }),
};

/** Signed objects do not say their kind: whichever payload fits. */
function signed(value: Uint8Array): Part {
  const { payload } = remit.decodeSign1(value);
  try {
    remit.decodeAct("approve", payload);
    return { is: "approval", value };
  } catch {
    remit.decodeInvocation(payload);
    return { is: "invocation", value };
  }
}

function shownArguments(bytes: Uint8Array): Part {
  const { OBJECT_BYTES_MAX, ARGUMENTS_MAX } = remit.limits;
  const value = remit.Reader.whole(bytes, OBJECT_BYTES_MAX, (r) =>
    r.list(ARGUMENTS_MAX, () => remit.readArgument(r)),
  );
  return { is: "arguments", value };
}

async function classify(bytes: Uint8Array): Promise<Part> {
  const known = BY_LABEL[label(bytes) ?? ""];
  if (known !== undefined) return known(bytes);
  if (bytes[0] === 0x84 && bytes[1] === 0x58 && bytes[2] === 0x26) return signed(bytes);
  if ((bytes[0] ?? 0) >> 5 === 4) return shownArguments(bytes);
  await remit.parsePolicy(bytes);
  return { is: "policy", value: bytes };
}

/** Tells a file by its content. */
export async function read(name: string, bytes: Uint8Array): Promise<Dropped> {
  try {
    return { name, part: await classify(bytes), problem: undefined };
  } catch (error) {
    return { name, part: undefined, problem: error instanceof Error ? error.message : String(error) };
  }
}

/** Everything that is to be judged. */
export interface Subject {
  readonly input: Omit<remit.Input, "now">;
  readonly policy: remit.Policy;
  /** The instant of the case, in milliseconds. */
  readonly caseNow: bigint | undefined;
  /** Opened sealed claims, by their digest in hexadecimal. */
  readonly sealed: ReadonlyMap<string, remit.Sealed>;
}

/**
 * The last file of a kind counts, what stands beside a case replaces its part; approvals and sealed claims
 * add up.
 */
export async function together(dropped: readonly Dropped[]): Promise<Subject | string> {
  const parts = dropped.flatMap(({ part }) => part ?? []);
  const last = <K extends Part["is"]>(is: K): ValueOf<K> | undefined =>
    parts.filter((part) => part.is === is).at(-1)?.value as ValueOf<K> | undefined;
  const whole = last("case");
  const presentation = last("presentation") ?? whole?.presentation;
  const file = last("policy") ?? whole?.policy;
  if (presentation === undefined) return "A presentation or a case file is needed.";
  if (file === undefined) return "A policy file is needed: what the service trusts and demands.";
  const approvals = parts.flatMap((part) => (part.is === "approval" ? [part.value] : []));
  const sealed = new Map<string, remit.Sealed>();
  for (const part of parts) {
    if (part.is === "sealed")
      sealed.set(remit.hex(await remit.sealedDigest(part.value)), remit.decodeSealed(part.value));
  }
  const input = {
    presentation,
    invocation: last("invocation") ?? whole?.invocation,
    arguments: last("arguments") ?? whole?.arguments ?? [],
    evidence: last("evidence") ?? whole?.evidence,
    approvals: approvals.length > 0 ? approvals : (whole?.approvals ?? []),
    newest: whole?.newest ?? 0n,
  };
  return { input, policy: await remit.parsePolicy(file), caseNow: whole?.now, sealed };
}
