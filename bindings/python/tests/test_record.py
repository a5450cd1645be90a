"""The record of what was served: once, bounded, and no gap for a clock that goes back."""

import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

from remit_verifier import Refused
from remit_verifier.record import MemoryRecord, SqliteRecord


def entry(id, until=100, root="r", request=None):
    return SimpleNamespace(id=str(id), root=root, valid_until=until, request_id=request)


class Both(unittest.TestCase):
    def records(self, **room):
        with tempfile.TemporaryDirectory() as folder:
            yield MemoryRecord(0, -60_000, **room)
            yield SqliteRecord(Path(folder) / "served.db", 0, -60_000, **room)

    def take(self, record, *arguments, now, **more):
        try:
            return record.take(entry(*arguments, **more), now)
        except Refused as no:
            return no.code

    def test_an_id_counts_once_until_its_time(self):
        for record in self.records():
            self.assertIsNone(self.take(record, 1, now=10))
            self.assertEqual(self.take(record, 1, now=99_999), "served_before")
            self.assertEqual(self.take(record, 1, now=100_000), "before_start")
            self.assertEqual(record.count, 0)
            # A clock that goes back reopens nothing.
            self.assertEqual(self.take(record, 1, now=10), "before_start")
            self.assertIsNone(self.take(record, 1, 101, now=10))

    def test_the_room_is_bounded_in_all_and_for_each_root(self):
        for record in self.records(room=3, room_of_root=2):
            self.assertEqual([self.take(record, id, now=1) for id in range(3)], [None, None, "no_record"])
            self.assertEqual(self.take(record, 3, 200, "s", now=1), None)
            self.assertEqual(self.take(record, 4, 200, "t", now=1), "no_record")
            self.assertEqual(record.count, 3)
            # What can no longer be shown makes room.
            self.assertEqual(
                [self.take(record, id, 200, now=100_000) for id in (5, 6, 7)], [None, None, "no_record"]
            )

    def test_memory_takes_no_approvals(self):
        self.assertEqual(self.take(MemoryRecord(0, -60_000), 1, request="q", now=1), "no_record")

    def test_threads_and_processes_that_come_together_are_told_apart(self):
        with tempfile.TemporaryDirectory() as folder:
            files = [SqliteRecord(Path(folder) / "served.db", 0, -60_000) for _ in range(2)]
            with ThreadPoolExecutor(8) as pool:
                said = list(pool.map(lambda n: self.take(files[n % 2], n // 4, now=1), range(40)))
            self.assertEqual((said.count(None), said.count("served_before")), (10, 30))

    def test_a_request_of_approval_is_remembered_by_a_file(self):
        with tempfile.TemporaryDirectory() as folder:
            record = SqliteRecord(Path(folder) / "served.db", 0, -60_000, room=8)
            self.assertIsNone(self.take(record, 1, request="q", now=1))
            self.assertEqual(self.take(record, 2, request="q", now=1), "served_before")
            # A week later, less a moment.
            self.assertEqual(self.take(record, 3, 900_000, request="q", now=604_799_000), "served_before")
            self.assertIsNone(self.take(record, 3, 900_000, request="p", now=604_799_000))
            # Requests have a quarter of the room, and whoever fills it stops those alone.
            self.assertEqual(self.take(record, 4, 900_000, request="o", now=604_799_000), "no_record")
            self.assertIsNone(self.take(record, 4, 900_000, now=604_799_000))

    def test_a_new_file_does_not_know_what_was_served_before(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "served.db"
            record = SqliteRecord(path, 2_000, 1_000)
            # What is good for a minute from 4 seconds after the start on.
            self.assertEqual(self.take(record, 1, 65, now=5_000), "before_start")
            self.assertIsNone(self.take(record, 2, 66, now=6_000))
            record.close()
            # It knows what it had, whenever it is opened again.
            record = SqliteRecord(path, 2_000, 7_000)
            self.assertEqual(self.take(record, 2, 66, now=7_000), "served_before")
            self.assertIsNone(self.take(record, 3, 66, now=7_000))
            record.close()
            path.unlink()
            with self.assertRaisesRegex(ValueError, "gone"):
                SqliteRecord(path, 2_000, 8_000)

    def test_after_a_failed_write_nothing_is_served(self):
        with tempfile.TemporaryDirectory() as folder:
            record = SqliteRecord(Path(folder) / "served.db", 0, -60_000)
            self.assertEqual(
                record._db.execute("PRAGMA synchronous").fetchone(), (3,), "every commit is synced"
            )
            record._db.execute("ALTER TABLE roots RENAME TO away")
            self.assertEqual(self.take(record, 1, now=1), "no_record")
            record._db.execute("ALTER TABLE away RENAME TO roots")
            self.assertEqual(self.take(record, 1, now=1), "no_record", "also where the disk is good again")
            record.close()
            self.assertIsNone(self.take(SqliteRecord(Path(folder) / "served.db", 0), 1, now=1))

    def test_damage_is_not_read(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "served.db"
            path.write_bytes(b"no database" * 1000)
            with self.assertRaises(Exception):
                SqliteRecord(path, 0)


if __name__ == "__main__":
    unittest.main()
