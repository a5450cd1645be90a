"""The interface of the Python package over the C library, so that the tests of the package run through the C ABI.

Constants are those of the header; the library is ``REMIT_LIBRARY``. Nothing is decided here.
"""

import ctypes
import json
import os
import re
import weakref
from collections import deque
from ctypes import POINTER, Structure, byref, c_char, c_char_p, c_int32, c_int64, c_size_t, c_uint8, c_uint64
from pathlib import Path

INCLUDE = Path(__file__).resolve().parents[1] / "include"
HEADER = "".join((INCLUDE / name).read_text() for name in ("remit_codes.h", "remit_verifier.h"))
VALUES = {name: int(value) for name, value in re.findall(r"\bREMIT_(\w+) = (-?\d+)", HEADER)}
LIBRARY = ctypes.CDLL(os.environ["REMIT_LIBRARY"])


def structure(name, /, **fields):
    return type(name, (Structure,), {"_fields_": list(fields.items())})


Bytes = structure("Bytes", data=c_char_p, len=c_size_t)
List = structure("List", items=ctypes.c_void_p, len=c_size_t)
Maybe = structure("Maybe", is_there=c_int32, number=c_uint64)
View = structure("View", data=POINTER(c_char), len=c_size_t)
Value = structure("Value", kind=c_int32, integer=c_int64, text=Bytes)
Problem = structure("Problem", line=c_uint64, code=c_char * 32, key=c_char * 32)
CheckRow = structure("CheckRow", name=View, outcome=c_int32, code=c_int32, link=c_int32)
HeaderRow = structure("HeaderRow", name=View, value=View)
HeaderField = structure("HeaderField", name=Bytes, value=Bytes)
Question = structure(
    "Question", presentation=Bytes, invocation=Bytes, arguments=List, approvals=List, evidence=Bytes
)
Received = structure("Received", method=Bytes, authority=Bytes, target=Bytes, content_sha256=Bytes)
AskRow = structure(
    "AskRow",
    audience=Bytes,
    action=Bytes,
    resource=Bytes,
    arguments=List,
    amount=Maybe,
    unit=Bytes,
    settle_by_s=c_uint64,
    refund_until_s=Maybe,
    request_nonce=Bytes,
    valid_until_s=Maybe,
    nonce=Bytes,
)
SentRow = structure(
    "SentRow", method=Bytes, authority=Bytes, target=Bytes, content=Bytes, approvals=List, evidence=Bytes
)
ConditionRow = structure("ConditionRow", argument=Bytes, op=Bytes, operands=List)
PermissionRow = structure("PermissionRow", services=List, actions=List, resources=List, conditions=List)
BudgetRow = structure("BudgetRow", unit=Bytes, total=Maybe, per_use=Maybe)
LinkRow = structure(
    "LinkRow",
    holder=Bytes,
    expires_s=c_uint64,
    not_before_s=Maybe,
    permissions=List,
    delegation_mode=Bytes,
    delegation_depth=c_uint64,
    max_staleness_s=Maybe,
    budgets=List,
)
WantedRow = structure(
    "WantedRow",
    amount=c_uint64,
    action=Bytes,
    resource=Bytes,
    arguments=List,
    request=Bytes,
    valid_until_s=Maybe,
    nonce=Bytes,
)

HeadRow = structure("HeadRow", size=c_uint64, root=Bytes)
IndexedHash = structure("IndexedHash", index=c_uint64, hash=Bytes)
IndexedStatus = structure("IndexedStatus", index=c_uint64, status=c_uint64)
LatestRow = structure("LatestRow", origin=Bytes, size=c_uint64, root=Bytes, time_s=c_uint64)

ID, OUT, HASH = c_uint64, POINTER(c_uint64), POINTER(c_uint8 * 32)
SIGNATURES = {
    "status_text": (c_char_p, c_int32),
    "status_meaning": (c_char_p, c_int32),
    "code_at": (c_int32, c_size_t),
    "version": (c_char_p,),
    "free": (c_int32, ID),
    "objects": (c_int32, POINTER(c_size_t)),
    "get": (View, ID, c_int32),
    "get_number": (c_int32, ID, c_int32, OUT),
    "item": (View, ID, c_int32, c_size_t),
    "check": (c_int32, ID, c_size_t, POINTER(CheckRow)),
    "header": (c_int32, ID, c_size_t, POINTER(HeaderRow)),
    "followed_begin": (c_int32, ID, Bytes, c_uint64, OUT),
    "followed_advance": (c_int32, ID, ID, Bytes, c_uint64, OUT),
    "followed_restore": (c_int32, Bytes, OUT),
    "followed_status": (c_int32, ID, c_uint64, OUT),
    "verifier_follow": (c_int32, ID, ID),
    "status_changes": (c_int32, Bytes, c_uint64, Bytes, c_uint64, OUT),
    "policy_from_toml": (c_int32, Bytes, POINTER(Problem), OUT),
    "policy_route": (c_int32, ID, Bytes, Bytes, OUT),
    "verifier_new": (c_int32, ID, c_uint64, OUT),
    "verifier_see": (c_int32, ID, c_uint64),
    "verifier_newest": (c_int32, ID, OUT),
    "verify": (c_int32, ID, POINTER(Question), c_uint64, OUT),
    "proves": (c_int32, ID, Bytes, c_uint64),
    "case_decode": (c_int32, Bytes, OUT),
    "case_encode": (c_int32, POINTER(Question), Bytes, c_uint64, c_uint64, OUT),
    "case_verdict": (c_int32, Bytes, ID, OUT),
    "argument": (c_int32, Bytes, Value, Bytes, OUT),
    "argument_decode": (c_int32, Bytes, OUT),
    "sha256": (c_int32, Bytes, HASH),
    "content": (c_int32, Bytes, Bytes, HASH),
    "content_digest": (c_int32, Bytes, HASH),
    "content_digest_write": (c_int32, Bytes, OUT),
    "request_digest": (c_int32, POINTER(Received), Bytes, HASH),
    "fields_read": (c_int32, List, OUT),
    "fields_write": (c_int32, POINTER(Question), OUT),
    "decide": (c_int32, ID, POINTER(Received), ID, Bytes, Bytes, c_uint64, OUT),
    "answer": (c_int32, ID, ID, c_int32, Bytes, c_int32, OUT),
    "holder_new": (c_int32, Bytes, OUT),
    "invoke": (c_int32, ID, Bytes, POINTER(AskRow), Bytes, c_uint64, OUT),
    "request": (c_int32, ID, Bytes, POINTER(AskRow), POINTER(SentRow), c_uint64, OUT),
    "attenuate": (c_int32, ID, Bytes, POINTER(LinkRow), Bytes, c_uint64, OUT),
    "lease_verify": (c_int32, Bytes, ID, c_uint64, OUT),
    "till_new": (c_int32, Bytes, ID, OUT),
    "till_decode": (c_int32, Bytes, OUT),
    "till_accept": (c_int32, ID, ID, Bytes, List, ID, c_uint64, OUT),
    "till_close": (c_int32, ID, OUT),
    "wallet_new": (c_int32, Bytes, Bytes, OUT),
    "wallet_decode": (c_int32, Bytes, OUT),
    "wallet_take_back": (c_int32, ID, OUT),
    "voucher": (c_int32, ID, ID, POINTER(WantedRow), c_uint64, OUT),
    "describe": (c_int32, Bytes, Bytes, Bytes, Bytes, OUT),
    "describe_submission": (c_int32, Bytes, Bytes, OUT),
    "condition_holds": (c_int32, POINTER(ConditionRow), POINTER(Value)),
    "authority_new": (c_int32, List, OUT),
    "authority_allows": (c_int32, ID, Bytes, Bytes, Bytes, List),
    "authority_allows_payment": (c_int32, ID, c_uint64, Bytes),
    "leaf_hash": (c_int32, Bytes, HASH),
    "tree_root": (c_int32, List, HASH),
    "verify_inclusion": (c_int32, Bytes, c_uint64, POINTER(HeadRow), List),
    "verify_consistency": (c_int32, POINTER(HeadRow), POINTER(HeadRow), List),
    "verify_multiproof": (c_int32, List, POINTER(HeadRow), List),
    "next_history": (c_int32, Bytes, c_uint64, Bytes, HASH),
    "status_leaf": (c_int32, c_uint64, List, OUT),
    "details_digest": (c_int32, Bytes, List, HASH),
    "verifier_key": (c_int32, Bytes, Bytes, c_int32, OUT),
    "checkpoint_accept": (c_int32, Bytes, Bytes, c_uint64, c_uint64, OUT),
    "receipt_verify": (c_int32, Bytes, Bytes, Bytes, OUT),
    "witness_new": (c_int32, Bytes, Bytes, List, OUT),
    "witness_answer": (c_int32, ID, Bytes, List, c_uint64, OUT),
}


def call(name):
    function = getattr(LIBRARY, f"remit_{name}")
    function.restype, *function.argtypes = SIGNATURES[name]
    return function


C = {name: call(name) for name in SIGNATURES}


class RemitError(Exception):
    pass


class Refused(RemitError):
    pass


class PolicyError(RemitError):
    pass


class FollowError(RemitError):
    pass


class ReceiptError(RemitError):
    pass


NOT_FOLLOWED = [VALUES[name] for name in ("NOT_SINCE", "BEHIND", "NOT_CONSISTENT", "FORK")]
NO_RECEIPT = [VALUES["OTHER_LOG"], VALUES["OTHER_SIZE"]]


def status_text(status):
    return C["status_text"](status).decode()


def failed(status):
    """What the package raises for a status."""
    text = status_text(status)
    kind = FollowError if status in NOT_FOLLOWED else ReceiptError if status in NO_RECEIPT else None
    if kind:
        error = kind(text)
        error.code = text
        return error
    if status < 100:
        return ValueError(text)
    error = Refused(text)
    error.code, error.number, error.reason = text, status, C["status_meaning"](status).decode()
    return error


def bytes_of(given):
    if given is None:
        return Bytes(None, 0)
    given = given.encode() if isinstance(given, str) else bytes(given)
    return Bytes(given, len(given))


# Arrays that calls still read: ctypes keeps what an address belongs to alive only where it knows.
LENT = deque(maxlen=10_000)


def rows(kind, items):
    if items is None:
        return List(None, 0)
    array = (kind * max(len(items), 1))(*items)
    LENT.append(array)
    return List(ctypes.addressof(array), len(items))


def byte_rows(items):
    return rows(Bytes, None if items is None else [bytes_of(item) for item in items])


def argument_rows(arguments):
    return byte_rows([argument.encode() for argument in arguments])


def maybe(number):
    return Maybe(number is not None, number or 0)


def taken(view):
    return None if not view.data else ctypes.string_at(view.data, view.len)


class Handle:
    """An object of the library, freed with this."""

    def __init__(self, id):
        self.id = id
        weakref.finalize(self, C["free"], id).atexit = False

    def bytes(self, part):
        return taken(C["get"](self.id, VALUES[part]))

    def text(self, part):
        found = self.bytes(part)
        return None if found is None else found.decode()

    def number(self, part):
        out = c_uint64()
        status = C["get_number"](self.id, VALUES[part], byref(out))
        return out.value if status == 0 else None

    def list(self, part):
        items, place = [], 0
        while (item := taken(C["item"](self.id, VALUES[part], place))) is not None:
            items.append(item)
            place += 1
        return items

    def headers(self):
        found, row = [], HeaderRow()
        while C["header"](self.id, len(found), byref(row)) == 0:
            found.append((taken(row.name).decode(), taken(row.value).decode()))
        return found


def ask(name, *given, yes=(0,)):
    """Calls a function with an object as its result; raises what it refuses."""
    out = c_uint64()
    status = C[name](*given, byref(out))
    if status not in yes and (status < 100 or not out.value):
        raise failed(status)
    return status, out.value and Handle(out.value)


def made(name, *given):
    out = c_uint64()
    status = C[name](*given, byref(out))
    if status:
        assert not out.value, name
        raise failed(status)
    return Handle(out.value)


def hashed(name, *given):
    out = (c_uint8 * 32)()
    status = C[name](*given, byref(out))
    if status == VALUES["ABSENT"]:
        return None
    if status:
        raise failed(status)
    return bytes(out).hex()


def codes():
    found, place = {}, 0
    while status := C["code_at"](place):
        assert VALUES[f"CODE_{status_text(status).upper()}"] == status
        found[status_text(status)] = (status, C["status_meaning"](status).decode())
        place += 1
    return found


class Policy:
    def __init__(self, handle):
        self.handle = handle

    @staticmethod
    def from_toml(text):
        out, problem = c_uint64(), Problem()
        status = C["policy_from_toml"](bytes_of(text), byref(problem), byref(out))
        if status:
            assert status == VALUES["NO_POLICY"]
            error = PolicyError()
            error.code, error.line, error.key = problem.code.decode(), problem.line, problem.key.decode()
            raise error
        return Policy(Handle(out.value))

    party = property(lambda self: self.handle.text("PARTY"))
    max_staleness = property(lambda self: self.handle.number("MAX_STALENESS"))
    skew_ms = property(lambda self: self.handle.number("SKEW_MS"))

    def route(self, method, target):
        asked = made("policy_route", self.handle.id, bytes_of(method), bytes_of(target))
        amount = asked.number("AMOUNT")
        cost = None if amount is None else (amount, asked.text("UNIT"))
        return asked.text("ACTION"), asked.text("RESOURCE"), cost


def value_row(value):
    if isinstance(value, bool):
        return Value(3, value, bytes_of(None))
    if isinstance(value, int):
        return Value(1, value, bytes_of(None))
    return Value(2, 0, bytes_of(value))


class Argument:
    def __init__(self, name, value, salt=None):
        self.handle = made("argument", bytes_of(name), value_row(value), bytes_of(salt))

    @staticmethod
    def decode(data):
        read = Argument.__new__(Argument)
        read.handle = made("argument_decode", bytes_of(data))
        return read

    def encode(self):
        return self.handle.bytes("BYTES")

    digest = property(lambda self: self.handle.text("DIGEST"))


class Named:
    def __init__(self, **values):
        self.__dict__.update(values)


class Verdict:
    def __init__(self, handle):
        self.handle, number, text = handle, handle.number, handle.text
        self.decision = ("denied", "permitted", "allowed")[number("DECISION")]
        self.code = status_text(number("CODE")) if number("CODE") else None
        self.age_ms = number("AGE_MS")
        asked = None
        if text("ACTION") is not None:
            texts = {name: text(name.upper()) for name in ("audience", "action", "resource", "unit", "request")}
            times = {name: number(name.upper()) for name in ("amount", "settle_by", "refund_until", "valid_until")}
            asked = Named(**texts, **times)
        names = ("ledger", "issuer", "root", "token", "holder", "id", "request_id")
        self.subject = Named(**{name: text(name.upper()) for name in names}, invocation=asked)

    @property
    def checks(self):
        found, row = [], CheckRow()
        while C["check"](self.handle.id, len(found), byref(row)) == 0:
            outcome = ("failed", "passed", "skipped")[row.outcome]
            code = status_text(row.code) if row.code else None
            found.append((taken(row.name).decode(), row.link or None, outcome, code))
        shown = json.loads(self.json())["checks"]
        assert [(check["check"], check.get("link")) for check in shown] == [check[:2] for check in found]
        return found

    def json(self):
        return self.handle.text("JSON")


def question(presentation, invocation, arguments, approvals, evidence):
    """What is judged."""
    return Question(
        bytes_of(presentation),
        bytes_of(invocation),
        argument_rows(arguments),
        byte_rows(approvals),
        bytes_of(evidence),
    )


def judged(name, *given):
    """A verdict: what the function returns, and what the object says, are the same."""
    status, handle = ask(name, *given, yes=(0, VALUES["PERMITTED"]))
    verdict = Verdict(handle)
    assert {"allowed": 0, "permitted": 1}.get(verdict.decision, handle.number("CODE")) == status
    return verdict


class Verifier:
    def __init__(self, policy, newest=0):
        self.handle = made("verifier_new", policy.handle.id, newest)
        self.policy = policy

    def verify(self, presentation, invocation=None, arguments=(), approvals=(), evidence=None, *, now_ms):
        brought = question(presentation, invocation, arguments, approvals, evidence)
        return judged("verify", self.handle.id, byref(brought), now_ms)

    def follow(self, state):
        status = C["verifier_follow"](self.handle.id, state.handle.id)
        if status:
            raise failed(status)


class Followed:
    def __init__(self, handle):
        self.handle = handle

    def __eq__(self, other):
        return self.snapshot() == other.snapshot()

    @staticmethod
    def begin(policy, update, *, now_ms):
        return Followed(made("followed_begin", policy.handle.id, bytes_of(update), now_ms))

    def advance(self, policy, update, *, now_ms):
        return Followed(made("followed_advance", self.handle.id, policy.handle.id, bytes_of(update), now_ms))

    @staticmethod
    def restore(snapshot):
        return Followed(made("followed_restore", bytes_of(snapshot)))

    def snapshot(self):
        return self.handle.bytes("BYTES")

    ledger = property(lambda self: self.handle.text("LEDGER"))
    size = property(lambda self: self.handle.number("SIZE"))
    root = property(lambda self: self.handle.text("ROOT"))
    note = property(lambda self: self.handle.bytes("NOTE"))
    leaves = property(lambda self: self.handle.number("LEAVES"))
    committed_ms = property(lambda self: self.handle.number("COMMITTED_MS"))
    frozen = property(lambda self: self.handle.number("FROZEN") == 1)

    def status(self, index):
        out = c_uint64()
        status = C["followed_status"](self.handle.id, index, byref(out))
        assert status in (0, VALUES["ABSENT"]), status
        return out.value if status == 0 else None

    def listed(self):
        statuses = [(index, self.status(index)) for index in range(self.leaves)]
        return [(index, status) for index, status in statuses if status]


def status_changes(changes, size, *, before=b"", before_size=0):
    table = made("status_changes", bytes_of(before), before_size, bytes_of(changes), size)
    return table.bytes("BYTES"), table.text("ROOT")


class Case:
    def __init__(self, handle):
        self.handle = handle
        self.now_ms, self.newest = handle.number("NOW_MS"), handle.number("NEWEST")
        for name in ("presentation", "invocation", "evidence", "policy"):
            setattr(self, name, handle.bytes(name.upper()))
        self.arguments = [Argument.decode(argument) for argument in handle.list("ARGUMENTS")]
        self.approvals = handle.list("APPROVALS")

    @staticmethod
    def decode(data):
        return Case(made("case_decode", bytes_of(data)))

    def encode(self):
        brought = question(
            self.presentation, self.invocation, self.arguments, self.approvals, self.evidence
        )
        written = made("case_encode", byref(brought), bytes_of(self.policy), self.now_ms, self.newest)
        return written.bytes("BYTES")


def judge_case(case, policy=None):
    return judged("case_verdict", bytes_of(case), policy.handle.id if policy else 0)


class Fields:
    def __init__(self, invocation, presentation, arguments=(), approvals=(), evidence=None):
        self.invocation, self.presentation, self.evidence = invocation, presentation, evidence
        self.arguments, self.approvals = list(arguments), list(approvals)

    @staticmethod
    def read(headers):
        fields = [HeaderField(bytes_of(name), bytes_of(value)) for name, value in headers]
        handle = made("fields_read", rows(HeaderField, fields))
        arguments = [Argument.decode(argument) for argument in handle.list("ARGUMENTS")]
        read = Fields(
            handle.bytes("INVOCATION"),
            handle.text("PRESENTATION"),
            arguments,
            handle.list("APPROVALS"),
            handle.text("EVIDENCE"),
        )
        again = [HeaderField(bytes_of(name), bytes_of(value)) for name, value in handle.headers()]
        assert made("fields_read", rows(HeaderField, again)).headers() == handle.headers()
        return read


class Unrecorded:
    def __init__(self, handle):
        self.id, self.request_id = handle.text("RECORD_ID"), handle.text("RECORD_REQUEST")
        self.root, self.valid_until = handle.text("RECORD_ROOT"), handle.number("RECORD_UNTIL")


def received(method, authority, target, content_digest):
    return Received(*map(bytes_of, (method, authority, target, content_digest)))


def request_digest(method, authority, target, content, presentation):
    return hashed("request_digest", byref(received(method, authority, target, content)), bytes_of(presentation))


def decide(
    verifier, method, authority, target, content_digest, fields, presentation, evidence=None, *, now_ms
):
    asked = byref(received(method, authority, target, content_digest))
    brought = question(presentation, fields.invocation, fields.arguments, fields.approvals, evidence)
    sent = made("fields_write", byref(brought))
    assert sent.text("PRESENTATION") == fields.presentation and sent.text("EVIDENCE") == fields.evidence
    given = (asked, sent.id, bytes_of(presentation), bytes_of(evidence), now_ms)
    status, handle = ask("decide", verifier.handle.id, *given)
    assert handle.number("ANSWER") == status
    replied(handle, verifier.policy, status, content_digest)
    # Other bytes than those that the fields name are not judged.
    unknown = (asked, sent.id, bytes_of(presentation + b"\0"), bytes_of(evidence), now_ms)
    assert ask("decide", verifier.handle.id, *unknown)[0] == VALUES["CODE_UNKNOWN_PRESENTATION"]
    verdict = Verdict(handle) if handle.text("JSON") else None
    return verdict, Unrecorded(handle) if status == 0 else status_text(status)


def replied(decision, policy, status, content_digest):
    """The answer to a decision is by its own code; what was refused is never answered as served."""
    reply = made("answer", decision.id, policy.handle.id, status, bytes_of(content_digest), 1)
    headers, said = dict(reply.headers()), json.loads(reply.text("JSON"))
    assert headers["remit-verdict"] == (f"denied; code={status_text(status)}" if status else "allowed")
    assert headers["remit-content"].endswith("; checked")
    assert said.get("code") == (status_text(status) if status else None)
    assert reply.number("HTTP_STATUS") == (403 if status else 200)
    late = made("answer", decision.id, policy.handle.id, VALUES["CODE_NO_RECORD"], bytes_of(None), 0)
    assert late.number("HTTP_STATUS") == 503 and json.loads(late.text("JSON"))["decision"] == "denied"
    if status:
        try:
            made("answer", decision.id, policy.handle.id, 0, bytes_of(None), 0)
        except ValueError as error:
            assert str(error) == "bad_value"
        else:
            raise AssertionError("a refusal is answered as served")


class OpenLease:
    def __init__(self, handle):
        self.handle = handle

    @staticmethod
    def verify(proof, policy, *, now_ms):
        return OpenLease(made("lease_verify", bytes_of(proof), policy.handle.id, now_ms))

    id = property(lambda self: self.handle.text("ID"))
    ledger = property(lambda self: self.handle.text("LEDGER"))
    till = property(lambda self: self.handle.text("TILL"))
    holder = property(lambda self: self.handle.text("HOLDER"))
    amount = property(lambda self: self.handle.number("AMOUNT"))
    per_use = property(lambda self: self.handle.number("PER_USE"))


class Counted:
    number = property(lambda self: self.handle.number("NUMBER"))
    cumulative = property(lambda self: self.handle.number("CUMULATIVE"))
    last = property(lambda self: self.handle.bytes("LAST"))

    def encode(self):
        return self.handle.bytes("BYTES")


class Till(Counted):
    def __init__(self, till, lease):
        self.handle = made("till_new", bytes_of(till), lease.handle.id)

    @classmethod
    def of(cls, handle):
        till = cls.__new__(cls)
        till.handle = handle
        return till

    @staticmethod
    def decode(data):
        return Till.of(made("till_decode", bytes_of(data)))

    def accept(self, lease, voucher, arguments=(), *, policy, now_ms):
        given = (bytes_of(voucher), argument_rows(arguments), policy.handle.id, now_ms)
        status, handle = ask("till_accept", self.handle.id, lease.handle.id, *given, yes=(0, VALUES["REPEATED"]))
        return None if status else Till.of(handle)

    def close(self):
        return Till.of(made("till_close", self.handle.id))

    closed = property(lambda self: bool(self.handle.number("CLOSED")))


class Wallet(Counted):
    def __init__(self, ledger, proof):
        self.handle = made("wallet_new", bytes_of(ledger), bytes_of(proof))

    @classmethod
    def of(cls, handle):
        wallet = cls.__new__(cls)
        wallet.handle = handle
        return wallet

    @staticmethod
    def decode(data):
        return Wallet.of(made("wallet_decode", bytes_of(data)))

    def take_back(self):
        return Wallet.of(made("wallet_take_back", self.handle.id))


class Permission:
    def __init__(self, *, services=None, actions=None, resources=None, conditions=()):
        assert not conditions
        self.row = PermissionRow(byte_rows(services), byte_rows(actions), byte_rows(resources), List(None, 0))


class Link:
    def __init__(self, holder, expires, *, permissions=None, delegation=None, budgets=None):
        mode, depth = delegation or (None, 0)
        granted = None if permissions is None else [permission.row for permission in permissions]
        self.row = LinkRow(
            bytes_of(holder),
            expires,
            maybe(None),
            rows(PermissionRow, granted),
            bytes_of(mode),
            depth,
            maybe(None),
            rows(BudgetRow, budgets),
        )


class Ask:
    def __init__(self, audience, action, resource, *, arguments=(), amount=None, unit=None, settle_by=0):
        self.row = AskRow(
            bytes_of(audience),
            bytes_of(action),
            bytes_of(resource),
            argument_rows(arguments),
            maybe(amount),
            bytes_of(unit),
            settle_by,
            maybe(None),
            bytes_of(None),
            maybe(None),
            bytes_of(None),
        )
        if (amount is None) != (unit is None):
            # The library says so when it signs.
            holder = Holder(bytes(32))
            made("invoke", holder.handle.id, bytes_of(b""), byref(self.row), bytes_of(None), 0)


class Holder:
    def __init__(self, key):
        self.handle = made("holder_new", bytes_of(key))

    public_key = property(lambda self: self.handle.text("PUBLIC_KEY"))

    def __repr__(self):
        return f"<Holder {self.public_key}>"

    def invoke(self, presentation, ask, *, now_ms, request=None):
        given = (bytes_of(presentation), byref(ask.row), bytes_of(request), now_ms)
        signed = made("invoke", self.handle.id, *given)
        return signed.text("ID"), signed.bytes("BYTES")

    def request(self, presentation, ask, *, method, authority, target, content=None, now_ms):
        texts = map(bytes_of, (method, authority, target, content))
        sent = SentRow(*texts, List(None, 0), bytes_of(None))
        given = (bytes_of(presentation), byref(ask.row), byref(sent), now_ms)
        return made("request", self.handle.id, *given).headers()

    def attenuate(self, presentation, claims, *, now_ms):
        given = (bytes_of(presentation), byref(claims.row), bytes_of(None), now_ms)
        signed = made("attenuate", self.handle.id, *given)
        return signed.bytes("BYTES"), signed.text("ID")

    def voucher(self, wallet, *, amount, action, resource, arguments=(), now_ms):
        wanted = WantedRow(
            amount,
            bytes_of(action),
            bytes_of(resource),
            argument_rows(arguments),
            bytes_of(None),
            maybe(None),
            bytes_of(None),
        )
        after = Wallet.of(made("voucher", self.handle.id, wallet.handle.id, byref(wanted), now_ms))
        return after, after.last


def judge(name, *given):
    """Calls a function that answers with its status alone."""
    status = C[name](*given)
    if status:
        raise failed(status)


def shown(handle, **parts):
    """What an object of the library is as JSON; the parts beside it say the same."""
    said = json.loads(handle.text("JSON"))
    for part, names in parts.items():
        stated = [said[name] for name in names if name in said]
        own = handle.text(part) if VALUES[part] < 50 else handle.number(part)
        assert own == (stated[0] if stated else None), (part, own, stated)
    return said


DERIVED = {"ID": ["id"], "DIGEST": ["digest", "authority"], "LEAF_HASH": ["leaf_hash"], "REQUEST_ID": ["request"]}


def describe(kind, data, *, ledger=None, label=None):
    handle = made("describe", *map(bytes_of, (kind, data, ledger, label)))
    return shown(handle, **DERIVED, LEDGER=["ledger"], LEAF_STATUS=["status"])


def describe_submission(data, ledger):
    handle = made("describe_submission", bytes_of(data), bytes_of(ledger))
    return shown(handle, ID=["id"], NAME=["kind"], LEDGER=["ledger"])


def holds(operator, operands, value):
    condition = ConditionRow(bytes_of("a"), bytes_of(operator), rows(Value, [value_row(one) for one in operands]))
    row = None if value is None else byref(value_row(value))
    status = C["condition_holds"](byref(condition), row)
    if status not in (0, VALUES["CODE_CONDITION_NOT_MET"]):
        raise failed(status)
    return status == 0


class Authority:
    def __init__(self, tokens):
        self.handle = made("authority_new", byte_rows(tokens))

    def allows(self, audience, action, resource, arguments=None):
        shown = List(None, 0) if arguments is None else argument_rows(arguments)
        judge("authority_allows", self.handle.id, *map(bytes_of, (audience, action, resource)), shown)

    def allows_payment(self, amount, unit):
        judge("authority_allows_payment", self.handle.id, amount, bytes_of(unit))


def leaf_hash(data):
    return hashed("leaf_hash", bytes_of(data))


def tree_root(leaf_hashes):
    return hashed("tree_root", byte_rows(leaf_hashes))


def head(size, root):
    return byref(HeadRow(size, bytes_of(root)))


def verify_inclusion(leaf_hash, index, size, path, root):
    judge("verify_inclusion", bytes_of(leaf_hash), index, head(size, root), byte_rows(path))


def verify_consistency(old_size, old_root, new_size, new_root, path):
    judge("verify_consistency", head(old_size, old_root), head(new_size, new_root), byte_rows(path))


def verify_multiproof(leaves, size, siblings, root):
    leaves = [IndexedHash(index, bytes_of(hash)) for index, hash in leaves]
    judge("verify_multiproof", rows(IndexedHash, leaves), head(size, root), byte_rows(siblings))


def next_history(before, index, entry):
    return hashed("next_history", bytes_of(before), index, bytes_of(entry))


def status_leaf(chunk, statuses):
    statuses = [IndexedStatus(index, status) for index, status in statuses.items()]
    return made("status_leaf", chunk, rows(IndexedStatus, statuses)).bytes("BYTES")


def details_digest(common, links):
    return hashed("details_digest", bytes_of(common), byte_rows(links))


def verifier_key(name, key, kind="log"):
    return made("verifier_key", bytes_of(name), bytes_of(key), {"log": 1, "witness": 4}[kind]).text("TEXT")


def accept_checkpoint(trust, note, *, now_ms, skew_ms=0):
    handle = made("checkpoint_accept", bytes_of(trust), bytes_of(note), now_ms, skew_ms)
    return shown(handle, ORIGIN=["origin"], ROOT=["root"], SIZE=["size"], EVIDENCE_MS=["evidence_time_ms"])


def verify_receipt(receipt, entry, log):
    handle = made("receipt_verify", *map(bytes_of, (receipt, entry, log)))
    return shown(handle, ORIGIN=["origin"], SIZE=["size"], INDEX=["index"], TIME=["time_s"])


class Witness:
    def __init__(self, name, key, logs):
        self.handle = made("witness_new", bytes_of(name), bytes_of(key), byte_rows(logs))

    vkey = property(lambda self: self.handle.text("TEXT"))

    def answer(self, body, *, latest, now_s):
        known = [
            LatestRow(bytes_of(origin), size, bytes_of(root), time) for origin, (size, root, time) in latest.items()
        ]
        handle = made("witness_answer", self.handle.id, bytes_of(body), rows(LatestRow, known), now_s)
        of = {"NAME": ["answer"], "TEXT": ["body"], "ORIGIN": ["origin"], "ROOT": ["root"], "SIZE": ["size"]}
        said = shown(handle, **of, HTTP_STATUS=["status"], TIME=["time_s"])
        assert handle.number("IS_EVIDENCE") == int(said["evidence"])
        return said
