"""Requests over HTTP: page 20, on top of the verdict."""

import base64
import re

from formats import Refused, decode, decode_at, digest, is_path, need, sha256, signed
from judge import Judge, Policy


def bounded(text, most, pattern):
    need(len(text.encode()) <= most, "oversize")
    need(re.fullmatch(pattern, text, re.ASCII))


def request_digest(method, authority, target, content, presentation):
    """Spec 20 §1."""
    bounded(method, 16, "[A-Z]+")
    bounded(authority, 261, "[!-@\\[-~]+")
    bounded(target, 4096, "/[!\"$-~]*")
    return digest("remit/http/v1", method, authority, target, content, presentation)


def byte_sequence(value, most):
    need(len(value) >= 2 and value[0] == value[-1] == ":")
    inner = value[1:-1]
    need(len(inner) <= (most + 2) // 3 * 4, "oversize")
    try:
        data = base64.b64decode(inner, validate=True)
    except ValueError:
        raise Refused("malformed") from None
    need(base64.b64encode(data).decode() == inner)
    need(len(data) <= most, "oversize")
    return data


def read_list(data, most, item):
    """An array of 1 to `most` items that are themselves CBOR of a shape."""
    value, end = decode_at(data, 0)
    need(isinstance(value, list))
    need(len(value) <= most, "too_many")
    need(end == len(data), "trailing_bytes")
    need(value, "not_canonical")
    for one in value:
        item(one)
    return value


def read_fields(fields):
    """Spec 20 §2."""

    def of(name, most):
        values = [value for own, value in fields if own == name]
        need(len(values) <= 1)
        return byte_sequence(values[0], most) if values else None

    def hashed(name):
        data = of(name, 32)
        need(data is None or len(data) == 32)
        return data

    invocation = of("remit-invocation", 5120)
    need(invocation is not None, "no_invocation")
    presentation = hashed("remit-presentation")
    need(presentation is not None)
    arguments, approvals = of("remit-arguments", 16384), of("remit-approvals", 16384)

    def argument(value):
        need(isinstance(value, list) and len(value) == 3)

    def approval(value):
        need(isinstance(value, bytes))
        need(len(value) <= 512, "oversize")

    return {
        "invocation": invocation,
        "presentation": presentation,
        "arguments": [] if arguments is None else read_list(arguments, 32, argument),
        "approvals": [] if approvals is None else read_list(approvals, 16, approval),
        "evidence": hashed("remit-evidence"),
    }


def find_route(routes, method, target):
    """Spec 20 §4, of routes that are well formed."""
    path, mark, _ = target.partition("?")
    path = path[1:]
    need(is_path(path) and ";" not in path, "no_route")
    for route in routes:
        pattern = re.escape(route["path"][1:]).replace(r"\{", "{").replace(r"\}", "}").replace(r"\*", "*")
        pattern = re.sub("{([a-z0-9_]+)[*]}", r"(?P<\1>.+)", pattern)
        pattern = re.sub("{([a-z0-9_]+)}", r"(?P<\1>[^/]+)", pattern)
        found = re.fullmatch(pattern, path)
        if found and route["method"] in ("*", method):
            break
    else:
        raise Refused("no_route")
    need(route.get("query", False) or not mark, "no_route")
    names = found.groupdict() | {"method": method.lower()}
    action, resource = (
        re.sub("{([a-z0-9_]+)}", lambda name: names[name[1]], route[part]) for part in ("action", "resource")
    )
    need(1 <= len(action.encode()) <= 64 and is_path(resource), "no_route")
    cost = {"amount": str(route["amount_minor"]), "unit": route["unit"]} if "unit" in route else None
    return {"action": action, "resource": resource, "cost": cost}


def decide(data, method, authority, target, content):
    """Spec 20 §5, steps 3 to 7: what is to be recorded."""
    case = decode(data, "case")
    policy = Policy(case[7])
    route = find_route(policy.routes, method, target)
    verdict = Judge(case, policy).verdict()
    need(verdict["decision"] != "denied", verdict.get("code"))
    subject = verdict["subject"]
    asked = subject["invocation"]
    wanted = request_digest(method, authority, target, content, sha256(case[3]))
    need(asked.get("request") == wanted.hex(), "wrong_request")
    need((asked["action"], asked["resource"]) == (route["action"], route["resource"]), "wrong_request")
    paid = {name: asked["payment"][name] for name in ("amount", "unit")} if "payment" in asked else None
    need(route["cost"] in (None, paid), "wrong_request")
    need(verdict["decision"] == "allowed", "not_funded")
    shown = decode(case[3], "presentation")
    root = signed(shown[-1][0], "token", "remit/token/v1", shown[1])[0]
    travelled = case[6] is None and len(case) > 8
    return {
        "id": subject["id"],
        "root": root.hex(),
        "valid_until_s": str(asked["valid_until_s"]),
        "request_id": subject.get("request_id") if travelled else None,
    }
