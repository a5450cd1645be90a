"""The middleware: every decision vector through it; bringing, recording once, starting again."""

import asyncio
import base64
import hashlib
import json
import tempfile
import unittest
from pathlib import Path

from helpers import holder_of, vectors
from remit_verifier import Ask, Case, Fields, Followed, Holder, Policy, judge_case
from remit_verifier.asgi import Kept, RemitMiddleware
from remit_verifier.record import MemoryRecord, SqliteRecord

CONTENT = b'{"nights":2}'
MINUTE_AGO = 1_800_000_000_000 - 70_000


class Shop:
    """An application that answers with what it was told, and counts."""

    def __init__(self):
        self.served, self.content, self.headers = [], None, None

    async def __call__(self, scope, receive, send):
        self.served.append(scope.get("remit"))
        self.content, self.headers = (await receive())["body"], dict(scope["headers"])
        await send({"type": "http.response.start", "status": 200, "headers": [(b"remit-id", b"a lie")]})
        await send({"type": "http.response.body", "body": b"served"})


def ask(app, method, target, headers=(), content=b"", **changes):
    """Status, headers and content of the answer of an ASGI application."""
    path, _, query = target.partition("?")
    pairs = [(name.encode(), value.encode()) for name, value in (("host", "Hotel.example"), *headers)]
    scope = {"type": "http", "method": method, "path": path, "raw_path": path.encode(), "headers": pairs,
             "query_string": query.encode(), **changes}  # fmt: skip
    halves = [content[: len(content) // 2], content[len(content) // 2 :]]
    messages = [{"type": "http.request", "body": halves[0], "more_body": True}]
    messages.append({"type": "http.request", "body": halves[1]})
    sent = []

    async def receive():
        return messages.pop(0)

    async def send(message):
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    pairs = sent[0].get("headers", ())
    answer = {name.decode(): value.decode() for name, value in pairs}
    assert len(answer) == len(pairs), "a field of the answer stands twice"
    return sent[0].get("status"), answer, b"".join(message.get("body", b"") for message in sent[1:])


class Visit:
    """A service with the policy of a vector, and what its holder brings and asks."""

    def __init__(self, name="decide/served", record=None, **settings):
        self.vector = next(vector for vector in vectors("http", 85) if vector["name"] == name)
        self.case = Case.decode(bytes.fromhex(self.vector["input"]["case"]))
        self.policy = Policy.from_toml(self.case.policy)
        self.now = self.case.now_ms
        self.shop = Shop()
        record = MemoryRecordOfADisk(self.policy.skew_ms, MINUTE_AGO) if record is None else record
        clock = lambda: self.now
        self.app = RemitMiddleware(self.shop, policy=self.policy, record=record, clock=clock, **settings)

    def bring(self, data, what="presentations"):
        headers = [("content-type", "application/cbor")]
        return ask(self.app, "POST", f"/.well-known/remit/{what}", headers, data)

    def bring_all(self):
        self.bring(self.case.presentation)
        if self.case.evidence:
            self.bring(self.case.evidence, "evidence")

    def headers(self):
        sha256 = lambda data: data and hashlib.sha256(data).hexdigest()
        case = self.case
        named = sha256(case.presentation), case.arguments, case.approvals, sha256(case.evidence)
        return Fields(case.invocation, *named).headers()

    def ask(self, content=CONTENT, headers=None, **changes):
        headers = self.headers() if headers is None else headers
        given = self.vector["input"]
        return ask(self.app, given["method"], given["target"], headers, content, **changes)


class MemoryRecordOfADisk(MemoryRecord):
    """One that says it were durable, and takes approvals: the tests of decisions need no disk."""

    durable = True

    def take(self, entry, now):
        if entry.request_id is None:
            super().take(entry, now)


class Decisions(unittest.TestCase):
    def test_every_decision_vector(self):
        names = [vector["name"] for vector in vectors("http", 85) if vector["input"]["kind"] == "decide"]
        for name in names:
            with self.subTest(name):
                visit = Visit(name)
                content = b'{"nights":3}' if name == "decide/content" else CONTENT
                # What is stale by now was brought before.
                later, visit.now = visit.now, 1_800_000_000_000
                visit.bring_all()
                visit.now = later
                status, headers, _ = visit.ask(content)
                result = visit.vector["result"]
                self.assertEqual(status, 200 if result == "ok" else 403)
                self.assertEqual(
                    headers["remit-verdict"], "allowed" if result == "ok" else f"denied; code={result}"
                )
                self.assertEqual(len(visit.shop.served), int(result == "ok"))
        self.assertEqual(len(names), 14)

    def test_what_was_asked_is_told(self):
        visit = Visit("decide/funded")
        visit.bring_all()
        status, headers, content = visit.ask(
            headers=[*visit.headers(), ("Remit-Holder", "me"), ("x-mine", "1")]
        )
        self.assertEqual((status, content, visit.shop.content), (200, b"served", CONTENT))
        (served,) = visit.shop.served
        self.assertEqual((served.action, served.resource, served.amount), ("book", "rooms/12", 100))
        self.assertEqual(served.id, visit.vector["values"]["id"])
        self.assertEqual(list(served.arguments), [visit.case.arguments[0].name])
        self.assertNotIn(b"Remit-Holder", visit.shop.headers)
        self.assertEqual(visit.shop.headers[b"x-mine"], b"1")
        self.assertEqual((headers["remit-id"], headers["remit-amount"]), (served.id, "100"))
        self.assertTrue(headers["remit-content"].endswith("; checked"))

    def test_nobody_asks_for_nothing(self):
        visit = Visit()
        status, headers, content = visit.ask(headers=[])
        self.assertEqual((status, json.loads(content)["code"]), (401, "no_invocation"))
        self.assertEqual(headers["www-authenticate"], f'Remit party="{visit.policy.party}", max_staleness=60')
        self.assertEqual(visit.shop.served, [])

    def test_what_is_not_at_hand_is_brought_and_the_same_bytes_asked_again(self):
        visit = Visit()
        self.assertEqual(visit.ask()[0], 401)
        status, _, content = visit.bring(visit.case.presentation)
        self.assertEqual((status, json.loads(content)["verdict"]["decision"]), (201, "permitted"))
        self.assertEqual([visit.ask()[0] for _ in range(3)], [200, 403, 403])
        self.assertEqual(visit.ask()[1]["remit-verdict"], "denied; code=served_before")
        self.assertEqual(len(visit.shop.served), 1)

    def test_what_is_no_good_is_not_kept(self):
        visit = Visit()
        broken = visit.case.presentation[:-1] + bytes([visit.case.presentation[-1] ^ 1])
        self.assertEqual(visit.bring(broken)[0], 403)
        self.assertEqual(visit.bring(b"no evidence", "evidence")[0], 403)
        self.assertEqual(visit.bring(bytes(1 << 20))[1]["remit-verdict"], "denied; code=oversize")
        url = "/.well-known/remit/presentations"
        self.assertEqual(ask(visit.app, "POST", url, [("content-type", "text/plain")])[0], 415)
        self.assertEqual(ask(visit.app, "GET", url)[0], 405)
        self.assertEqual(visit.ask()[0], 401)

    def test_another_request_than_was_signed(self):
        def code(**changes):
            visit = Visit()
            visit.bring_all()
            answer = visit.ask(**changes)[1]["remit-verdict"]
            self.assertEqual(visit.shop.served, [])
            return answer.removeprefix("denied; code=") if hasattr(answer, "removeprefix") else answer[13:]

        own = Visit().headers()
        self.assertEqual(code(content=b'{"nights":3}'), "wrong_request")
        self.assertEqual(code(headers=[*own, ("host", "other.example")]), "malformed")
        self.assertEqual(code(headers=[*own, own[0]]), "malformed")
        digest = ("content-digest", "sha-256=:" + "A" * 43 + "=:")
        self.assertEqual(code(headers=[*own, digest]), "wrong_request")
        good = ("content-digest", f"sha-256=:{base64.b64encode(hashlib.sha256(CONTENT).digest()).decode()}:")
        self.assertEqual(code(headers=[*own, good, good]), "malformed")
        self.assertEqual(code(raw_path=b"/rooms/1%32/book"), "no_route")
        self.assertEqual(code(raw_path=b"/rooms/13/book"), "malformed")
        self.assertEqual(code(raw_path=None), "malformed")
        self.assertEqual(code(query_string=b"late=1"), "no_route")
        self.assertEqual(code(content=bytes((1 << 20) + 1)), "oversize")

    def test_public_paths_and_other_protocols(self):
        visit = Visit(public=["/health"])
        self.assertEqual(ask(visit.app, "GET", "/health")[0], 200)
        self.assertEqual(visit.shop.served, [None])
        self.assertEqual(ask(visit.app, "GET", "/health?x")[0], 401)
        self.assertEqual(ask(visit.app, "GET", "/health/")[0], 401)
        sent = []

        async def send(message):
            sent.append(message["type"])

        asyncio.run(visit.app({"type": "websocket", "path": "/"}, None, send))
        self.assertEqual((sent, len(visit.shop.served)), (["websocket.close"], 1))

    def test_a_holder_signs_what_is_served(self):
        visit = Visit()
        visit.bring_all()
        subject = judge_case(visit.case.encode()).subject
        wanted = Ask(visit.policy.party, "book", "rooms/12", arguments=visit.case.arguments)
        request = dict(method="POST", authority="hotel.example", target="/rooms/12/book", content=CONTENT)
        holder = holder_of(subject.holder)
        headers = holder.request(visit.case.presentation, wanted, **request, now_ms=visit.now)
        self.assertEqual([visit.ask(headers=headers)[0] for _ in range(2)], [200, 403])
        self.assertEqual(visit.ask(b"{}", headers)[1]["remit-verdict"], "denied; code=wrong_request")
        self.assertLess(sum(len(name) + len(value) for name, value in headers), 1024)


class Following(unittest.TestCase):
    """A presentation of ten minutes ago, which is too old by itself."""

    def visit(self, name, states):
        visit = Visit()
        given = next(vector for vector in vectors("following", 76) if vector["name"] == name)["input"]
        routes = visit.case.policy[visit.case.policy.index(b"[[routes]]") :]
        visit.case = Case.decode(bytes.fromhex(given["case"]))
        visit.policy, visit.now = Policy.from_toml(visit.case.policy + routes), visit.case.now_ms
        record = MemoryRecordOfADisk(visit.policy.skew_ms, MINUTE_AGO)
        clock = lambda: visit.now
        visit.app = RemitMiddleware(
            visit.shop, policy=visit.policy, record=record, clock=clock, followed=lambda: states
        )
        return visit, Followed.restore(bytes.fromhex(given["followed"]))

    def headers_of(self, visit):
        holder = holder_of(judge_case(visit.case.encode()).subject.holder)
        wanted = Ask(visit.policy.party, "book", "rooms/12", arguments=visit.case.arguments)
        request = dict(method="POST", authority="hotel.example", target="/rooms/12/book", content=CONTENT)
        return holder.request(visit.case.presentation, wanted, **request, now_ms=visit.now)

    def test_what_is_followed_is_asked_for_before_each_decision(self):
        states = []
        visit, state = self.visit("judge/good", states)
        self.assertEqual(visit.bring(visit.case.presentation)[1]["remit-verdict"], "denied; code=stale")
        states.append(state)
        self.assertEqual(visit.bring(visit.case.presentation)[0], 201)
        status, headers, _ = visit.ask(headers=self.headers_of(visit))
        self.assertEqual((status, headers["remit-verdict"], headers["remit-age"]), (200, "allowed", "1000"))
        self.assertEqual(len(visit.shop.served), 1)
        # Another state of this ledger, in which its token is revoked.
        states[:] = [self.visit("judge/revoked", states)[1]]
        status, headers, _ = visit.ask(headers=self.headers_of(visit))
        self.assertEqual((status, headers["remit-verdict"]), (403, "denied; code=revoked"))
        self.assertEqual(len(visit.shop.served), 1)

    def test_what_is_followed_cannot_be_had(self):
        visit, state = self.visit("judge/good", [])
        record = MemoryRecordOfADisk(2_000, MINUTE_AGO)
        visit.app = RemitMiddleware(
            visit.shop, policy=visit.policy, record=record, followed=lambda: 1 // 0
        )
        with self.assertRaises(ZeroDivisionError):
            visit.bring(visit.case.presentation)
        self.assertEqual(visit.shop.served, [])


class Restarts(unittest.TestCase):
    def test_a_file_remembers(self):
        with tempfile.TemporaryDirectory() as folder:
            record = lambda: SqliteRecord(Path(folder) / "served.db", 2_000, MINUTE_AGO)
            for expected in ("allowed", "denied; code=served_before"):
                kept = record()
                visit = Visit(record=kept)
                visit.bring_all()
                self.assertEqual(visit.ask()[1]["remit-verdict"], expected)
                self.assertGreater(kept.newest, 0)
                self.assertEqual(kept.count, 1)
                kept.close()
            self.assertEqual((Path(folder) / "served.db").stat().st_mode & 0o777, 0o600)

    def test_approvals_need_a_file(self):
        with tempfile.TemporaryDirectory() as folder:
            visit = Visit(
                "decide/approved", record=SqliteRecord(Path(folder) / "served.db", 2_000, MINUTE_AGO)
            )
            visit.bring_all()
            self.assertEqual([visit.ask()[0] for _ in range(2)], [200, 403])

    def test_memory_serves_nobody_at_first(self):
        visit = memory("decide/served", start_ms=1_800_000_000_000)
        visit.bring_all()
        self.assertEqual(visit.ask()[1]["remit-verdict"], "denied; code=before_start")
        visit = memory("decide/served", start_ms=MINUTE_AGO)
        visit.bring_all()
        self.assertEqual([visit.ask()[0] for _ in range(2)], [200, 403])
        visit = memory("decide/approved", start_ms=MINUTE_AGO)
        visit.bring_all()
        self.assertEqual((visit.ask()[0], visit.shop.served), (503, []))

    def test_no_file_no_service(self):
        with tempfile.TemporaryDirectory() as folder:
            kept = SqliteRecord(Path(folder) / "served.db", 2_000, MINUTE_AGO)
            visit = Visit(record=kept)
            visit.bring_all()
            kept.close()
            self.assertEqual((visit.ask()[0], visit.shop.served), (503, []))

    def test_a_policy_that_wants_a_disk_gets_one(self):
        policy = Visit().policy
        for record in (None, MemoryRecord(2_000)):
            with self.assertRaises(ValueError):
                RemitMiddleware(Shop(), policy=policy, record=record)


def memory(name, start_ms):
    """A visit to a service whose policy keeps its record in memory."""
    visit = Visit(name)
    visit.policy = Policy.from_toml('record = "memory"\n' + visit.case.policy.decode())
    clock = lambda: visit.now
    record = MemoryRecord(visit.policy.skew_ms, start_ms)
    visit.app = RemitMiddleware(visit.shop, policy=visit.policy, record=record, clock=clock)
    return visit


class Keeping(unittest.TestCase):
    def test_what_was_not_used_lately_goes_first(self):
        kept = Kept(room=3)
        hashes = [kept.keep(data) for data in (b"a", b"b", b"c")]
        kept.find(hashes[0])
        kept.keep(b"d")
        self.assertEqual(kept.find(hashes[0]), b"a")
        with self.assertRaises(Exception) as no:
            kept.find(hashes[1])
        self.assertEqual(no.exception.code, "unknown_presentation")
        kept.keep(b"long")
        self.assertEqual(kept._bytes, 0)


if __name__ == "__main__":
    unittest.main()
