"""Following after spec/22: the status of all leaves, updates of it, and older presentations judged by it."""

from formats import (
    BLOB,
    COUNT,
    ID,
    SHAPES,
    Refused,
    boolean,
    decode,
    encode,
    hashes,
    included,
    inner,
    labelled,
    leaf_hash,
    need,
    octets,
    root,
)
from judge import Judge, Policy, parse_checkpoint, parse_note

LEAVES_MAX, UPDATE_BYTES_MAX, CHUNK = 268_435_456, 67_108_864, 2048
LABEL = "remit/status-update/v1"


def update_shape(value):
    parts = (ID, COUNT, hashes(64), octets(16384), BLOB, hashes(63), BLOB, hashes(63), boolean)
    labelled(LABEL, *parts, octets(UPDATE_BYTES_MAX))(value)
    need(value[2] or value[9] and not value[3])


SHAPES["status update"] = (UPDATE_BYTES_MAX, update_shape)


# ---- The table and changes to it, spec 22 §2. A table is one status a byte, of every index of the state.


def read_number(data, at):
    number, digits = 0, 0
    while True:
        need(at < len(data) and digits < 9)
        number |= (data[at] & 127) << 7 * digits
        digits, at = digits + 1, at + 1
        if data[at - 1] < 128:
            need(data[at - 1] or digits == 1, "not_canonical")
            return number, at


def apply(before, changes, size):
    """The table of a state of `size` leaves after changes."""
    need(size <= LEAVES_MAX, "too_many")
    need(len(before) <= size)
    table = bytearray(before) + bytearray(size - len(before))
    at, index, last = 0, 0, None
    while at < len(changes):
        number, at = read_number(changes, at)
        skipped, status, length = number >> 3, number >> 1 & 3, 1
        if number & 1:
            more, at = read_number(changes, at)
            length = more + 2
        need(index + skipped + length <= size)
        need(skipped or status != last, "not_canonical")
        run = slice(index + skipped, index + skipped + length)
        need(status not in table[run], "not_canonical")
        table[run] = bytes([status]) * length
        index, last = run.stop, status
    return table


def write_number(number):
    digits = []
    while True:
        number, digit = number >> 7, number & 127
        digits.append(digit | 128 if number else digit)
        if not number:
            return bytes(digits)


def changes_between(before, table):
    """The one sequence that makes `table` of `before`, which is not longer."""
    before = bytes(before) + bytes(len(table) - len(before))
    changes, index, end = b"", 0, 0
    while index < len(table):
        status, begin = table[index], index
        while index < len(table) and table[index] == status != before[index]:
            index += 1
        if index == begin:
            index += 1
            continue
        more = index - begin > 1
        changes += write_number(begin - end << 3 | status << 1 | more)
        changes += write_number(index - begin - 2) if more else b""
        end = index
    return changes


def chunk_leaf(number, statuses):
    """Spec 06 §6."""
    packed = bytearray(CHUNK // 4)
    for place, status in enumerate(statuses):
        packed[place // 4] |= status << 2 * (place % 4)
    return encode(["remit/status/v1", number, bytes(packed)])


def status_root(table):
    chunks = range(0, len(table), CHUNK)
    return root([leaf_hash(chunk_leaf(at // CHUNK, table[at : at + CHUNK])) for at in chunks])


# ---- Consistency, spec 07 §4 and §5.


def consistent(old, old_root, new, new_root, path):
    if not 0 < old <= new < 2**63:
        return False
    first, edge, last, path = 0, old - 1, new - 1, list(path)
    while first != edge and (edge == last or edge & 1):
        first, edge, last = first >> 1, edge >> 1, last >> 1
    if first == edge:
        sub = tree = old_root
    elif path:
        sub = tree = path.pop(0)
    else:
        return False
    for other in path:
        if last == 0:
            return False
        if edge & 1 or edge == last:
            sub = inner(other, sub) if first < edge else sub
            tree = inner(other, tree)
            while edge and not edge & 1:
                first, edge, last = first >> 1, edge >> 1, last >> 1
        else:
            tree = inner(tree, other)
        first, edge, last = first >> 1, edge >> 1, last >> 1
    return last == 0 and sub == old_root and tree == new_root


# ---- Following, spec 22 §3.


def split_hashes(data):
    return [data[at : at + 32] for at in range(0, len(data), 32)]


class Followed:
    """What a follower has: one accepted update."""

    def __init__(self, update, checkpoint, entry, table):
        _, self.ledger, _, _, self.note, *self.proved, _, _ = update
        self.size, self.root, self.entry, self.table = checkpoint[1], checkpoint[2], entry, table

    def snapshot(self):
        changes = changes_between(b"", self.table)
        return encode([LABEL, self.ledger, 0, b"", self.note, *self.proved, True, changes])

    def status(self, leaf):
        """Of a leaf that the state has not nothing is known: it counts as changed."""
        return self.table[leaf[2]] if leaf[2] < len(self.table) else 3


def follow(have, data, policy, now):
    """The state after an update; beside the codes, `not_since`, `behind`, `fork` and `not_consistent`."""
    update = decode(data, "status update")
    checkpoint = policy.trust.accept(update[4], now, policy.skew)
    need(policy.ledgers.get(checkpoint[0]) == update[1], "wrong_ledger")
    need(have is None or have.ledger == update[1], "wrong_ledger")
    need(update[2] == (have.size if have else 0), "not_since")
    check_log(have, checkpoint, update)
    entry = check_commitment(update, checkpoint)
    need(entry[1] <= now + policy.skew, "clock")
    check_leaf(update, entry)
    table = apply(b"" if update[9] else have.table, update[10], entry[3])
    need(status_root(table) == entry[5], "bad_proof")
    return Followed(update, checkpoint, entry, table)


def check_log(have, checkpoint, update):
    _, size, tree_root, *_ = checkpoint
    need(size >= update[2], "behind")
    if have and size == have.size:
        need(tree_root == have.root, "fork")
        need(not update[3])
    elif have:
        path = split_hashes(update[3])
        need(consistent(have.size, have.root, size, tree_root, path), "not_consistent")


def check_commitment(update, checkpoint):
    _, size, tree_root, *_ = checkpoint
    try:
        entry = decode(update[5], "entry")
    except Refused:
        raise Refused("no_commitment") from None
    proved = size and included(leaf_hash(update[5]), size - 1, size, split_hashes(update[6]), tree_root)
    need(entry[2] == 1 and proved, "no_commitment")
    return entry


def check_leaf(update, entry):
    try:
        leaf = decode(update[7], "leaf")
    except Refused:
        raise Refused("wrong_leaf") from None
    need(included(leaf_hash(update[7]), 0, entry[3], split_hashes(update[8]), entry[4]), "bad_proof")
    need(leaf[1:4] == [0, 0, update[1]], "wrong_leaf")


# ---- Judging with a followed state, spec 22 §4.


class FollowingJudge(Judge):
    def __init__(self, case, policy, followed):
        super().__init__(case, policy)
        self.followed, self.newer = followed, None

    def find_newer(self, checkpoint):
        self.shown_log, state = checkpoint[1:3], self.followed
        if state.ledger != self.ledger:
            return
        try:
            accepted = self.policy.trust.accept(state.note, self.now, self.policy.skew)
        except Refused:
            return
        named = self.policy.ledgers.get(accepted[0]) == self.ledger
        if named and state.entry[1] <= self.now + self.policy.skew and state.size >= checkpoint[1]:
            self.newer = state
            time = state.entry[1] if accepted[3] is None else accepted[3]
            self.newer_age = max(self.now - time, 0)
            self.see(state.entry[1], accepted)

    def follow(self, tokens, leaves, issuer):
        if self.followed.ledger != self.ledger:
            return
        if self.newer is None:
            return self.skip("followed")
        by_id = {leaf[3]: leaf for leaf in leaves if leaf[1] == 3}
        logged = [by_id[token[0]] for token in tokens if token[2][-65537][3][0] != 2]
        self.check("followed", lambda: self.check_followed(logged, issuer))

    def check_followed(self, logged, issuer):
        newer = self.newer
        need(newer.size != self.shown_log[0] or newer.root == self.shown_log[1], "two_histories")
        need(decode(newer.proved[2], "leaf")[4][1] == 0, "ledger_frozen")
        need(newer.status(issuer) != 2, "party_frozen")
        for leaf in logged:
            need(newer.status(leaf) != 1, "revoked")
            need(newer.status(leaf) != 2, "suspended")
        if not any(newer.status(leaf) for leaf in [issuer, *logged]):
            self.values["age_ms"] = self.age = min(self.age, self.newer_age)

    def check_unit(self, unit, leaves):
        leaf = super().check_unit(unit, leaves)
        need(self.newer is None or self.newer.status(leaf) != 2, "unit_frozen")


def judge_followed(data, snapshot):
    """The verdict on a case by whoever follows, from the bytes that his follower kept."""
    update = decode(snapshot, "status update")
    text, _ = parse_note(update[4])
    entry = decode(update[5], "entry")
    state = Followed(update, parse_checkpoint(text), entry, apply(b"", update[10], entry[3]))
    case = decode(data, "case")
    return FollowingJudge(case, Policy(case[7]), state).verdict()
