"""The side that asks: what is signed here is taken by verifier and till, and nothing else is signed."""

import base64
import unittest

from helpers import holder_of, outcome, seed, vectors
from remit_verifier import (
    Argument,
    Ask,
    Case,
    Holder,
    Link,
    OpenLease,
    Permission,
    Policy,
    Till,
    Verifier,
    Wallet,
)
from remit_verifier import judge_case

PKCS8 = bytes.fromhex("302e020100300506032b657004220420")


def scene(name):
    """Case, policy and holder of a verdict or decision vector."""
    vector = next(vector for vector in vectors("http", 85) if vector["name"] == name)
    case = Case.decode(bytes.fromhex(vector["input"]["case"]))
    return case, Policy.from_toml(case.policy), holder_of(judge_case(case.encode()).subject.holder)


class Asking(unittest.TestCase):
    def test_keys(self):
        lines = base64.b64encode(PKCS8 + seed("agent")).decode()
        pem = f"-----BEGIN PRIVATE KEY-----\n{lines}\n-----END PRIVATE KEY-----\n"
        keys = {Holder(key).public_key for key in (seed("agent"), pem, pem.encode())}
        self.assertEqual(len(keys), 1)
        for wrong in (b"short", "no key", pem.replace("PRIVATE", "PUBLIC")):
            with self.assertRaises(ValueError):
                Holder(wrong)
        self.assertNotIn(seed("agent").hex(), repr(Holder(seed("agent"))))

    def test_an_invocation_is_allowed(self):
        case, policy, holder = scene("decide/served")
        wanted = Ask(policy.party, "book", "rooms/12", arguments=case.arguments)
        id, invocation = holder.invoke(case.presentation, wanted, now_ms=case.now_ms)
        verdict = Verifier(policy).verify(case.presentation, invocation, case.arguments, now_ms=case.now_ms)
        self.assertEqual((verdict.decision, verdict.subject.id), ("allowed", id))
        other = holder.invoke(case.presentation, wanted, now_ms=case.now_ms)
        self.assertNotEqual(other[0], id, "every invocation has a nonce of its own")
        stranger = outcome(lambda: Holder(bytes(32)).invoke(case.presentation, wanted, now_ms=case.now_ms))
        self.assertEqual(stranger[0], "wrong_holder")
        with self.assertRaises(ValueError):
            Ask(policy.party, "book", "rooms/12", amount=1)
        nothing = Ask(policy.party, "book", "rooms/12", amount=0, unit=bytes(32), settle_by=1)
        self.assertEqual(
            outcome(lambda: holder.invoke(case.presentation, nothing, now_ms=case.now_ms))[0], "malformed"
        )

    def test_arguments_are_signed_in_canonical_order(self):
        case, policy, holder = scene("decide/served")
        shown = [Argument("zz", True), Argument("b", 7), *case.arguments]
        wanted = Ask(policy.party, "book", "rooms/12", arguments=shown)
        _, invocation = holder.invoke(case.presentation, wanted, now_ms=case.now_ms)
        verdict = Verifier(policy).verify(case.presentation, invocation, shown, now_ms=case.now_ms)
        self.assertEqual(verdict.code, None)


class Attenuating(unittest.TestCase):
    def test_a_link_is_no_wider_and_an_hour_at_most(self):
        found = 0
        for vector in vectors("verdicts", 120):
            case = Case.decode(bytes.fromhex(vector["input"]["case"]))
            verdict = judge_case(case.encode())
            asked = verdict.subject.invocation
            if vector["result"] != "ok" or asked is None or asked.amount is not None or case.approvals:
                continue
            holder, sub = holder_of(verdict.subject.holder), Holder(bytes([9] * 32))
            second = case.now_ms // 1000
            link = lambda life=1, **claims: Link(sub.public_key, second + life, **claims)
            append = lambda claims: outcome(
                lambda: holder.attenuate(case.presentation, claims, now_ms=case.now_ms)
            )
            said, longer = append(link())
            if said != "ok":
                self.assertIn(said, ("not_delegable", "too_deep", "wider_than_parent"))
                continue
            found += 1
            self.assertEqual(append(link(3601))[0], "bad_time")
            self.assertEqual(append(link(0))[0], "bad_time")
            self.assertEqual(append(link(delegation=("offline", 99)))[0], "wider_than_parent")
            stranger = outcome(lambda: sub.attenuate(case.presentation, link(), now_ms=case.now_ms))
            self.assertEqual(stranger[0], "wrong_signer")
            self.check(case, sub, longer, asked, append(link(permissions=[Permission(actions=["other"])])))
        self.assertGreater(found, 0)

    def check(self, case, sub, longer, asked, narrow):
        policy = Policy.from_toml(case.policy)
        wanted = Ask(asked.audience, asked.action, asked.resource, arguments=case.arguments)

        def code(presentation):
            _, invocation = sub.invoke(presentation, wanted, now_ms=case.now_ms)
            return Verifier(policy).verify(presentation, invocation, case.arguments, now_ms=case.now_ms).code

        self.assertEqual(code(longer[0]), None)
        if narrow[0] == "ok":
            self.assertEqual(code(narrow[1][0]), "action_not_allowed")


class Paying(unittest.TestCase):
    def test_a_wallet_neither_exceeds_nor_goes_back(self):
        given = next(
            v["input"]
            for v in vectors("vouchers", 56)
            if v["input"]["kind"] == "voucher" and v["result"] == "ok"
        )
        policy, now = Policy.from_toml(given["policy"]), int(given["opened_ms"])
        proof = bytes.fromhex(given["proof"])
        lease = OpenLease.verify(proof, policy, now_ms=now)
        holder, wallet, till = holder_of(lease.holder), Wallet(lease.ledger, proof), Till(lease.till, lease)
        shown = [Argument.decode(bytes.fromhex(argument)) for argument in given["arguments"]]
        most = min(lease.amount, lease.per_use or lease.amount)

        def sign(wallet, amount, by=holder):
            wanted = dict(action="look", resource="rooms/12", arguments=shown, now_ms=now)
            return outcome(lambda: by.voucher(wallet, amount=amount, **wanted))

        self.assertEqual(sign(wallet, 0)[0], "bad_amount")
        self.assertEqual(sign(wallet, 1, Holder(bytes(32)))[0], "wrong_holder")
        self.assertIn(sign(wallet, most + 1)[0], ("above_per_use", "above_leased"))
        numbers = []
        while True:
            said, signed = sign(wallet, most)
            if said != "ok" or len(numbers) == 3:
                break
            wallet = Wallet.decode(signed[0].encode())
            numbers.append(wallet.number)
        self.assertEqual(numbers, list(range(1, len(numbers) + 1)))
        self.assertGreater(len(numbers), 0)
        self.assertEqual(outcome(wallet.take_back().take_back)[0], "wrong_number")
        self.assertEqual(wallet.take_back().number, wallet.number - 1)
        self.assertEqual(till.number, 0)


if __name__ == "__main__":
    unittest.main()
