// Conditions on arguments (spec 04 §4).

import type { Reader } from "../cbor.js";
import type { Writer } from "../cbor_write.js";
import { need, refuse } from "../errors.js";
import { CONDITION_OPERANDS_MAX, TEXT_BYTES_MAX } from "../limits.js";
import { atOrBelow, isPath } from "./path.js";

/** A value of an argument or operand: a signed integer of 64 bits, a text or a boolean. */
export type Value = bigint | string | boolean;

/** The operators, in the order of their numbers. */
export const OPERATORS = ["eq", "ne", "lt", "le", "gt", "ge", "in", "prefix"] as const;

/** An operator. */
export type Operator = (typeof OPERATORS)[number];

/** A condition on one argument. */
export interface Condition {
  readonly argument: string;
  readonly operator: Operator;
  /** As many as the operator takes: any number for `in`, else one. */
  readonly operands: readonly Value[];
}

/** Reads a value. */
export function readValue(r: Reader): Value {
  if (r.textIsNext()) return r.text(TEXT_BYTES_MAX);
  return r.boolIsNext() ? r.bool() : r.i64();
}

/** Writes a value. */
export function writeValue(w: Writer, value: Value): void {
  if (typeof value === "string") w.text(value);
  else if (typeof value === "boolean") w.bool(value);
  else w.int(value);
}

/** Reads a condition. */
export function readCondition(r: Reader): Condition {
  r.arrayOf(3);
  const argument = r.name();
  const operator = OPERATORS[Number(r.u64())] ?? refuse("unknown_field", "an unknown operator");
  const operands = r.list(CONDITION_OPERANDS_MAX, () => readValue(r));
  need(operator === "in" || operands.length === 1, "malformed", "not one operand");
  return { argument, operator, operands };
}

/** Writes a condition. */
export function writeCondition(w: Writer, condition: Condition): void {
  w.array(3).text(condition.argument).int(OPERATORS.indexOf(condition.operator));
  w.list(condition.operands, writeValue);
}

/** Whether a condition holds for the value of its argument; never if that is missing. */
export function holds(
  { operator, operands }: Omit<Condition, "argument">,
  value: Value | undefined,
): boolean {
  if (value === undefined) return false;
  if (operator === "in") return operands.includes(value);
  const [operand] = operands;
  if (typeof operand === "bigint" && typeof value === "bigint") return integersHold(operator, value, operand);
  if (typeof operand !== typeof value) return false;
  if (operator === "prefix" && typeof operand === "string" && typeof value === "string") {
    return isPath(value) && isPath(operand) && atOrBelow(value, operand);
  }
  return operator === "eq" ? value === operand : operator === "ne" && value !== operand;
}

function integersHold(operator: Operator, value: bigint, operand: bigint): boolean {
  const order = { eq: value === operand, ne: value !== operand, lt: value < operand, le: value <= operand };
  const all: Partial<Record<Operator, boolean>> = { ...order, gt: value > operand, ge: value >= operand };
  return all[operator] ?? false;
}
