"""Every vector of the files that concern a verifier comes out by its own code."""

import hashlib
import json
import unittest
from collections import Counter

from helpers import ROOT, maybe, outcome, vectors
from remit_verifier import (
    Argument,
    Case,
    Fields,
    OpenLease,
    Policy,
    Till,
    Unrecorded,
    Verifier,
    codes,
    decide,
    judge_case,
    request_digest,
)


class Verdicts(unittest.TestCase):
    def test_every_verdict_is_the_whole_verdict(self):
        failed = set()
        for vector in vectors("verdicts", 120):
            with self.subTest(vector["name"]):
                verdict = judge_case(bytes.fromhex(vector["input"]["case"]))
                shown = json.loads(verdict.json())
                self.assertEqual("reason" in shown, verdict.decision == "denied")
                shown.pop("reason", None)
                self.assertEqual(shown, vector["values"])
                self.assertEqual(verdict.code or "ok", vector["result"])
                failed.update(name for name, _, result, _ in verdict.checks if result == "failed")
        self.assertGreater(len(failed), 25, "a check that no vector fails")

    def test_a_verifier_says_what_the_case_says(self):
        for vector in vectors("verdicts", 120):
            with self.subTest(vector["name"]):
                case = Case.decode(bytes.fromhex(vector["input"]["case"]))
                verifier = Verifier(Policy.from_toml(case.policy), newest=case.newest)
                brought = (case.presentation, case.invocation, case.arguments, case.approvals, case.evidence)
                for _ in range(2):
                    verdict = verifier.verify(*brought, now_ms=case.now_ms)
                    self.assertEqual(verdict.code or "ok", vector["result"])
                    self.assertEqual(verdict.decision, vector["values"]["decision"])
                self.assertEqual(case.encode(), bytes.fromhex(vector["input"]["case"]))

    def test_values_are_plain(self):
        paid = 0
        for vector in vectors("verdicts", 120):
            verdict = judge_case(bytes.fromhex(vector["input"]["case"]))
            said, subject = vector["values"]["subject"], verdict.subject
            with self.subTest(vector["name"]):
                self.assertEqual(verdict.age_ms, vector["values"].get("age_ms"))
                for name in ("ledger", "issuer", "token", "holder", "id", "request_id"):
                    self.assertEqual(getattr(subject, name), said.get(name))
                asked, shown = subject.invocation, said.get("invocation")
                if asked is None:
                    self.assertIsNone(shown)
                    continue
                for name in ("audience", "action", "resource", "request"):
                    self.assertEqual(getattr(asked, name), shown.get(name))
                payment = shown.get("payment", {})
                self.assertEqual(str(asked.amount or ""), payment.get("amount", ""))
                self.assertEqual(
                    (asked.unit, asked.settle_by), (payment.get("unit"), payment.get("settle_by_s"))
                )
                paid += asked.amount is not None
        self.assertGreater(paid, 20)


class Http(unittest.TestCase):
    def run_vector(self, given):
        kind = given["kind"]
        if kind == "digest":
            parts = (given[part] for part in ("method", "authority", "target", "content", "presentation"))
            return {"digest": request_digest(*parts)}
        if kind == "fields":
            read = Fields.read([(name.encode(), value.encode("latin-1")) for name, value in given["fields"]])
            return {
                "approvals": [approval.hex() for approval in read.approvals],
                "arguments": [argument.encode().hex() for argument in read.arguments],
                "evidence": read.evidence,
                "invocation": read.invocation.hex(),
                "presentation": read.presentation,
            }
        if kind == "route":
            action, resource, cost = policy_with(given["routes"]).route(given["method"], given["target"])
            cost = cost and {"amount": str(cost[0]), "unit": cost[1]}
            return {"action": action, "cost": cost, "resource": resource}
        return self.decided(given)

    def decided(self, given):
        case = Case.decode(bytes.fromhex(given["case"]))
        sha256 = lambda content: content and hashlib.sha256(content).hexdigest()
        fields = Fields(
            case.invocation, sha256(case.presentation), case.arguments, case.approvals, sha256(case.evidence)
        )
        verifier = Verifier(Policy.from_toml(case.policy), newest=case.newest)
        request = (given["method"], given["authority"], given["target"], given["content"])
        verdict, answer = decide(
            verifier, *request, fields, case.presentation, case.evidence, now_ms=case.now_ms
        )
        if not isinstance(answer, Unrecorded):
            return answer
        self.assertIn(verdict.decision, ("allowed",))
        return {
            "id": answer.id,
            "request_id": answer.request_id,
            "root": answer.root,
            "valid_until_s": str(answer.valid_until),
        }

    def test_every_request(self):
        kinds = Counter()
        for vector in vectors("http", 85):
            with self.subTest(vector["name"]):
                kinds[vector["input"]["kind"]] += 1
                result, values = outcome(lambda: self.run_vector(vector["input"]))
                if isinstance(values, str):
                    result, values = values, None
                self.assertEqual(result, vector["result"])
                if result == "ok":
                    self.assertEqual(values, vector["values"])
        self.assertEqual(set(kinds), {"digest", "fields", "route", "decide"})


def policy_with(routes):
    """A policy that has these routes."""
    case = Case.decode((ROOT / "spec/examples/hotel.case").read_bytes())
    return Policy.from_toml(case.policy.decode() + routes)


class Vouchers(unittest.TestCase):
    def run_vector(self, given):
        policy = Policy.from_toml(given["policy"])
        proof = bytes.fromhex(given["proof"])
        if given["kind"] == "proof":
            lease = OpenLease.verify(proof, policy, now_ms=int(given["now_ms"]))
            return {
                "amount": str(lease.amount),
                "holder": lease.holder,
                "lease": lease.id,
                "ledger": lease.ledger,
                "per_use": None if lease.per_use is None else str(lease.per_use),
                "till": lease.till,
            }
        lease = OpenLease.verify(proof, policy, now_ms=int(given["opened_ms"]))
        kept = maybe(given["kept"])
        till = Till(given["till"], lease) if kept is None else Till.decode(kept)
        shown = [Argument.decode(bytes.fromhex(argument)) for argument in given["arguments"]]
        voucher, now_ms = bytes.fromhex(given["voucher"]), int(given["now_ms"])
        after = till.accept(lease, voucher, shown, policy=policy, now_ms=now_ms)
        if after is None:
            return {"answer": "repeated"}
        return {"answer": "taken", "till": after.encode().hex()}

    def test_every_lease_and_voucher(self):
        kinds = Counter()
        for vector in vectors("vouchers", 56):
            with self.subTest(vector["name"]):
                kinds[vector["input"]["kind"]] += 1
                result, values = outcome(lambda: self.run_vector(vector["input"]))
                self.assertEqual(result, vector["result"])
                if result == "ok":
                    self.assertEqual(values, vector["values"])
        self.assertEqual(set(kinds), {"proof", "voucher"})


class Objects(unittest.TestCase):
    DECODERS = {"argument": Argument.decode, "case": Case.decode}

    def test_what_is_decoded_here(self):
        kinds = Counter()
        for vector in vectors("objects", 1000):
            given = vector["input"]
            decode = self.DECODERS.get(given["kind"])
            if decode is None:
                continue
            with self.subTest(vector["name"]):
                kinds[given["kind"]] += 1
                data = bytes.fromhex(given["bytes"])
                result, read = outcome(lambda: decode(data))
                self.assertEqual(result, vector["result"])
                if read is not None:
                    self.assertEqual(read.encode(), data)
                    if given["kind"] == "argument":
                        self.assertEqual(read.digest, vector["values"]["digest"])
        self.assertEqual(set(kinds), set(self.DECODERS))


class Codes(unittest.TestCase):
    def test_they_are_those_of_the_specification(self):
        page = (ROOT / "spec/15-codes.md").read_text()
        for text, (number, meaning) in codes().items():
            self.assertIn(f"| {number} | `{text}` | {meaning}", page)


if __name__ == "__main__":
    unittest.main()
