"""A service behind ASGI 3 (spec 20): FastAPI, Starlette, Django or none at all; no dependencies.

``app = RemitMiddleware(app, policy=policy, record=SqliteRecord("served.db", policy.skew_ms))``, outermost.
What reaches ``app`` was asked by a holder, allowed, and is on record; ``scope["remit"]`` is a ``Served``. All
else is answered here.
"""

import asyncio
import hashlib
import json
from dataclasses import dataclass
from typing import Optional
from urllib.parse import unquote_to_bytes

from ._native import EVIDENCE_BYTES_MAX, PRESENTATION_BYTES_MAX
from ._native import Fields, Refused, Unrecorded, Verdict, Verifier
from ._native import content_digest, decide, refusal, written_content_digest
from .record import MemoryRecord, now_ms

CONTENT_MAX = 1 << 20
"""Bytes of content that are read, if nothing else is said."""

KEPT_BYTES_MAX = 64 << 20
"""Bytes of presentations, and of evidence, that are kept."""

_BRING = {
    b"/.well-known/remit/presentations": PRESENTATION_BYTES_MAX,
    b"/.well-known/remit/evidence": EVIDENCE_BYTES_MAX,
}
_STATUS = {"no_invocation": 401, "unknown_presentation": 401, "no_record": 503}
# What an answer says; from a client it says nothing, and goes no further.
_TOLD = {
    f"remit-{name}".encode()
    for name in ("verdict", "age", "id", "token", "issuer", "holder", "action", "resource", "amount", "unit",
                 "settle-by", "content")
}  # fmt: skip


@dataclass(frozen=True)
class Served:
    """What was asked, allowed and recorded: ``scope["remit"]``."""

    id: str
    holder: str
    token: str
    issuer: str
    action: str
    resource: str
    amount: Optional[int]
    unit: Optional[str]
    settle_by: Optional[int]
    arguments: dict
    verdict: Verdict


class Kept:
    """What was brought, by its hash; bounded in bytes, and what was not used lately is forgotten first."""

    def __init__(self, room=KEPT_BYTES_MAX):
        self._room, self._bytes, self._all = room, 0, {}

    def keep(self, data):
        """Keeps bytes; gives their hash in hexadecimal."""
        hash = hashlib.sha256(data).hexdigest()
        self._bytes += len(data) - len(self._all.pop(hash, b""))
        self._all[hash] = data
        while self._bytes > self._room:
            self._bytes -= len(self._all.pop(next(iter(self._all))))
        return hash

    def find(self, hash):
        """What has a hash; raises ``unknown_presentation``."""
        data = self._all.pop(hash, None)
        if data is None:
            raise refusal("unknown_presentation")
        self._all[hash] = data
        return data


class _Gone(Exception):
    """The client went away."""


class RemitMiddleware:
    """Decides on every request of ``app``; lets through those of the paths ``public``, exact, without query.

    ``record`` must be a durable one where the policy says so; ``clock`` gives milliseconds. ``followed`` gives
    the newest states of the ledgers that are followed (spec 22), a list of ``Followed``; it is asked before each
    decision.
    """

    def __init__(
        self, app, *, policy, record=None, public=(), content_max=CONTENT_MAX, clock=now_ms, followed=tuple
    ):
        if record is None and policy.record == "memory":
            record = MemoryRecord(policy.skew_ms, clock())
        if record is None or (policy.record == "durable" and not record.durable):
            raise ValueError('the policy wants a durable record; or say `record = "memory"` in it')
        self._app, self._policy, self._record, self._clock = app, policy, record, clock
        self._public, self._content_max = frozenset(path.encode() for path in public), content_max
        self._verifier, self._followed = Verifier(policy, record.newest), followed
        self._presentations, self._evidence = Kept(), Kept()
        self._newest = record.newest

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        if scope["type"] != "http":
            # Nothing is signed for it. To a socket that is closed before it was accepted a server answers 403.
            return await send({"type": "websocket.close", "code": 1008})
        path, query = scope.get("raw_path") or b"", scope.get("query_string") or b""
        same = unquote_to_bytes(path) == scope["path"].encode("utf-8", "surrogateescape")
        try:
            if same and not query and path in self._public:
                return await self._app(scope, receive, send)
            if same and not query and path in _BRING:
                return await self._bring(scope, receive, send, path)
            return await self._serve(scope, receive, send, path + (b"?" + query if query else b""), same)
        except _Gone:
            return None

    async def _serve(self, scope, receive, send, target, same):
        verdict, content, digest = None, b"", None
        try:
            fields = Fields.read([(name, value) for name, value in scope["headers"]])
            if not same:
                raise refusal("malformed")
            authority = _only(scope, b"host").lower()
            content = await _content(receive, self._content_max)
            digest = hashlib.sha256(content).hexdigest()
            stated = _values(scope, b"content-digest")
            if len(stated) > 1:
                raise refusal("malformed")
            if stated and content_digest(stated[0]) not in (None, digest):
                raise refusal("wrong_request")
            presentation = self._presentations.find(fields.presentation)
            evidence = fields.evidence and self._evidence.find(fields.evidence)
            parts = (scope["method"], authority.decode("latin-1"), target.decode("latin-1"), digest)
            verdict, answer = decide(
                self._following(), *parts, fields, presentation, evidence, now_ms=self._clock()
            )
            if not isinstance(answer, Unrecorded):
                raise refusal(answer)
            await self._in_thread(self._record.take, answer, self._clock())
        except Refused as no:
            return await self._answer(send, no, verdict, digest)
        finally:
            await self._see()
        told = _told("allowed", verdict, digest)
        own = {name for name, _ in told}

        async def sending(message):
            if message["type"] == "http.response.start":
                others = [
                    (name, value) for name, value in message.get("headers", ()) if name.lower() not in own
                ]
                message = {**message, "headers": others + told}
            await send(message)

        headers = [(name, value) for name, value in scope["headers"] if name.lower() not in _TOLD]
        scope = {**scope, "headers": headers, "remit": _served(verdict, fields)}
        await self._app(scope, _replayed(content, receive), sending)

    async def _bring(self, scope, receive, send, path):
        if scope["method"] != "POST":
            return await _send(send, 405, [(b"allow", b"POST")], {"error": "POST it"})
        if _values(scope, b"content-type") != [b"application/cbor"]:
            return await _send(send, 415, [], {"error": "send bytes, with `Content-Type: application/cbor`"})
        verdict = None
        try:
            data = await _content(receive, _BRING[path])
            if path.endswith(b"/evidence"):
                self._verifier.proves(data, now_ms=self._clock())
                return await _send(send, 201, [], {"hash": self._evidence.keep(data)})
            verdict = self._following().verify(data, now_ms=self._clock())
            if verdict.code is not None:
                raise refusal(verdict.code)
            kept = {"hash": self._presentations.keep(data), "verdict": json.loads(verdict.json())}
            return await _send(send, 201, [], kept)
        except Refused as no:
            return await self._answer(send, no, verdict, None)
        finally:
            await self._see()

    def _following(self):
        """The verifier, which judges by what is followed now."""
        for state in self._followed():
            self._verifier.follow(state)
        return self._verifier

    async def _see(self):
        """Keeps the newest evidence, for a restart; that this fails is no reason for a no."""
        newest = self._verifier.newest
        if newest > self._newest:
            try:
                await self._in_thread(self._record.see, newest)
                self._newest = newest
            except Refused:
                pass

    async def _in_thread(self, work, *arguments):
        """A durable record waits for a disk."""
        if self._record.durable:
            await asyncio.get_running_loop().run_in_executor(None, work, *arguments)
        else:
            work(*arguments)

    async def _answer(self, send, no, verdict, digest):
        status = _STATUS.get(no.code, 403)
        headers = _told(f"denied; code={no.code}", verdict, digest)
        if status == 401:
            says = f'Remit party="{self._policy.party}", max_staleness={self._policy.max_staleness}'
            headers.append((b"www-authenticate", says.encode()))
        body = {} if verdict is None else json.loads(verdict.json())
        # What a verdict allowed may still not be served.
        await _send(
            send, status, headers, {**body, "decision": "denied", "code": no.code, "reason": no.reason}
        )


def _served(verdict, fields):
    subject, asked = verdict.subject, verdict.subject.invocation
    return Served(
        id=subject.id,
        holder=subject.holder,
        token=subject.token,
        issuer=subject.issuer,
        action=asked.action,
        resource=asked.resource,
        amount=asked.amount,
        unit=asked.unit,
        settle_by=asked.settle_by,
        arguments={argument.name: argument.value for argument in fields.arguments},
        verdict=verdict,
    )


def _told(answer, verdict, digest):
    """The fields of an answer (spec 20 §6)."""
    told = {"verdict": answer}
    if digest is not None:
        told["content"] = f"{written_content_digest(digest)}; checked"
    if verdict is not None:
        subject, asked = verdict.subject, verdict.subject.invocation
        told["age"] = verdict.age_ms
        told.update({name: getattr(subject, name) for name in ("id", "token", "issuer", "holder")})
        if asked is not None:
            told.update(
                {name: text for name in ("action", "resource") if _printable(text := getattr(asked, name))}
            )
            told.update({"amount": asked.amount, "unit": asked.unit, "settle-by": asked.settle_by})
    return [
        (f"remit-{name}".encode(), str(value).encode()) for name, value in told.items() if value is not None
    ]


def _printable(text):
    return all(" " <= character <= "~" for character in text)


def _values(scope, name):
    return [value for own, value in scope["headers"] if own.lower() == name]


def _only(scope, name):
    values = _values(scope, name)
    if len(values) != 1:
        raise refusal("malformed")
    return values[0]


async def _content(receive, most):
    """All content of a request, if it is not too long."""
    parts, length, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Gone
        parts.append(message.get("body", b""))
        length += len(parts[-1])
        if length > most:
            raise refusal("oversize")
        more = message.get("more_body", False)
    return b"".join(parts)


def _replayed(content, receive):
    """What was read, for the application to read."""
    left = [{"type": "http.request", "body": content, "more_body": False}]

    async def receiving():
        return left.pop() if left else await receive()

    return receiving


async def _send(send, status, headers, body):
    data = json.dumps(body).encode()
    own = [(b"content-type", b"application/json"), (b"content-length", str(len(data)).encode())]
    own.append((b"cache-control", b"no-store"))
    await send({"type": "http.response.start", "status": status, "headers": headers + own})
    await send({"type": "http.response.body", "body": data})
