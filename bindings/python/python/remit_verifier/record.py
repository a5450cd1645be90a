"""The record of what was served (spec 20 §5, step 8): each invocation, and each approved request, once."""

import heapq
import os
import sqlite3
import threading
import time

from ._native import APPROVAL_VALIDITY_MAX, INVOCATION_VALIDITY_MAX, Refused, Unrecorded, refusal

RECORDS_MAX = 262_144
"""Ids that are kept at one time."""

RECORDS_OF_ROOT_MAX = RECORDS_MAX // 4
"""Ids of the tokens below one root: nobody takes all the room."""

_INVOCATION, _REQUEST = 0, 1
# The part of either that each has; requests of approval stay for a week, and who fills theirs stops those alone.
_PART = (1, 4)


def now_ms() -> int:
    """The clock of this machine, in milliseconds."""
    return time.time_ns() // 1_000_000


def _rows(entry: Unrecorded, now: int, skew_ms: int):
    """What is recorded of an entry: ids, each with its kind and from when on nobody can show it any more."""
    rows = [(entry.id, _INVOCATION, entry.valid_until * 1000 + 2 * skew_ms)]
    if entry.request_id is not None:
        rows.append((entry.request_id, _REQUEST, now + APPROVAL_VALIDITY_MAX * 1000 + 2 * skew_ms))
    return rows


def _in_doubt(start: int, skew_ms: int) -> int:
    """Until when an invocation may count that was served before ``start``, by a clock that may have been ahead."""
    return start + INVOCATION_VALIDITY_MAX * 1000 + 4 * skew_ms


class MemoryRecord:
    """A record that a restart forgets: only where the policy says ``record = "memory"``.

    It refuses whatever may have been served before its start, so for its first minute everything; and always
    what approvals travel with.
    """

    durable = False

    def __init__(self, skew_ms, start_ms=None, room=RECORDS_MAX, room_of_root=RECORDS_OF_ROOT_MAX):
        start = now_ms() if start_ms is None else start_ms
        self._skew, self._room, self._room_of_root = skew_ms, room, room_of_root
        self._forgotten = _in_doubt(start, skew_ms)
        self._latest = 0
        self._ids = {}
        self._due = []
        self._roots = {}
        self._lock = threading.Lock()
        self.newest = 0

    @property
    def count(self):
        """How many ids are on record."""
        return len(self._ids)

    def see(self, newest):
        """Takes note of the newest evidence; a restart forgets it."""
        self.newest = max(self.newest, newest)

    def take(self, entry, now):
        """Records what is to be served; raises ``served_before``, ``before_start`` or ``no_record``."""
        if entry.request_id is not None:
            raise refusal("no_record")
        with self._lock:
            self._forget(now)
            ((id, _, until),) = _rows(entry, now, self._skew)
            if id in self._ids:
                raise refusal("served_before")
            if until <= self._forgotten:
                raise refusal("before_start")
            of_root = self._roots.get(entry.root, 0)
            if len(self._ids) >= self._room or of_root >= self._room_of_root:
                raise refusal("no_record")
            self._ids[id] = entry.root
            self._roots[entry.root] = of_root + 1
            heapq.heappush(self._due, (until, id))

    def _forget(self, now):
        """Drops what nobody can show any more; a clock that goes back finds ``_forgotten``, and no gap."""
        self._latest = max(self._latest, now)
        while self._due and self._due[0][0] <= self._latest:
            until, id = heapq.heappop(self._due)
            self._forgotten = max(self._forgotten, until)
            root = self._ids.pop(id)
            self._roots[root] -= 1
            if not self._roots[root]:
                del self._roots[root]


_SCHEMA = """
CREATE TABLE IF NOT EXISTS served
    (id TEXT PRIMARY KEY, kind INTEGER NOT NULL, root TEXT NOT NULL, until INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS served_until ON served (until);
CREATE TABLE IF NOT EXISTS roots
    (kind INTEGER, root TEXT, count INTEGER NOT NULL, PRIMARY KEY (kind, root)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS marks (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT OR IGNORE INTO marks VALUES
    ('format', 1), ('count0', 0), ('count1', 0), ('forgotten1', 0), ('newest', 0);
"""


def _sync_folder(path):
    folder = os.open(os.path.dirname(os.path.abspath(path)), os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


class SqliteRecord:
    """A durable record in one SQLite file, synced before ``take`` returns. Several processes may share it.

    A new file does not know what was served before it, and refuses for its first seconds what may have been; a file
    that is gone, or damaged, is not opened (``ValueError``). It also keeps the time of the newest evidence.
    """

    durable = True

    def __init__(self, path, skew_ms, start_ms=None, room=RECORDS_MAX, room_of_root=RECORDS_OF_ROOT_MAX):
        start = now_ms() if start_ms is None else start_ms
        self._skew, self._room, self._room_of_root = skew_ms, room, room_of_root
        self._lock = threading.Lock()
        self._broken = False
        self._latest = 0
        mark = f"{path}.is-here"
        if os.path.exists(mark) and not os.path.exists(path):
            raise ValueError(f"{path}: the record of what was served is gone")
        # For its owner alone.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        self._db = sqlite3.connect(path, timeout=5, isolation_level=None, check_same_thread=False)
        # With a rollback journal, EXTRA syncs file, journal and folder at every commit.
        self._db.execute("PRAGMA journal_mode = DELETE")
        self._db.execute("PRAGMA synchronous = EXTRA")
        self._db.execute("BEGIN IMMEDIATE")
        for statement in filter(str.strip, _SCHEMA.split(";")):
            self._db.execute(statement)
        doubt = _in_doubt(start, skew_ms)
        self._db.execute("INSERT OR IGNORE INTO marks VALUES ('forgotten0', ?)", (doubt,))
        self._db.execute("COMMIT")
        os.close(os.open(mark, os.O_RDWR | os.O_CREAT, 0o600))
        _sync_folder(path)
        if self._db.execute("PRAGMA quick_check").fetchone() != ("ok",) or self._mark("format") != 1:
            raise ValueError(f"{path}: the record of what was served is damaged")

    def close(self):
        """Gives the file up."""
        self._db.close()

    @property
    def count(self):
        """How many ids are on record."""
        with self._lock:
            return self._mark("count0") + self._mark("count1")

    @property
    def newest(self):
        """Time of the newest evidence that was seen, in milliseconds."""
        with self._lock:
            return self._mark("newest")

    def see(self, newest):
        """Keeps the time of the newest evidence."""
        self._transact(lambda: self._raise_mark("newest", newest))

    def take(self, entry, now):
        """Records what is to be served; raises ``served_before``, ``before_start`` or ``no_record``."""
        self._transact(lambda: self._take(entry, now))

    def _transact(self, work):
        with self._lock:
            if self._broken:
                raise refusal("no_record")
            try:
                self._db.execute("BEGIN IMMEDIATE")
            except sqlite3.Error:
                # Nothing was written: another process is slow, or the disk is gone.
                raise refusal("no_record") from None
            refused = None
            try:
                try:
                    work()
                except Refused as no:
                    # What is over was dropped nevertheless.
                    refused = no
                self._db.execute("COMMIT")
            except sqlite3.Error:
                # What the disk holds now nobody knows: nothing more is served until it is opened anew.
                self._broken = True
                raise refusal("no_record") from None
            finally:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
            if refused is not None:
                raise refused

    def _take(self, entry, now):
        self._forget(now)
        rows = _rows(entry, now, self._skew)
        for id, _, _ in rows:
            if self._one("SELECT 1 FROM served WHERE id = ?", id):
                raise refusal("served_before")
        if any(until <= self._mark(f"forgotten{kind}") for _, kind, until in rows):
            raise refusal("before_start")
        for _, kind, _ in rows:
            of_root = self._one("SELECT count FROM roots WHERE kind = ? AND root = ?", kind, entry.root) or 0
            full = self._mark(f"count{kind}") >= self._room // _PART[kind]
            if full or of_root >= self._room_of_root // _PART[kind]:
                raise refusal("no_record")
        for id, kind, until in rows:
            self._db.execute("INSERT INTO served VALUES (?, ?, ?, ?)", (id, kind, entry.root, until))
            self._add(kind, entry.root, 1)

    def _forget(self, now):
        """Drops what nobody can show any more; a clock that goes back finds the mark, and no gap."""
        self._latest = max(self._latest, now)
        due = "FROM served WHERE until <= ?"
        over = self._db.execute(f"SELECT kind, root, until {due}", (self._latest,)).fetchall()
        if not over:
            return
        for kind, root, until in over:
            self._raise_mark(f"forgotten{kind}", until)
            self._add(kind, root, -1)
        self._db.execute(f"DELETE {due}", (self._latest,))
        self._db.execute("DELETE FROM roots WHERE count = 0")

    def _add(self, kind, root, count):
        self._db.execute("INSERT OR IGNORE INTO roots VALUES (?, ?, 0)", (kind, root))
        self._db.execute(
            "UPDATE roots SET count = count + ? WHERE kind = ? AND root = ?", (count, kind, root)
        )
        self._db.execute("UPDATE marks SET value = value + ? WHERE name = ?", (count, f"count{kind}"))

    def _mark(self, name):
        return self._one("SELECT value FROM marks WHERE name = ?", name)

    def _raise_mark(self, name, value):
        self._db.execute("UPDATE marks SET value = max(value, ?) WHERE name = ?", (value, name))

    def _one(self, statement, *values):
        row = self._db.execute(statement, values).fetchone()
        return row and row[0]
