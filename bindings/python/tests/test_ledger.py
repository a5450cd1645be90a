"""rules.json and attacks.json, as far as they concern a verifier: every entry, detail, leaf, history, root,
checkpoint and submission in them. What the ledger answers and why (spec 11) is the ledger's own: no verifier
replays."""

import hashlib
import unittest

from helpers import outcome, vectors
from remit_verifier import (
    accept_checkpoint,
    describe,
    describe_submission,
    details_digest,
    leaf_hash,
    next_history,
    status_leaf,
    tree_root,
    verifier_key,
)

# What the bytes of a submission are refused for, before anything is looked up (spec 02 §6).
BY_BYTES = set(
    """malformed not_canonical trailing_bytes oversize too_many unknown_field wrong_label unknown_kind bad_key
    wrong_ledger bad_signature sealed_mismatch bundle_mismatch""".split()
)


class Ledger:
    """A log and its state, out of what the vectors say of them."""

    def __init__(self, test):
        self.test, self.log, self.leaves, self.hashes = test, [], {}, {}
        self.id = self.trust = self.last = None

    def entry(self, data):
        shown = describe("entry", data)
        if not self.log:
            self.id = shown["ledger"]
            self.test.assertEqual(self.id, hashlib.sha256(data).hexdigest())
            key = verifier_key(shown["says"]["origin"], shown["says"]["log_key"])
            self.trust = f"log {key}\nquorum none\n"
        self.log.append(shown["leaf_hash"])
        self.last = shown["says"]
        return shown["says"]

    def leaf(self, data, begin):
        shown = describe("leaf", data)
        says = shown["says"]
        before = self.leaves[says["index"]]["history"] if says["index"] in self.leaves else "00" * 32
        self.test.assertTrue(self.folds(before, says["history"], begin), f"history of leaf {says['index']}")
        self.leaves[says["index"]] = {**says, "status": shown["status"]}
        self.hashes[says["index"]] = shown["leaf_hash"]

    def folds(self, before, after, begin):
        """Whether some entries of one batch, in order, fold one history into the other; few are tried first."""
        reached = [(before, begin)]
        while reached:
            longer = []
            for history, start in reached:
                for place in range(start, len(self.log)):
                    folded = next_history(history, place, self.log[place])
                    if folded == after:
                        return True
                    longer.append((folded, place + 1))
            reached = longer
        return False

    def roots(self):
        ordered = [self.hashes[index] for index in sorted(self.hashes)]
        statuses = {index: leaf["status"] for index, leaf in self.leaves.items()}
        return tree_root(ordered), tree_root([leaf_hash(status_leaf(0, statuses))])

    def checkpoint(self, note):
        shown = accept_checkpoint(self.trust, note.encode(), now_ms=0)
        self.test.assertEqual((shown["size"], shown["root"]), (len(self.log), tree_root(self.log)))
        forged = note.replace(f"\n{len(self.log)}\n", f"\n{len(self.log) + 1}\n", 1)
        result, _ = outcome(lambda: accept_checkpoint(self.trust, forged.encode(), now_ms=0))
        self.test.assertEqual(result, "bad_checkpoint")

    def submitted(self, data):
        return outcome(lambda: describe_submission(bytes.fromhex(data), self.id))

    def refused(self, data, code):
        """Bytes that are wrong give the code, others are refused for something else."""
        result, _ = self.submitted(data)
        if result == "ok":
            self.test.assertNotIn(code, BY_BYTES)
        else:
            self.test.assertEqual(result, code)


class Rules(unittest.TestCase):
    def details(self, entry, stated):
        common, links = bytes.fromhex(stated["common"]), [bytes.fromhex(link) for link in stated["links"]]
        said = describe("common", common)["says"]
        self.assertEqual(said["kind"], entry["kind"])
        self.assertTrue(said["facts"])
        digests = [describe("link", link)["digest"] for link in links]
        self.assertEqual(details_digest(common, digests), entry["details"])
        return len(links)

    def test_a_whole_ledger(self):
        (vector,) = vectors("rules", 1)
        ledger, kinds = Ledger(self), set()
        applied = refused = links = 0
        for batch in vector["batches"]:
            begin, ids = len(ledger.log), []
            for stated in batch["entries"]:
                entry = ledger.entry(bytes.fromhex(stated["bytes"]))
                self.assertEqual(entry["time_ms"], int(batch["time"]))
                ids.append(entry.get("id"))
                kinds.add(entry["kind"])
                if stated["details"] is not None:
                    links += self.details(entry, stated["details"])
            for leaf in batch["leaves"]:
                ledger.leaf(bytes.fromhex(leaf["bytes"]), begin)
            self.assertEqual(int(batch["state_size"]), len(ledger.leaves))
            self.assertEqual(ledger.roots(), (batch["state_root"], batch["status_root"]))
            said = tuple(ledger.last[name] for name in ("kind", "state_size", "state_root", "status_root"))
            self.assertEqual(said, ("commitment", len(ledger.leaves), *ledger.roots()))
            ledger.checkpoint(batch["checkpoint"])
            for submission in batch["submissions"]:
                answer = submission["answer"]
                if "refused" in answer:
                    refused += 1
                    ledger.refused(submission["bytes"], answer["refused"])
                if "applied" in answer:
                    applied += 1
                    result, shown = ledger.submitted(submission["bytes"])
                    self.assertEqual(result, "ok", submission["about"])
                    self.assertEqual(shown["id"], ids[int(answer["applied"]) - begin])
        for count, least in ((applied, 150), (refused, 100), (len(kinds), 35), (links, 100)):
            self.assertGreaterEqual(count, least)

    def test_every_attack(self):
        refused = entries = 0
        ledgers = vectors("attacks", 105)
        for attack in ledgers:
            with self.subTest(attack["test"]):
                ledger = Ledger(self)
                for stated in attack["log"]:
                    entry = ledger.entry(bytes.fromhex(stated["entry"]))
                    entries += 1
                    if "object" in stated:
                        result, shown = ledger.submitted(stated["object"])
                        self.assertEqual((result, shown and shown["id"]), ("ok", entry["id"]))
                ledger.checkpoint(attack["checkpoint"])
                said = ledger.last["state_root"], ledger.last["status_root"]
                self.assertEqual(said, (attack["state_root"], attack["status_root"]))
                for no in attack["refused"]:
                    ledger.refused(no["submission"], no["code"])
                    refused += 1
        self.assertGreaterEqual(refused, 200)
        self.assertGreaterEqual(entries, 1000)


if __name__ == "__main__":
    unittest.main()
