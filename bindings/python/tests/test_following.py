"""Every vector of following (spec 22): changes of a table, updates, verdicts by what is followed."""

import json
import unittest
from collections import Counter

from helpers import maybe, outcome, vectors
from remit_verifier import Case, Followed, FollowError, Policy, Refused, Verifier, status_changes


def listed(changes):
    """Indexes and statuses that runs say (spec 22, section 2), of a table in which every status was 0."""
    numbers, shift, number = [], 0, 0
    for byte in changes:
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            numbers.append(number)
            shift = number = 0
    found, index, numbers = [], 0, iter(numbers)
    for number in numbers:
        index += number >> 3
        length = next(numbers) + 2 if number & 1 else 1
        found += [(at, number >> 1 & 3) for at in range(index, index + length)]
        index += length
    return found


def follow(given):
    """The state after the update of a vector, and the one before it."""
    policy, update = Policy.from_toml(given["policy"]), bytes.fromhex(given["update"])
    have, now_ms = maybe(given["have"]), int(given["now"])
    if have is None:
        return None, Followed.begin(policy, update, now_ms=now_ms)
    before = Followed.restore(have)
    return before, before.advance(policy, update, now_ms=now_ms)


def judge(given):
    """The verdict on the case of a vector by what it follows."""
    case = Case.decode(bytes.fromhex(given["case"]))
    verifier = Verifier(Policy.from_toml(case.policy), newest=case.newest)
    verifier.follow(Followed.restore(bytes.fromhex(given["followed"])))
    brought = (case.presentation, case.invocation, case.arguments, case.approvals, case.evidence)
    return verifier.verify(*brought, now_ms=case.now_ms)


def named(name):
    """The vector with this name."""
    return next(vector for vector in vectors("following", 76) if vector["name"] == name)


class Following(unittest.TestCase):
    def changes(self, given):
        before, changes = bytes.fromhex(given["before"]["listed"]), bytes.fromhex(given["changes"])
        before_size, size = int(given["before"]["size"]), int(given["size"])
        table, root = status_changes(changes, size, before=before, before_size=before_size)
        return {"listed": table.hex(), "root": root}

    def follow(self, given):
        before, state = follow(given)
        values = {"size": str(state.size), "snapshot": state.snapshot().hex()}
        self.assertEqual(Followed.restore(state.snapshot()), state)
        statuses = dict(state.listed())
        for index in range(state.leaves):
            self.assertEqual(state.status(index), statuses.get(index, 0))
        self.assertIsNone(state.status(state.leaves))
        if before is not None:
            self.assertEqual(before.snapshot().hex(), given["have"], "it is never changed")
        return values, state.listed()

    def test_every_vector(self):
        kinds = Counter()
        for vector in vectors("following", 76):
            given = vector["input"]
            with self.subTest(vector["name"]):
                kinds[given["kind"]] += 1
                if given["kind"] == "judge":
                    self.judged(vector)
                    continue
                result, values = outcome(lambda: getattr(self, given["kind"])(given))
                self.assertEqual(result, vector["result"])
                if result != "ok":
                    continue
                expected = dict(vector["values"])
                if given["kind"] == "follow":
                    values, found = values
                    self.assertEqual(found, listed(bytes.fromhex(expected.pop("listed"))))
                self.assertEqual(values, expected)
        self.assertEqual(set(kinds), {"changes", "follow", "judge"})

    def judged(self, vector):
        verdict = judge(vector["input"])
        shown = json.loads(verdict.json())
        shown.pop("reason", None)
        self.assertEqual(shown, vector["values"])
        self.assertEqual(verdict.code or "ok", vector["result"])

    def test_what_does_not_go_on_is_no_code_of_a_verdict(self):
        for name in ("not-since", "behind", "fork", "not-consistent"):
            with self.subTest(name), self.assertRaises(FollowError) as no:
                follow(named(f"follow/{name}")["input"])
            self.assertEqual(no.exception.code, name.replace("-", "_"))
            self.assertFalse(isinstance(no.exception, Refused))
        with self.assertRaises(Refused):
            follow(named("follow/quorum")["input"])
        with self.assertRaises(FollowError):
            Followed.restore(bytes.fromhex(named("follow/changes")["input"]["update"]))

    def test_what_is_known_of_a_state(self):
        vector = named("follow/changes")
        _, state = follow(vector["input"])
        case = Case.decode(bytes.fromhex(named("judge/good")["input"]["case"]))
        brought = (case.presentation, case.invocation, case.arguments, case.approvals, case.evidence)
        verifier = Verifier(Policy.from_toml(case.policy), newest=case.newest)
        # Nothing is followed yet.
        self.assertEqual(verifier.verify(*brought, now_ms=case.now_ms).code, "stale")
        shown = named("judge/good")["values"]["subject"]["ledger"]
        self.assertEqual((state.ledger, state.frozen), (shown, False))
        # Size and root stand in the checkpoint, time and leaves in the commitment.
        lines = state.note.decode().splitlines()
        self.assertEqual(lines[1], str(state.size))
        self.assertEqual(len(state.root), 64)
        self.assertEqual(state.committed_ms, 1_800_000_000_000)
        self.assertGreater(state.leaves, 2_048)
        frozen = Followed.restore(bytes.fromhex(named("judge/frozen-ledger")["input"]["followed"]))
        self.assertTrue(frozen.frozen)

    def test_the_later_state_of_a_ledger_takes_the_place_of_the_other(self):
        good, revoked = (named(f"judge/{name}")["input"] for name in ("good", "revoked"))
        case = Case.decode(bytes.fromhex(good["case"]))
        verifier = Verifier(Policy.from_toml(case.policy), newest=case.newest)
        brought = (case.presentation, case.invocation, case.arguments, case.approvals, case.evidence)
        codes = []
        for given in (good, revoked):
            verifier.follow(Followed.restore(bytes.fromhex(given["followed"])))
            codes.append(verifier.verify(*brought, now_ms=case.now_ms).code)
        self.assertEqual(codes, [None, "revoked"])


if __name__ == "__main__":
    unittest.main()
