// Permissions (spec 04 §3): what a link allows.

import { equal } from "../bytes.js";
import { type Reader, unknownField } from "../cbor.js";
import { field, type Writer } from "../cbor_write.js";
import type { Code } from "../codes.js";
import { need, refuse } from "../errors.js";
import { CONDITIONS_MAX, PERMISSION_ITEMS_MAX, PERMISSIONS_MAX } from "../limits.js";
import { holds, readCondition, writeCondition, type Condition, type Value } from "./condition.js";
import { atOrBelow, readPath } from "./path.js";

/** One alternative of what is allowed. An absent set means none in a root, and any in a child. */
export interface Permission {
  readonly services?: readonly Uint8Array[] | undefined;
  readonly actions?: readonly string[] | undefined;
  readonly resources?: readonly string[] | undefined;
  /** All of them must hold. */
  readonly conditions?: readonly Condition[] | undefined;
}

/** What an invocation asks of a chain. */
export interface Asked {
  readonly audience: Uint8Array;
  readonly action: string;
  readonly resource: string;
  /** The arguments that were shown and checked; nothing where conditions are left aside. */
  readonly arguments: ReadonlyMap<string, Value> | undefined;
}

function readPermission(r: Reader): Permission {
  let [services, actions, resources, conditions]: [Uint8Array[]?, string[]?, string[]?, Condition[]?] = [];
  r.map((key) => {
    if (key === 1) services = r.ids(PERMISSION_ITEMS_MAX);
    else if (key === 2) actions = r.list(PERMISSION_ITEMS_MAX, () => r.name());
    else if (key === 3) resources = r.list(PERMISSION_ITEMS_MAX, () => readPath(r));
    else if (key === 4) {
      conditions = r.list(CONDITIONS_MAX, () => readCondition(r));
      need(conditions.length > 0, "not_canonical", "an empty list of conditions");
    } else unknownField(key);
  });
  return { services, actions, resources, conditions };
}

/** Reads a list of permissions. */
export function readPermissions(r: Reader): Permission[] {
  return r.list(PERMISSIONS_MAX, () => readPermission(r));
}

/** Writes a list of permissions. */
export function writePermissions(w: Writer, permissions: readonly Permission[]): void {
  w.list(permissions, (_, permission) => {
    w.fields(
      field(1, permission.services, (_, all) => w.list(all, (_, id) => w.string(id))),
      field(2, permission.actions, (_, all) => w.list(all, (_, action) => w.text(action))),
      field(3, permission.resources, (_, all) => w.list(all, (_, path) => w.text(path))),
      field(4, permission.conditions, (_, all) => w.list(all, writeCondition)),
    );
  });
}

/** The codes of an alternative, by how many of its constraints hold from the first one on. */
const FURTHEST: readonly Code[] = [
  "service_not_allowed",
  "action_not_allowed",
  "resource_not_allowed",
  "condition_not_met",
];

function reached(permission: Permission, asked: Asked, inRoot: boolean): number {
  const { services, actions, resources, conditions = [] } = permission;
  const absent = !inRoot;
  if (!(services?.some((service) => equal(service, asked.audience)) ?? absent)) return 0;
  if (!(actions?.includes(asked.action) ?? absent)) return 1;
  if (!(resources?.some((path) => atOrBelow(asked.resource, path)) ?? absent)) return 2;
  const { arguments: shown } = asked;
  const met = shown === undefined || conditions.every((one) => holds(one, shown.get(one.argument)));
  return met ? FURTHEST.length : 3;
}

/**
 * Requires that a link with these permissions allows what is asked. Throws the code of the alternative that
 * came furthest.
 */
export function checkPermissions(permissions: readonly Permission[], asked: Asked, inRoot: boolean): void {
  const furthest = Math.max(0, ...permissions.map((permission) => reached(permission, asked, inRoot)));
  if (furthest < FURTHEST.length) refuse(FURTHEST[furthest] ?? "service_not_allowed");
}

/** Whether each of a child's own sets, where the parent states one too, is part of that (spec 04 §7). */
export function isWithin(child: Permission, parent: Permission): boolean {
  const inside = <T>(
    own: readonly T[] | undefined,
    above: readonly T[] | undefined,
    fits: (a: T, b: T) => boolean,
  ) => own === undefined || above === undefined || own.every((a) => above.some((b) => fits(a, b)));
  return (
    inside(child.services, parent.services, equal) &&
    inside(child.actions, parent.actions, (a, b) => a === b) &&
    inside(child.resources, parent.resources, atOrBelow)
  );
}
