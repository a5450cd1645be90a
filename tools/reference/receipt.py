"""Receipts, after spec/23 §5: a reading of its own, without a line of the Rust code."""

from formats import Refused, decode_at, encode, inner, leaf_hash, need, verifies
from judge import parse_vkey

MOST = 2571
ISSUER, ISSUED, SIZE = 1, 6, -65537


def whole(data):
    value, end = decode_at(data, 0)
    need(end == len(data), "trailing_bytes")
    return value


def fields(given, names):
    """A map of exactly these keys."""
    need(isinstance(given, dict))
    need(not set(given) - set(names), "unknown_field")
    need(set(given) == set(names))
    return [given[name] for name in names]


def is_count(value):
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**64


def is_bytes(value, size):
    return isinstance(value, bytes) and len(value) == size


def parse(data):
    """Protected header, key, origin, time, size, the proof, the signature."""
    need(data[:1] == b"\xd2")
    need(len(data) <= MOST, "oversize")
    outer = whole(data[1:])
    need(isinstance(outer, list) and len(outer) == 4)
    protected, unprotected, payload, signature = outer
    need(isinstance(protected, bytes))
    algorithm, kid, claims, structure = fields(whole(protected), (1, 4, 15, 395))
    origin, time, size = fields(claims, (ISSUER, ISSUED, SIZE))
    need(algorithm == -19 and structure == 1 and is_bytes(kid, 32))
    need(isinstance(origin, str) and len(origin.encode()) <= 255 and is_count(time) and is_count(size))
    (proofs,) = fields(unprotected, (396,))
    (inclusions,) = fields(proofs, (-1,))
    need(isinstance(inclusions, list) and len(inclusions) == 1 and isinstance(inclusions[0], bytes))
    proof = whole(inclusions[0])
    need(isinstance(proof, list) and len(proof) == 3)
    need(is_count(proof[0]) and is_count(proof[1]) and isinstance(proof[2], list) and proof[2] != [])
    need(len(proof[2]) <= 63, "too_many")
    need(all(is_bytes(each, 32) for each in proof[2]))
    need(payload is None and is_bytes(signature, 64))
    return protected, kid, origin, time, size, proof, signature


def root_of(leaf, index, size, proof):
    """Spec 07 §3, without the comparison of step 4."""
    need(index < size < 2**63, "bad_proof")
    at, last, node = index, size - 1, leaf
    for other in proof:
        need(last != 0, "bad_proof")
        if at & 1 or at == last:
            node = inner(other, node)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            node = inner(node, other)
        at, last = at >> 1, last >> 1
    need(last == 0, "bad_proof")
    return node


def receive(given):
    """The name of what a receipt comes to, and what it says."""
    try:
        data, entry = bytes.fromhex(given["receipt"]), bytes.fromhex(given["entry"])
        protected, kid, origin, time, size, (proof_size, index, path), signature = parse(data)
        name, _, key = parse_vkey(given["key"], 1)
        need((origin, kid) == (name, key), "other_log")
        need(proof_size == size, "other_size")
        root = root_of(leaf_hash(entry), index, size, path)
        need(verifies(kid, encode(["Signature1", protected, b"", root]), signature), "bad_signature")
    except Refused as refused:
        return refused.code, None
    return "ok", {"origin": origin, "time_s": str(time), "size": str(size), "index": str(index)}
