"""What a witness answers, after spec/21: a reading of its own, without a line of the Rust code."""

import base64
import hashlib

from formats import BASE, L, Refused, inner, need, point_encode, point_mul, sha256, verifies
from judge import base64_bytes, decimal, is_key_name, parse_note, parse_vkey

MOST = 25 + 63 * 45 + 1 + 16384


def parse_request(data):
    """Old size, hashes, note text, its lines, origin, size, root; spec 21 §1."""
    need(len(data) <= MOST)
    try:
        head, found, note = data.decode().partition("\n\n")
    except UnicodeDecodeError:
        raise Refused("malformed") from None
    lines = head.split("\n")
    need(found and lines[0].startswith("old "))
    old, hashes = decimal(lines[0][4:]), [base64_bytes(line) for line in lines[1:]]
    need(old < 2**64 and len(hashes) <= 63 and all(len(each) == 32 for each in hashes))
    text, signatures = parse_note(note.encode())
    parts = text.split("\n")
    need(len(parts) == 4 and parts[3] == "")
    origin, size, root = parts[0], decimal(parts[1]), base64_bytes(parts[2])
    need(is_key_name(origin) and len(origin.encode()) <= 255 and size < 2**63 and len(root) == 32)
    return old, hashes, text, signatures, origin, size, root


def consistent(old, old_root, new, new_root, proof):
    """RFC 9162 §2.1.4.2, with the old root in front where the old tree is whole."""
    if old & (old - 1) == 0:
        proof = [old_root] + proof
    if not proof:
        return False
    first, last = old - 1, new - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    older = newer = proof[0]
    for other in proof[1:]:
        if last == 0:
            return False
        if first & 1 or first == last:
            older, newer = inner(other, older), inner(other, newer)
            while first and not first & 1:
                first, last = first >> 1, last >> 1
        else:
            newer = inner(newer, other)
        first, last = first >> 1, last >> 1
    return last == 0 and older == old_root and newer == new_root


STATUS = {"ok": 200, "malformed": 400, "old_ahead": 400, "untrusted": 403, "unknown_origin": 404, "other_size": 409}


def answer(given):
    """Name, status, evidence and body; spec 21 §2."""
    latest = given["latest"]
    known = (int(latest["size"]), bytes.fromhex(latest["root"])) if latest else (0, sha256())
    try:
        request = parse_request(bytes.fromhex(given["body"]))
    except Refused:
        return "malformed", {"status": 400, "evidence": False}
    old, hashes, text, lines, origin, size, root = request
    keys = {key[:2]: key[2] for key in (parse_vkey(text, 1) for text in given["keys"]) if key[0] == origin}
    signed = [verifies(keys[line[:2]], text.encode(), line[2]) for line in lines if line[:2] in keys]
    if not keys or not signed or not all(signed):
        name = "untrusted" if keys else "unknown_origin"
        return name, {"status": STATUS[name], "evidence": False}
    name = decide(old, hashes, size, root, *known)
    values = {"status": STATUS.get(name, 422), "evidence": bool(latest) and size == known[0] and root != known[1]}
    if name == "other_size":
        values["body"] = f"{known[0]}\n"
    if name == "ok":
        time = max(int(given["now_s"]), int(latest["time_s"]) if latest else 0)
        values["body"] = cosign(bytes.fromhex(given["witness"]["seed"]), given["witness"]["name"], text, time)
    return name, values


def decide(old, hashes, size, root, known_size, known_root):
    if old > size:
        return "old_ahead"
    if old != known_size:
        return "other_size"
    if size == 0 and root != sha256():
        return "root_of_empty"
    if size == known_size and root != known_root:
        return "fork"
    if old in (0, size):
        return "proof_of_nothing" if hashes else "ok"
    return "ok" if consistent(old, known_root, size, root, hashes) else "inconsistent"


def cosign(seed, name, text, time):
    """The line of spec 08 §5."""
    secret = hashlib.sha512(seed).digest()
    scalar = int.from_bytes(secret[:32], "little") & (2**254 - 8) | 2**254
    key = point_encode(point_mul(scalar, BASE))
    key_id = sha256(name.encode(), b"\n\x04", key)[:4]
    message = f"cosignature/v1\ntime {time}\n{text}".encode()
    nonce = int.from_bytes(hashlib.sha512(secret[32:] + message).digest(), "little") % L
    r = point_encode(point_mul(nonce, BASE))
    k = int.from_bytes(hashlib.sha512(r + key + message).digest(), "little") % L
    signature = r + ((nonce + k * scalar) % L).to_bytes(32, "little")
    return f"— {name} {base64.b64encode(key_id + time.to_bytes(8, 'big') + signature).decode()}\n"
