"""The bytes of Remit in plain Python, page by page after spec/01 to spec/09: keys, signatures, CBOR, shapes, trees.

Slow, and without any package beside the standard library. It shares nothing with the Rust code; `judge.py` decides
with it and `check.py` holds both to the vectors. It reads files of this repository: it is no verifier for a service.
"""

import hashlib
import re
from pathlib import Path

U64 = 2**64 - 1


class Refused(Exception):
    """A no; the argument is the code of spec 15."""

    @property
    def code(self):
        return self.args[0]


def need(condition, code="malformed"):
    if not condition:
        raise Refused(code)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


# ---- Ed25519, spec 01 §2: the arithmetic of RFC 8032 §5.1, affine coordinates made projective.

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ZERO = (0, 1, 1, 0)


def point_add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def point_mul(scalar, point):
    result = ZERO
    while scalar:
        if scalar & 1:
            result = point_add(result, point)
        point, scalar = point_add(point, point), scalar >> 1
    return result


def point_decode(data):
    """The point of 32 bytes, or None."""
    number = int.from_bytes(data, "little")
    y, sign = number & (2**255 - 1), number >> 255
    if y >= P:
        return None
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - x2) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


def point_encode(point):
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE = point_decode((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def large_order(data):
    point = point_decode(data)
    if point is None:
        return None
    x, y, z, _ = point_mul(8, point)
    return None if x == 0 and y == z else point


def is_key(data):
    return len(data) == 32 and large_order(data) is not None


def verifies(key, message, signature):
    """Spec 01 §2, the criterion; `key` need not be accepted before."""
    point, r, s = large_order(key), signature[:32], int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or point is None or s >= L or large_order(r) is None:
        return False
    k = int.from_bytes(hashlib.sha512(r + key + message).digest(), "little") % L
    x, y, z, t = point_mul(k, point)
    return point_encode(point_add(point_mul(s, BASE), (P - x, y, z, P - t))) == r


# ---- CBOR, spec 01 §5: integers, strings, lists, dicts, True, False, None.


def head(kind, number):
    if number < 24:
        return bytes([kind << 5 | number])
    for size, code in ((1, 24), (2, 25), (4, 26), (8, 27)):
        if number < 1 << 8 * size:
            return bytes([kind << 5 | code]) + number.to_bytes(size, "big")
    raise OverflowError(number)


def encode(value):
    if value is None or isinstance(value, bool):
        return {None: b"\xf6", True: b"\xf5", False: b"\xf4"}[value]
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(encode, value))
    fields = sorted((encode(key), encode(field)) for key, field in value.items())
    return head(5, len(value)) + b"".join(key + field for key, field in fields)


def take(data, at, count):
    need(at + count <= len(data))
    return data[at : at + count], at + count


def decode_at(data, at):
    (first,), at = take(data, at, 1)
    kind, low = first >> 5, first & 31
    if kind == 7:
        need(first in (0xF4, 0xF5, 0xF6), "malformed")
        return {0xF4: False, 0xF5: True, 0xF6: None}[first], at
    need(kind != 6 and low not in (28, 29, 30))
    need(low != 31, "not_canonical" if kind in (4, 5) else "malformed")
    number = low
    if low >= 24:
        raw, at = take(data, at, 1 << low - 24)
        number = int.from_bytes(raw, "big")
        need(number >= (24, 1 << 8, 1 << 16, 1 << 32)[low - 24], "not_canonical")
    if kind in (0, 1):
        return (number if kind == 0 else -1 - number), at
    if kind in (2, 3):
        raw, at = take(data, at, number)
        return (raw if kind == 2 else text_of(raw)), at
    need(number <= len(data))
    items, last = ([], None) if kind == 4 else ({}, None)
    for _ in range(number):
        begin = at
        item, at = decode_at(data, at)
        if kind == 4:
            items.append(item)
            continue
        need(isinstance(item, (int, str)) and not isinstance(item, bool))
        need(last is None or last < data[begin:at], "not_canonical")
        last = data[begin:at]
        items[item], at = decode_at(data, at)
    return items, at


def has_control(text):
    return any(c < " " or "\x7f" <= c <= "\x9f" for c in text)


def text_of(raw):
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise Refused("malformed") from None
    need(not has_control(text))
    return text


def digest(label, *parts):
    """H["label", …] of spec 01 §4."""
    return sha256(encode([label, *parts]))


# ---- Shapes: what a page says of a decoded value. A shape is called with the value and refuses what does not fit.


def number(low=0, high=U64):
    def shape(value):
        need(type(value) is int and low <= value <= high)

    return shape


def const(wanted, code="malformed"):
    return lambda value: need(type(value) is type(wanted) and value == wanted, code)


def exactly(size):
    return lambda value: need(isinstance(value, bytes) and len(value) == size)


def octets(most):
    def shape(value):
        need(isinstance(value, bytes))
        need(len(value) <= most, "oversize")

    return shape


def hashes(most):
    def shape(value):
        octets(32 * most)(value)
        need(len(value) % 32 == 0)

    return shape


def text(most, least=0):
    def shape(value):
        need(isinstance(value, str))
        need(len(value.encode()) <= most, "oversize")
        need(len(value.encode()) >= least)

    return shape


def boolean(value):
    need(isinstance(value, bool))


def public_key(value):
    exactly(32)(value)
    need(is_key(value), "bad_key")


def encoded_key(value):
    """As `public_key`, but that it may be no point of the curve: spec 10 §6."""
    exactly(32)(value)
    y = int.from_bytes(value, "little") & (1 << 255) - 1
    need(is_key(value) or y < P and y not in (1, P - 1) and point_decode(value) is None, "bad_key")


def listing(item, most, least=0, code="malformed"):
    def shape(value):
        need(isinstance(value, list))
        need(len(value) <= most, "too_many")
        for each in value:
            item(each)
        need(len(value) >= least, code)

    return shape


def array(*items):
    def shape(value):
        need(isinstance(value, list))
        for item, each in zip(items, value):
            item(each)
        need(len(value) == len(items))

    return shape


def labelled(label, *items):
    return array(const(label, "wrong_label"), *items)


def fields(must, may=None, reserved=()):
    may = may or {}

    def shape(value):
        need(isinstance(value, dict) and all(isinstance(key, int) for key in value))
        for key, field in value.items():
            need(key not in reserved, "not_enabled")
            need(key in must or key in may, "unknown_field")
            (must.get(key) or may[key])(field)
        need(all(key in value for key in must))

    return shape


def either(*shapes):
    """The first that fits, else what the last one says."""

    def shape(value):
        for each in shapes[:-1]:
            try:
                return each(value)
            except Refused:
                pass
        return shapes[-1](value)

    return shape


def ascending(item, of=lambda value: value):
    """A list shape, and its items in strictly increasing order."""

    def shape(value):
        item(value)
        need(all(of(a) < of(b) for a, b in zip(value, value[1:])), "not_canonical")

    return shape


def is_path(value):
    segments = value.split("/") if value else []
    plain = not has_control(value) and not any(c in "%?#\\" for c in value)
    return plain and len(value.encode()) <= 256 and all(s not in ("", ".", "..") for s in segments)


def path(value):
    text(256)(value)
    need(is_path(value))


ID, KEY_BYTES, NONCE, NAME, COUNT = exactly(32), exactly(32), exactly(16), text(64, 1), number()


def VALUE(value):
    shape = text(256) if isinstance(value, str) else number(-(2**63), 2**63 - 1)
    return isinstance(value, bool) or shape(value)


def condition(value):
    array(NAME, COUNT, listing(VALUE, 32))(value)
    need(value[1] <= 7, "unknown_field")
    need(value[1] == 6 or len(value[2]) == 1)


# ---- Objects, spec 02 to 06 and 09.

PERMISSION = fields(
    {},
    {1: listing(ID, 32), 2: listing(NAME, 32), 3: listing(path, 32), 4: listing(condition, 16, 1, "not_canonical")},
)
LIMITS = {3: COUNT, 4: COUNT, 5: COUNT}


def window(value):
    either(array(const(1), COUNT), array(const(0), number(60, 34_560_000), COUNT, COUNT))(value)
    need(value[0] == 1 or value[2] < value[1])


WINDOWS = ascending(listing(window, 4, 1, "not_canonical"), lambda window: window[:-1])
BUDGET = fields({1: ID, 2: number(0, 1)}, {**LIMITS, 6: WINDOWS, 7: array(COUNT, COUNT), 8: window})
BUDGETS = ascending(listing(BUDGET, 8), lambda budget: budget[1])
OPEN_BUDGET = fields({1: ID, 2: number(0, 1)}, LIMITS)
OPEN_BUDGETS = ascending(listing(OPEN_BUDGET, 8), lambda budget: budget[1])
ORIGIN = either(array(const(0), ID), array(const(1), ID, COUNT), array(const(2), ID, COUNT, COUNT))
THRESHOLDS = either(const(None), ascending(listing(array(ID, COUNT), 8), lambda pair: pair[0]))


def approval_rule(value):
    keys = ascending(listing(encoded_key, 8))
    array(number(0, 8), keys, THRESHOLDS)(value)
    need(1 <= value[0] <= len(value[1]))


CLAIMS = fields(
    {1: COUNT, 3: ORIGIN},
    {
        2: ID,
        4: listing(PERMISSION, 16),
        5: array(number(0, 2), number(0, 8)),
        6: boolean,
        7: COUNT,
        8: ID,
        9: OPEN_BUDGETS,
        10: approval_rule,
        11: array(number(1), number(60, 34_560_000)),
    },
)


def token_shape(value, key=public_key):
    cnf = fields({1: fields({1: const(1), -1: const(6), -2: key})})
    fields({4: COUNT, 7: NONCE, 8: cnf, -65537: CLAIMS}, {5: COUNT})(value)
    claims = value[-65537]
    need(11 not in claims or claims[3][0] == 0)
    if claims[3][0] == 2:
        need(not {2, 6, 8} & claims.keys() and all(budget[2] == 0 for budget in claims.get(9, [])))
    else:
        need(8 in claims and 9 not in claims)


def argument_digests(value):
    need(isinstance(value, dict) and all(isinstance(key, str) for key in value))
    need(len(value) <= 32, "too_many")
    for key, field in value.items():
        NAME(key)
        ID(field)
    need(value, "not_canonical")


INVOCATION_FIELDS = fields(
    {1: NONCE, 2: COUNT, 4: ID, 5: COUNT, 6: ID, 7: NAME, 8: path},
    {3: ID, 9: argument_digests, 10: array(COUNT, ID), 11: ID, 12: NONCE, 13: COUNT, 14: COUNT, 15: array(ID, COUNT, COUNT, ID)},
)


def invocation_shape(value):
    INVOCATION_FIELDS(value)
    if 15 in value:
        need(10 in value and not {3, 12, 13, 14} & value.keys())
        return need(value[15][1] > 0 and value[15][2] >= value[10][0] > 0)
    need((10 in value) == (13 in value) and (10 in value or 14 not in value))
    need(10 not in value or value[10][0] > 0)


def use_shape(value):
    digests, request = either(const(None), argument_digests), either(const(None), ID)
    labelled("remit/use/v1", number(1), COUNT, NAME, path, digests, request, NONCE)(value)


def unit_values(value):
    array(*[COUNT] * 9, listing(array(COUNT, COUNT), 5))(value)


def rules_version(value):
    number(1)(value)
    need(value <= 3, "not_enabled")


UNIT_VALUES = ascending(listing(unit_values, 8), lambda values: values[0])
LEAF_BODIES = (
    array(listing(KEY_BYTES, 8), COUNT, rules_version),
    array(text(16), number(0, 9)),
    array(text(64), listing(KEY_BYTES, 4), listing(array(KEY_BYTES, number(0, 1)), 8), boolean),
    array(COUNT, KEY_BYTES, COUNT, COUNT, COUNT, ID, ID),
)


def leaf_shape(value):
    mask = array(number(0, 2), number(0, 0xFFFF))
    labelled("remit/state/v1", number(0, 3), COUNT, ID, mask, COUNT, COUNT, ID, lambda _: None)(value)
    LEAF_BODIES[value[1]](value[8])


def is_key_name(value):
    return bool(value) and not any(c.isspace() or c == "+" or c < " " for c in value)


# Every number of spec 15.
CODES = Path(__file__).resolve().parents[2] / "spec" / "15-codes.md"
CODE_NUMBERS = {int(row) for row in re.findall(r"^\| (\d+) \| `", CODES.read_text(), re.MULTILINE)}


def result_shape(kind, value):
    COUNT(value)
    if kind == 40:
        need(value)
        need(value in CODE_NUMBERS, "not_enabled")
    else:
        need(value == 0, "not_enabled")


def entry_shape(value):
    need(isinstance(value, list) and len(value) >= 3)
    const("remit/entry/v1", "wrong_label")(value[0])
    COUNT(value[1]), COUNT(value[2])
    need(value[2] not in (42, 43), "not_enabled")
    if value[2] == 0:
        keys = listing(public_key, 8, 1)
        array(COUNT, text(255), public_key, keys, COUNT, rules_version)(value[2:])
        _, origin, log_key, operators, threshold, _ = value[2:]
        need(is_key_name(origin) and all(a < b for a, b in zip(operators, operators[1:])))
        need(log_key not in operators and len(operators) < 2 * threshold <= 2 * len(operators))
    elif value[2] == 1:
        array(COUNT, COUNT, ID, ID)(value[2:])
    else:
        result = lambda result: result_shape(value[2], result)
        array(either(number(2, 25), number(32, 41)), ID, result, ID)(value[2:])


BLOB = octets(65535)
CASE = (
    *("remit/case/v1", COUNT, COUNT, BLOB, either(const(None), BLOB), listing(array(NAME, NONCE, VALUE), 32)),
    *(either(const(None), octets(132094)), octets(131072)),
)
LEASE = fields(
    {1: NONCE, 2: COUNT, 4: ID, 5: COUNT, 11: COUNT, 12: ID, 30: ID, 31: ID, 32: COUNT, 33: COUNT},
    {3: ID, 34: COUNT, 36: NONCE},
)
WANTED = {1: NONCE, 2: COUNT, 4: ID, 5: COUNT, 11: number(1), 12: ID, 22: ID, 26: COUNT}
USE_REQUEST = fields({**WANTED, 23: NAME, 24: path}, {3: ID, 25: argument_digests})
LEASE_REQUEST = fields({**WANTED, 31: ID, 32: COUNT, 33: COUNT}, {3: ID, 34: COUNT})
MINIMUM = ascending(listing(array(ID, number(1)), 8, 1, "not_canonical"), lambda pair: pair[0])
OFFER = fields({1: NONCE, 2: COUNT, 4: ID, 5: COUNT}, {3: ID, 11: number(1), 12: ID, 22: ID, 27: COUNT})
TRADE = fields({1: NONCE, 2: COUNT, 4: ID, 5: COUNT, 8: ID, 9: either(ID, number(0, 7)), 29: number(0, 7)}, {3: ID, 28: MINIMUM})


def request_shape(value):
    """Spec 17 §3: a lease is asked for where one of its fields stands."""
    need(isinstance(value, dict))
    (LEASE_REQUEST if {31, 32, 33, 34} & value.keys() else USE_REQUEST)(value)


def request_id(ledger, kind, value):
    """Spec 17 §2, of a request or of the lease that carries one out; of an invocation see judge.py."""
    if kind == "act:lease":
        nonce, payment = value.get(36), [value[11], value[30]]
    else:
        nonce, payment = value[1], [value[11], value[22]]
    if nonce is None:
        return None
    if 31 in value:
        asked = [value.get(key) for key in (4, 5, 12, 31, 32, 33, 34)]
        return digest("remit/lease-request-id/v1", ledger, *asked, payment, nonce)
    asked = [value.get(key) for key in (4, 5, 12, 23, 24, 25)]
    return digest("remit/request-id/v1", ledger, *asked, payment, nonce)


def offer_shape(value):
    OFFER(value)
    need(len({11, 12, 22, 27} & value.keys()) in (0, 4))


FACTS = fields({}, {key: ID if key in (2, 16) else COUNT for key in range(1, 18)})


def link_shape(value):
    need(isinstance(value, list) and len(value) in (4, 5))
    bound = [array(number(1, 8), number(0, 3), COUNT, COUNT)] * (len(value) - 4)
    labelled("remit/link/v1", ID, COUNT, UNIT_VALUES, *bound)(value)
    need(len(value) == 4 or value[4][0] == 3 or value[4][1] == 0)


TALLY = array(COUNT, COUNT, listing(ID, 63))
SHAPES = {
    "token": (6144, token_shape),
    "unkeyed token": (6144, lambda value: token_shape(value, encoded_key)),
    "invocation": (6144, invocation_shape),
    "argument": (65535, array(NAME, NONCE, VALUE)),
    "sealed": (4096, labelled("remit/sealed/v1", ID, fields({}, {1: BUDGETS, 2: text(64), 3: text(256)}))),
    "entry": (65535, entry_shape),
    "leaf": (65535, leaf_shape),
    "values": (65535, labelled("remit/values/v1", ID, COUNT, UNIT_VALUES, fields({}, {1: ID}, (2,)))),
    "approve": (6144, fields({1: NONCE, 2: COUNT, 21: ID}, {3: ID})),
    "sign1": (65535, array(octets(128), fields({}), octets(6144), exactly(64))),
    "presentation": (
        65535,
        labelled(
            "remit/presentation/v1",
            *(ID, octets(16384), BLOB, hashes(63), listing(BLOB, 19), hashes(63 * 19), listing(BLOB, 16, 1)),
        ),
    ),
    "use": (6144, use_shape),
    "act:request": (6144, request_shape),
    "act:lease": (6144, LEASE),
    "act:lease_close": (6144, fields({1: NONCE, 2: COUNT, 9: either(ID, number(0, 7))}, {3: ID})),
    "link": (65535, link_shape),
    "act:offer": (6144, offer_shape),
    "act:trade": (6144, TRADE),
    "common": (65535, labelled("remit/common/v1", ID, COUNT, listing(FACTS, 8, 1))),
    "lease proof": (
        263164,
        labelled(
            "remit/lease-proof/v1",
            *(BLOB, listing(ID, 8), BLOB, BLOB, listing(ID, 64), BLOB, listing(BLOB, 16)),
        ),
    ),
    "till": (32768, labelled("remit/till/v1", ID, ID, TALLY, COUNT, boolean, either(const(None), octets(5120)))),
    "evidence": (132094, labelled("remit/evidence/v1", BLOB, listing(ID, 8), BLOB)),
    "case": (
        476156,
        either(labelled(*CASE, listing(octets(512), 16, 1, "not_canonical")), labelled(*CASE)),
    ),
}


def decode(data, kind):
    """One whole object of a kind of SHAPES."""
    most, shape = SHAPES[kind]
    need(len(data) <= most, "oversize")
    value, at = decode_at(data, 0)
    shape(value)
    need(at == len(data), "trailing_bytes")
    need(encode(value) == data, "not_canonical")
    if kind == "sign1":
        protected, rest = decode_at(value[0], 0)
        fields({1: const(-19), 4: KEY_BYTES})(protected)
        need(rest == len(value[0]), "trailing_bytes")
    if kind == "case":
        need(value[4] is not None or not value[5] and len(value) == 8)
    return value


def signed(data, kind, label, ledger):
    """A signed object: its id, signer, payload, and a function that checks the signature (spec 02 §2, §3)."""
    protected, _, payload, signature = decode(data, "sign1")
    key = decode_at(protected, 0)[0][4]
    structure = encode(["Signature1", protected, label.encode() + ledger, payload])
    return sha256(structure), key, decode(payload, kind), payload, lambda: verifies(key, structure, signature)


# ---- Trees, spec 07.


def leaf_hash(data):
    return sha256(b"\x00", data)


def inner(left, right):
    return sha256(b"\x01", left, right)


def split(count):
    """The largest power of two below `count`."""
    return 1 << (count - 1).bit_length() - 1


def root(leaves):
    """The root of a list of leaf hashes."""
    if not leaves:
        return sha256()
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return inner(root(leaves[:k]), root(leaves[k:]))


def included(leaf, index, size, proof, wanted):
    """Spec 07 §3."""
    if not index < size < 2**63:
        return False
    at, last, node = index, size - 1, leaf
    for other in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            node = inner(other, node)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            node = inner(node, other)
        at, last = at >> 1, last >> 1
    return last == 0 and node == wanted


def multi_included(leaves, size, siblings, wanted):
    """Spec 07 §6; `leaves` is a list of pairs of index and hash."""
    indexes = [index for index, _ in leaves]
    if not leaves or size >= 2**63 or indexes[-1] >= size or any(a >= b for a, b in zip(indexes, indexes[1:])):
        return False
    rest = iter(siblings)

    def walk(start, count, inside):
        if not inside:
            return next(rest)
        if count == 1:
            return inside[0][1]
        k = split(count)
        left = walk(start, k, [leaf for leaf in inside if leaf[0] < start + k])
        return inner(left, walk(start + k, count - k, [leaf for leaf in inside if leaf[0] >= start + k]))

    try:
        return walk(0, size, leaves) == wanted and next(rest, None) is None
    except StopIteration:
        return False
