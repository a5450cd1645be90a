"""Every vector of what a verifier decodes, proves and compares: objects, submissions, conditions, permissions, trees,
and what a witness answers."""

import unittest
from collections import Counter

from helpers import ROOT, outcome, vectors
from remit_verifier import (
    Argument,
    Authority,
    Case,
    Holder,
    Refused,
    Witness,
    accept_checkpoint,
    codes,
    describe,
    describe_submission,
    holds,
    leaf_hash,
    next_history,
    status_leaf,
    tree_root,
    verifier_key,
    verify_consistency,
    verify_inclusion,
    verify_multiproof,
    verify_receipt,
)


def value(stated):
    """A value of an argument or operand in the notation of the vectors."""
    if stated is None:
        return None
    if "integer" in stated:
        return int(stated["integer"])
    return stated["text"] if "text" in stated else stated["bool"]


def argument(stated):
    return Argument(stated["name"], value(stated["value"]))


ACTS = """party party_keys unit issuer transfer rekey veto suspend resume revoke cut end capture release refund freeze
unfreeze upgrade request approve withdraw lease lease_close settle offer trade"""
KINDS = {
    *"sign1 token sealed invocation argument use entry leaf link values presentation evidence case".split(),
    *(f"act:{kind}" for kind in ACTS.split()),
    "public_key",
    "path",
}


class Files(unittest.TestCase):
    # Which test runs a file; those of the first are in this package's other files.
    RUN = {
        "test_vectors": ["verdicts", "http", "vouchers"],
        "test_following": ["following"],
        "test_formats": ["objects", "submissions", "conditions", "permissions", "trees", "witness", "receipts"],
        "test_ledger": ["rules", "attacks"],
    }

    def test_every_file_of_vectors_is_run(self):
        files = sorted(path.stem for path in (ROOT / "spec/vectors").glob("*.json"))
        self.assertEqual(files, sorted(name for names in self.RUN.values() for name in names))
        for test, names in self.RUN.items():
            source = (ROOT / f"bindings/python/tests/{test}.py").read_text()
            for name in names:
                self.assertIn(f'vectors("{name}", ', source)


class Objects(unittest.TestCase):
    DECODERS = {"argument": Argument.decode, "case": Case.decode}

    def test_every_object(self):
        kinds, good = Counter(), 0
        for vector in vectors("objects", 1408):
            given, kind = vector["input"], vector["input"]["kind"]
            kinds[kind] += 1
            with self.subTest(vector["name"]):
                data = given["text"].encode() if kind == "path" else bytes.fromhex(given["bytes"])
                about = {"ledger": given.get("ledger"), "label": given.get("label")}
                result, shown = outcome(lambda: describe(kind, data, **about))
                self.assertEqual(result, vector["result"])
                if decode := self.DECODERS.get(kind):
                    again, read = outcome(lambda: decode(data))
                    self.assertEqual(again, result)
                    if read is not None:
                        self.assertEqual(read.encode(), data)
                if shown is None:
                    continue
                good += 1
                self.assertTrue(shown["says"] or shown["says"] == "")
                for name, stated in vector.get("values", {}).items():
                    self.assertEqual(shown[name], stated, name)
        self.assertEqual(set(kinds), KINDS)
        self.assertGreaterEqual(good, 68)

    def test_what_an_object_says_has_names(self):
        def of(name):
            vector = next(vector for vector in vectors("objects", 1408) if vector["name"] == name)
            return describe(vector["input"]["kind"], bytes.fromhex(vector["input"]["bytes"]))["says"]

        token = of("token-root")
        self.assertEqual((token["mode"], token["expires_s"]), ("root", 1_802_592_000))
        self.assertEqual(
            token["permissions"][0]["conditions"][0], {"argument": "nights", "operator": "le", "operands": [14]}
        )
        capture = of("capture")
        self.assertEqual((capture["number"], capture["amount"]), (1, "48000"))
        self.assertEqual(of("leaf-ledger")["kind"], "ledger")
        self.assertEqual(of("entry-genesis")["origin"], "ledger.example/vectors")

    def test_no_kind_is_made_up(self):
        for kind in ("tokens", "act:issue", "act:genesis", "act:", ""):
            with self.assertRaises(ValueError):
                describe(kind, b"")

    def test_a_signed_object_is_checked_under_its_label(self):
        vector = next(vector for vector in vectors("objects", 1408) if vector["name"] == "sign1")
        data, ledger = bytes.fromhex(vector["input"]["bytes"]), vector["input"]["ledger"]
        under = lambda label, ledger=ledger: outcome(lambda: describe("sign1", data, ledger=ledger, label=label))
        self.assertEqual(under("remit/token/v1")[1]["id"], vector["values"]["id"])
        self.assertEqual(under("remit/party/v1")[0], "bad_signature")
        self.assertEqual(under("remit/token/v1", "07" * 32)[0], "bad_signature")
        self.assertEqual(under("remit/token/v9")[0], "wrong_label")
        self.assertNotIn("id", under(None)[1])


class Submissions(unittest.TestCase):
    def test_every_submission(self):
        good = 0
        for vector in vectors("submissions", 80):
            with self.subTest(vector["name"]):
                data = bytes.fromhex(vector["input"]["bytes"])
                result, shown = outcome(lambda: describe_submission(data, vector["input"]["ledger"]))
                self.assertEqual(result, vector["result"])
                if shown is None:
                    continue
                good += 1
                names = ("kind", "id", "objects", "payload")
                operations = [{name: one.get(name) for name in names} for one in shown["operations"]]
                read = {"id": shown["id"], "kind": shown["kind"], "operations": operations}
                self.assertEqual(read, vector["values"])
                self.assertTrue(all(one["says"] for one in shown["operations"]))
        self.assertGreaterEqual(good, 20)


class Claims(unittest.TestCase):
    def test_every_condition(self):
        operators = Counter()
        for vector in vectors("conditions", 109):
            with self.subTest(vector["name"]):
                given = vector["input"]
                operators[given["operator"]] += 1
                operands = [value(operand) for operand in given["operands"]]
                came = holds(given["operator"], operands, value(given["value"]))
                self.assertEqual((came, vector["result"]), (vector["values"]["holds"], "ok"))
        self.assertEqual(set(operators), {"eq", "ne", "lt", "le", "gt", "ge", "in", "prefix"})
        # What is missing is no value of any type.
        for operator in operators:
            for operand in (True, False, 0, ""):
                self.assertFalse(holds(operator, [operand], None))
        with self.assertRaises(ValueError):
            holds("like", ["a"], "a")

    def judge(self, given):
        chain = Authority([bytes.fromhex(token) for token in given["tokens"]])
        if asked := given.get("asked"):
            shown = asked["arguments"]
            arguments = None if shown is None else [argument(one) for one in shown]
            chain.allows(asked["audience"], asked["action"], asked["resource"], arguments)
        if payment := given.get("payment"):
            chain.allows_payment(int(payment["amount"]), payment["unit"])

    def test_every_permission(self):
        inputs = Counter()
        for vector in vectors("permissions", 61):
            with self.subTest(vector["name"]):
                inputs.update(vector["input"].keys())
                self.assertEqual(outcome(lambda: self.judge(vector["input"]))[0], vector["result"])
        self.assertEqual(set(inputs), {"tokens", "asked", "payment"})
        with self.assertRaises(ValueError):
            Authority([])


class Trees(unittest.TestCase):
    def run_vector(self, given):
        kind = given["kind"]
        if kind == "root":
            return {"root": tree_root([leaf_hash(bytes.fromhex(leaf)) for leaf in given["leaves"]])}
        if kind == "inclusion":
            place = int(given["index"]), int(given["size"])
            return verify_inclusion(given["leaf_hash"], *place, given["path"], given["root"])
        if kind == "consistency":
            old, new = (int(given["old_size"]), given["old_root"]), (int(given["new_size"]), given["new_root"])
            return verify_consistency(*old, *new, given["path"])
        if kind == "multiproof":
            leaves = [(int(leaf["index"]), leaf["hash"]) for leaf in given["leaves"]]
            return verify_multiproof(leaves, int(given["size"]), given["siblings"], given["root"])
        if kind == "history":
            return {"after": next_history(given["before"], int(given["index"]), given["entry"])}
        if kind == "status":
            statuses = {int(one["index"]): one["status"] for one in given["statuses"]}
            leaf = status_leaf(int(given["chunk"]), statuses)
            return {"leaf": leaf.hex(), "leaf_hash": leaf_hash(leaf)}
        raise AssertionError(kind)

    def test_every_tree(self):
        kinds = Counter()
        for vector in vectors("trees", 153):
            with self.subTest(vector["name"]):
                result, values = outcome(lambda: self.run_vector(vector["input"]))
                self.assertEqual(result, vector["result"])
                kinds[vector["input"]["kind"], result] += 1
                if values is not None:
                    self.assertEqual(values, vector["values"])
        proofs = ("inclusion", "consistency", "multiproof")
        both = {(kind, result) for kind in proofs for result in ("ok", "bad_proof")}
        self.assertEqual(set(kinds), both | {(kind, "ok") for kind in ("root", "history", "status")})

    def test_a_chunk_has_its_own_indexes(self):
        for chunk, statuses in ((0, {2048: 1}), (1, {2047: 1}), (0, {1: 4})):
            with self.assertRaises((ValueError, OverflowError)):
                status_leaf(chunk, statuses)


class Receipts(unittest.TestCase):
    def test_every_receipt(self):
        results = Counter()
        for vector in vectors("receipts", 47):
            with self.subTest(vector["name"]):
                given = vector["input"]
                read = lambda: verify_receipt(bytes.fromhex(given["receipt"]), bytes.fromhex(given["entry"]), given["key"])
                result, shown = outcome(read)
                self.assertEqual(result, vector["result"])
                results[result] += 1
                if shown is not None:
                    said = {name: str(shown[name]) for name in ("origin", "time_s", "size", "index")}
                    self.assertEqual(said, vector["values"])
        self.assertGreaterEqual(results["ok"], 6)
        self.assertLessEqual({"other_log", "other_size", "bad_proof", "bad_signature"}, set(results))
        # One tag is that of a receipt, and no other of one byte.
        given = vectors("receipts", 47)[0]["input"]
        other = b"\xd1" + bytes.fromhex(given["receipt"])[1:]
        result, _ = outcome(lambda: verify_receipt(other, bytes.fromhex(given["entry"]), given["key"]))
        self.assertEqual(result, "malformed")
        with self.assertRaises(ValueError):
            verify_receipt(b"", b"", "no key")


class Witnesses(unittest.TestCase):
    ORIGIN = "log.example/one"

    def answer(self, given):
        witness = Witness(given["witness"]["name"], bytes.fromhex(given["witness"]["seed"]), given["keys"])
        known = given["latest"]
        latest = known and {self.ORIGIN: (int(known["size"]), known["root"], int(known["time_s"]))}
        return witness.answer(bytes.fromhex(given["body"]), latest=latest or {}, now_s=int(given["now_s"]))

    def test_every_answer(self):
        answers, cosigned = Counter(), 0
        for vector in vectors("witness", 52):
            with self.subTest(vector["name"]):
                came = self.answer(vector["input"])
                answers[came["answer"]] += 1
                stated = vector["values"]
                self.assertEqual(came["answer"], vector["result"])
                self.assertEqual((came["status"], came["evidence"]), (stated["status"], stated["evidence"]))
                if came["status"] in (200, 409):
                    self.assertEqual(came["body"], stated["body"])
                else:
                    self.assertTrue(came["body"].startswith(f"{came['answer']}: "))
                    self.assertNotIn("body", stated)
                if came["answer"] == "ok":
                    cosigned += 1
                    self.assertTrue(self.counts(vector["input"], came))
        self.assertGreaterEqual(cosigned, 10)
        names = "malformed unknown_origin untrusted old_ahead other_size root_of_empty fork proof_of_nothing"
        self.assertEqual(set(answers), {"ok", "inconsistent", *names.split()})

    def counts(self, given, came):
        """Whether whoever trusts the witness accepts the note with its line, at the time that it says."""
        note = bytes.fromhex(given["body"]).partition(b"\n\n")[2] + came["body"].encode()
        witness = Witness(given["witness"]["name"], bytes.fromhex(given["witness"]["seed"]), given["keys"])
        keys = "".join(f"log {key}\n" for key in given["keys"])
        trust = f"{keys}witness w {witness.vkey}\nquorum w\n"
        shown = accept_checkpoint(trust, note, now_ms=came["time_s"] * 1000)
        self.assertEqual((shown["origin"], shown["size"], shown["root"]), (came["origin"], came["size"], came["root"]))
        self.assertEqual(shown["evidence_time_ms"], came["time_s"] * 1000)
        early, _ = outcome(lambda: accept_checkpoint(trust, note, now_ms=came["time_s"] * 1000 - 1))
        return early == "clock"

    def test_one_key_has_one_role(self):
        seed = bytes([3] * 32)
        witness = Witness("w.example", seed, [verifier_key("log.example", Holder(bytes([1] * 32)).public_key)])
        self.assertTrue(witness.vkey.startswith("w.example+"))
        own = verifier_key("log.example", Holder(seed).public_key)
        for logs in ([], [own], [witness.vkey], ["no key"]):
            with self.assertRaises(ValueError):
                Witness("w.example", seed, logs)


if __name__ == "__main__":
    unittest.main()
