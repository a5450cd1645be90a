"""The verdict of spec 10 in plain Python, with notes and trust (spec 08) and the policy file (spec 13)."""

import base64
import re
import tomllib

from formats import (
    U64,
    Refused,
    decode,
    digest,
    encode,
    included,
    is_key,
    is_key_name,
    is_path,
    leaf_hash,
    multi_included,
    need,
    sha256,
    signed,
    verifies,
)

# ---- Notes, checkpoints and trust, spec 08.


def base64_bytes(text):
    """Standard alphabet, padded, one spelling for each value."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        raise Refused("malformed") from None
    need(base64.b64encode(data).decode() == text)
    return data


def decimal(text):
    need(re.fullmatch("0|[1-9][0-9]*", text, re.ASCII) and int(text) <= U64)
    return int(text)


def parse_note(data):
    """The text, and (name, key id, signature) of each line; spec 08 §2."""
    need(len(data) <= 16384)
    try:
        note = data.decode()
    except UnicodeDecodeError:
        raise Refused("malformed") from None
    need(not any(c < " " and c != "\n" for c in note))
    text, found, rest = note.rpartition("\n\n")
    need(found and text and rest.endswith("\n"))
    lines = []
    for line in rest[:-1].split("\n"):
        match = re.fullmatch("— ([^ ]+) ([^ ]+)", line)
        need(match and is_key_name(match[1]))
        raw = base64_bytes(match[2])
        need(len(raw) >= 5)
        lines.append((match[1], raw[:4], raw[4:]))
    need(len(lines) <= 32)
    return text + "\n", lines


def parse_checkpoint(text):
    lines = text.split("\n")
    need(len(lines) == 4 and lines[3] == "")
    origin, size, tree_root = lines[0], decimal(lines[1]), base64_bytes(lines[2])
    need(is_key_name(origin) and len(origin.encode()) <= 255 and size < 2**63 and len(tree_root) == 32)
    need(size or tree_root == sha256())
    return origin, size, tree_root


def parse_vkey(text, kind):
    """(name, key id, key) of a key of this type; spec 08 §3."""
    name, key_id, encoded = text.split("+", 2)
    raw = base64_bytes(encoded)
    need(is_key_name(name) and raw[:1] == bytes([kind]) and is_key(raw[1:]))
    need(key_id == sha256(name.encode(), b"\n", raw)[:4].hex())
    return name, bytes.fromhex(key_id), raw[1:]


class Trust:
    """Spec 08 §6: logs, witnesses, groups and a quorum, from lines that are well formed."""

    def __init__(self, text):
        self.logs, self.witnesses, self.groups, self.quorum = [], {}, {}, None
        for words in (line.split() for line in text.split("\n")):
            match words:
                case ["log", vkey, *_]:
                    self.logs.append(parse_vkey(vkey, 1))
                case ["witness", name, vkey, *_]:
                    self.witnesses[name] = parse_vkey(vkey, 4)
                case ["group", name, k, *members]:
                    self.groups[name] = ({"any": 1, "all": len(members)}.get(k) or decimal(k), members)
                case ["quorum", name]:
                    self.quorum = name
                case _:
                    need(not words or words[0].startswith("#"))
        need(self.quorum is not None and self.logs)

    def time(self, name, times):
        """Spec 08 §8: when this witness or group had seen the checkpoint, or None."""
        if name in self.groups:
            k, members = self.groups[name]
            seen = sorted((t for t in (self.time(m, times) for m in members) if t is not None), reverse=True)
            return seen[k - 1] if len(seen) >= k else None
        return times.get(name)

    def accept(self, data, now, skew):
        """Spec 08 §7: origin, size, root, evidence time in ms or None, times of counted witnesses in ms."""
        try:
            text, lines = parse_note(data)
            origin, size, tree_root = parse_checkpoint(text)
        except Refused:
            raise Refused("bad_checkpoint") from None
        logs = {log[:2]: log[2] for log in self.logs if log[0] == origin}
        need(logs, "unknown_log")
        known = {key[:2]: (name, key[2]) for name, key in self.witnesses.items()}
        mine = [line for line in lines if line[:2] in logs or line[:2] in known]
        need(len({line[:2] for line in mine}) == len(mine), "bad_checkpoint")
        cosigned = [line for line in mine if line[:2] in known]
        for line in cosigned:
            time = int.from_bytes(line[2][:8], "big")
            need(len(line[2]) == 72 and 0 < time < 2**63, "bad_cosignature")
        signed_by = [line for line in mine if line[:2] in logs]
        for line in signed_by:
            need(verifies(logs[line[:2]], text.encode(), line[2]), "bad_checkpoint")
        need(signed_by, "bad_checkpoint")
        times = {}
        for line in cosigned:
            name, key = known[line[:2]]
            time = int.from_bytes(line[2][:8], "big")
            message = f"cosignature/v1\ntime {time}\n{text}".encode()
            need(verifies(key, message, line[2][8:]), "bad_cosignature")
            times[name] = time
        counted = {name: time for name, time in times.items() if 1000 * time <= now + skew}
        evidence = None
        if self.quorum != "none":
            evidence = self.time(self.quorum, counted)
            if evidence is None:
                raise Refused("quorum" if self.time(self.quorum, times) is None else "clock")
        return origin, size, tree_root, evidence and 1000 * evidence, [1000 * t for t in counted.values()]


def parse_proof(data):
    """Index, hashes and note of a proof as text; spec 08 §9."""
    need(len(data) <= 65535)
    try:
        head, found, note = data.decode().partition("\n\n")
    except UnicodeDecodeError:
        raise Refused("malformed") from None
    lines = head.split("\n")
    need(found and lines.pop(0) == "c2sp.org/tlog-proof@v1")
    if lines and lines[0].startswith("extra "):
        need(0 < len(base64_bytes(lines.pop(0)[6:])) <= 16384)
    need(lines and lines[0].startswith("index "))
    index, path = decimal(lines[0][6:]), [base64_bytes(line) for line in lines[1:]]
    need(len(path) <= 63 and all(len(each) == 32 for each in path))
    text, _ = parse_note(note.encode())
    need(index < parse_checkpoint(text)[1])
    return index, path, note.encode()


class Policy:
    """Spec 13 §2, from a file that is well formed."""

    def __init__(self, data):
        file = tomllib.loads(data.decode())
        trust = file["trust"]
        self.trust = Trust(trust if isinstance(trust, str) else "\n".join(trust))
        self.ledgers = {origin: bytes.fromhex(ledger) for origin, ledger in file["ledgers"].items()}
        self.party = bytes.fromhex(file["party"])
        issuers = file["issuers"]
        self.issuers = None if issuers == "any" else [bytes.fromhex(issuer) for issuer in issuers]
        self.max_staleness, self.skew = file["max_staleness_s"], file["skew_ms"]
        self.offline = file.get("offline_links", False)
        self.verify_logged = file.get("logged_links", "verify") == "verify"
        replaying = file.get("replaying", [])
        need(len(set(replaying)) == len(replaying) and all(name in self.trust.witnesses for name in replaying))
        self.at_risk = [
            (bytes.fromhex(bound["unit"]), bound["from_minor"], bound["max_staleness_s"])
            for bound in file.get("at_risk", [])
        ]
        self.routes = file.get("routes", [])


# ---- What a chain allows, spec 04 §3 to §7.


def at_or_below(path, other):
    return not other or path.split("/")[: other.count("/") + 1] == other.split("/")


def holds(condition, arguments):
    name, operator, operands = condition
    if name not in arguments:
        return False
    value = arguments[name]
    same = [type(value) is type(operand) for operand in operands]
    equal = [alike and value == operand for alike, operand in zip(same, operands)]
    if operator == 6:
        return any(equal)
    operand, integers, texts = operands[0], type(value) is int and same[0], type(value) is str and same[0]
    return [
        lambda: equal[0],
        lambda: same[0] and not equal[0],
        lambda: integers and value < operand,
        lambda: integers and value <= operand,
        lambda: integers and value > operand,
        lambda: integers and value >= operand,
        None,
        lambda: texts and is_path(value) and is_path(operand) and at_or_below(value, operand),
    ][operator]()


FURTHEST = ["service_not_allowed", "action_not_allowed", "resource_not_allowed", "condition_not_met"]


def reaches(permission, asked, in_root, arguments):
    """How many of the four constraints hold, counted from the first."""
    _, audience, action, resource = asked
    for place, fits in enumerate(
        (
            lambda services: audience in services,
            lambda actions: action in actions,
            lambda resources: any(at_or_below(resource, other) for other in resources),
        )
    ):
        if not (fits(permission[place + 1]) if place + 1 in permission else not in_root):
            return place
    return 4 if all(holds(condition, arguments) for condition in permission.get(4, [])) else 3


def check_permissions(lists, asked, arguments):
    for place, permissions in enumerate(lists):
        reached = max((reaches(p, asked, place == 0, arguments) for p in permissions), default=0)
        need(reached == 4, FURTHEST[min(reached, 3)])


def is_within(child, parent):
    """Spec 04 §7, permissions."""
    same = lambda a, b: a == b  # noqa: E731
    for key, within in ((1, same), (2, same), (3, at_or_below)):
        if key in child and key in parent:
            if not all(any(within(a, b) for b in parent[key]) for a in child[key]):
                return False
    return True


def budget_within(child, parent):
    limits = ((3, parent.get(3)), (4, parent.get(4)), (5, parent.get(5, parent.get(3))))
    wider = any(key in child and limit is not None and child[key] > limit for key, limit in limits)
    return child[1] == parent[1] and not wider


class Effective:
    """The effective claims of a chain, appended to link by link; spec 04 §7."""

    def __init__(self, token):
        claims = token[-65537]
        self.links, self.exp, self.nbf, self.staleness = 1, token[4], token.get(5), claims.get(7)
        self.mode, self.depth = claims.get(5, [0, 0])
        self.transferable = claims.get(6, False)
        self.permissions, self.budgets = [claims.get(4, [])], []
        self.rules = [claims[10]] if 10 in claims else []

    def append(self, token):
        claims = token[-65537]
        need(self.depth >= 1 and self.mode >= claims[3][0], "not_delegable")
        need(self.links < 8, "too_deep")
        mode, depth = claims.get(5, [self.mode, self.depth - 1])
        nbf, staleness = token.get(5, self.nbf), claims.get(7, self.staleness)
        wide = token[4] > self.exp or mode > self.mode or depth > self.depth - 1
        wide |= self.nbf is not None and nbf < self.nbf
        wide |= claims.get(6, self.transferable) and not self.transferable
        wide |= self.staleness is not None and staleness > self.staleness
        for key, lists, within in ((4, self.permissions, is_within), (9, self.budgets, budget_within)):
            if key in claims and lists:
                wide |= not all(any(within(own, above) for above in lists[-1]) for own in claims[key])
        need(not wide, "wider_than_parent")
        self.links, self.exp, self.mode, self.depth, self.nbf = self.links + 1, token[4], mode, depth, nbf
        self.staleness, self.transferable = staleness, claims.get(6, self.transferable)
        self.permissions += [claims[4]] if 4 in claims else []
        self.budgets += [claims[9]] if 9 in claims else []
        self.rules += [claims[10]] if 10 in claims else []


# ---- The verdict, spec 10. A leaf is [label, kind, index, id, [life, mask], epoch, generation, history, body].


class Judge:
    def __init__(self, case, policy):
        _, self.now, newest, self.shown, self.request, self.arguments, self.evidence, _, *approvals = case
        self.approvals = approvals[0] if approvals else []
        self.policy, self.effective, self.newest = policy, None, newest
        self.checks, self.values, self.subject = [], {}, {}

    def check(self, name, step, link=None):
        entry = {"check": name} | ({"link": link} if link else {})
        self.checks.append(entry)
        try:
            result = step()
        except Refused as refused:
            entry |= {"outcome": "failed", "code": refused.code}
            raise
        entry["outcome"] = "passed"
        return result

    def skip(self, name, link=None):
        self.checks.append({"check": name} | ({"link": link} if link else {}) | {"outcome": "skipped"})

    def verdict(self):
        """The JSON of spec 10 §13, without `reason`."""
        try:
            answer = {"decision": self.decide()}
        except Refused as refused:
            answer = {"decision": "denied", "code": refused.code}
        return answer | self.values | {"subject": self.subject, "checks": self.checks}

    def decide(self):
        shown = self.check("presentation", lambda: decode(self.shown, "presentation"))
        self.ledger = shown[1]
        accept = lambda: self.policy.trust.accept(shown[2], self.now, self.policy.skew)  # noqa: E731
        checkpoint = self.check("checkpoint", accept)
        self.check("ledger", lambda: self.check_ledger(checkpoint))
        commitment = self.check("commitment", lambda: self.commitment(checkpoint, shown))
        self.check("clock", lambda: self.check_clock(commitment[1], checkpoint))
        leaves = self.check("state", lambda: self.open_leaves(commitment, shown))
        tokens = self.check("chain", lambda: self.open_tokens(shown[7], leaves))
        time = commitment[1] if checkpoint[3] is None else checkpoint[3]
        self.values["age_ms"] = self.age = max(self.now - time, 0)
        issuer = next(leaf for leaf in leaves if leaf[1] == 2)
        self.check("issuer", lambda: self.check_issuer(tokens[0], issuer))
        self.walk(tokens, leaves, issuer)
        last = tokens[-1]
        self.subject |= {"ledger": self.ledger.hex(), "issuer": issuer[3].hex()}
        self.subject |= {"token": last[0].hex(), "holder": self.holder.hex()}
        self.follow(tokens, leaves, issuer)
        self.check("staleness", self.check_age)
        self.check("holder_since", lambda: need(self.effective >= self.ready, "holder_too_new"))
        if self.request is None:
            self.skip("invocation")
            self.fund(None, None)
            return "permitted"
        invocation_id, invocation = self.check("invocation", self.open_request)
        self.ask(invocation_id, invocation, last, leaves)
        funded = self.fund(invocation_id, invocation)
        return "allowed" if funded or 10 not in invocation else "permitted"

    def passed(self, deadline):
        return self.effective >= min(1000 * deadline, U64)

    def ahead(self, deadline, seconds, skew=0):
        """Whether a deadline is at most so far after the effective time."""
        return 1000 * deadline <= self.effective + 1000 * seconds + skew

    def check_ledger(self, checkpoint):
        need(self.policy.ledgers.get(checkpoint[0]) == self.ledger, "wrong_ledger")

    def commitment(self, checkpoint, shown):
        _, size, tree_root, *_ = checkpoint
        path = [shown[4][at : at + 32] for at in range(0, len(shown[4]), 32)]
        try:
            entry = decode(shown[3], "entry")
        except Refused:
            raise Refused("no_commitment") from None
        proved = size and included(leaf_hash(shown[3]), size - 1, size, path, tree_root)
        need(entry[2] == 1 and proved, "no_commitment")
        return entry

    def check_clock(self, time, checkpoint):
        self.see(time, checkpoint)
        self.find_newer(checkpoint)

    def find_newer(self, checkpoint):
        """Who follows the ledger (following.py) looks here whether what he has is newer, and makes one check more."""

    def follow(self, tokens, leaves, issuer):
        """See above."""

    def see(self, time, checkpoint):
        need(time <= self.now + self.policy.skew, "clock")
        self.newest = max(self.newest, time, *checkpoint[4])
        self.effective = max(self.now, self.newest)

    def open_leaves(self, commitment, shown):
        try:
            leaves = [decode(leaf, "leaf") for leaf in shown[5]]
        except Refused:
            raise Refused("wrong_leaf") from None
        pairs = [(leaf[2], leaf_hash(data)) for leaf, data in zip(leaves, shown[5])]
        siblings = [shown[6][at : at + 32] for at in range(0, len(shown[6]), 32)]
        need(multi_included(pairs, commitment[3], siblings, commitment[4]), "bad_proof")
        need(leaves[0][1:4] == [0, 0, self.ledger], "wrong_leaf")
        need(leaves[0][4][1] == 0, "ledger_frozen")
        return leaves

    def open_tokens(self, shown, leaves):
        need(len(shown) <= 8, "too_deep")
        tokens = [signed(token, "unkeyed token", "remit/token/v1", self.ledger) for token in shown]
        for token in tokens:
            offline = token[2][-65537][3][0] == 2
            if self.policy.verify_logged or offline or token is tokens[-1]:
                need(is_key(token[2][8][1][-2]), "bad_key")
        logged = sum(token[2][-65537][3][0] != 2 for token in tokens)
        kinds = [leaf[1] for leaf in leaves[1:]]
        fits = kinds.count(2) == 1 and kinds.count(3) == logged and kinds.count(1) <= 1 and 0 not in kinds
        need(fits, "wrong_leaf")
        return tokens

    def check_issuer(self, root_token, issuer):
        _, key, token, *_ = root_token
        origin, (_, keys, retired, appointed) = token[-65537][3], issuer[8]
        need(origin[0] == 0, "broken_chain")
        need(issuer[3] == origin[1], "wrong_leaf")
        need(appointed, "not_an_issuer")
        need(self.policy.issuers is None or origin[1] in self.policy.issuers, "untrusted_issuer")
        need(issuer[4][1] == 0, "party_frozen")
        need([key, 1] not in retired, "compromised_key")
        need(key in keys or [key, 0] in retired, "wrong_signer")

    def walk(self, tokens, leaves, issuer):
        self.anchor, self.holder, self.ready, above = issuer, None, 0, None
        for link, token in enumerate(tokens, 1):
            leaf = self.check("leaf", lambda: self.place(token, above, leaves), link)
            if leaf is None or self.policy.verify_logged:
                self.check("signature", lambda: self.check_signature(token), link)
            else:
                self.skip("signature", link)
            self.check("signer", lambda: self.check_signer(token), link)
            self.check("status", lambda: self.check_status(leaf), link)
            self.check("life", lambda: self.check_life(token[2]), link)
            self.check("authority", lambda: self.append(token[2]), link)
            if leaf is None:
                self.holder = token[2][8][1][-2]
            else:
                self.anchor, self.holder, since = leaf, leaf[8][1], leaf[8][2]
                staleness = self.claims.staleness
                staleness = self.policy.max_staleness if staleness is None else staleness
                if since:
                    self.ready = max(self.ready, since + 1000 * staleness + 2 * self.policy.skew)
            above = token

    def place(self, token, above, leaves):
        token_id, _, claims, payload, _ = token
        origin, leaf = claims[-65537][3], None
        below_offline = above is not None and above[2][-65537][3][0] == 2
        need((origin[0] == 0) == (above is None) and not (origin[0] == 1 and below_offline), "broken_chain")
        if origin[0] != 2:
            leaf = next((leaf for leaf in leaves if leaf[1] == 3 and leaf[3] == token_id), None)
            need(leaf, "wrong_leaf")
            parent, holder, _, expires, _, authority, _ = leaf[8]
            need(parent == self.anchor[2] and expires == claims[4], "wrong_leaf")
            need(authority == digest("remit/authority/v1", payload), "wrong_leaf")
            need(leaf[5] or leaf[6] or holder == claims[8][1][-2], "wrong_leaf")
        need(above is None or origin[1] == above[0], "broken_chain")
        return leaf

    def check_signature(self, token):
        need(is_key(token[1]), "bad_key")
        need(token[4](), "bad_signature")

    def check_signer(self, token):
        origin, anchor = token[2][-65537][3], self.anchor
        if origin[0] == 1:
            need(anchor[5] or anchor[6] or token[1] == self.holder, "wrong_signer")
            need(origin[2] == anchor[5], "old_epoch")
        if origin[0] == 2:
            need(token[1] == self.holder, "wrong_signer")
            need(origin[2] == anchor[5], "old_epoch")
            need(origin[3] == anchor[6], "old_generation")
            need(self.policy.offline, "not_delegable")

    def check_status(self, leaf):
        if leaf is not None:
            life, mask = leaf[4]
            need(life != 1, "revoked")
            need(life != 2, "ended")
            need(not mask & 1, "frozen")
            need(not mask, "suspended")

    def check_life(self, token):
        need(token[-65537][3][0] != 2 or self.ahead(token[4], 3600), "bad_time")
        need(not self.passed(token[4]), "expired")
        need(5 not in token or self.passed(token[5]), "not_yet_valid")

    def append(self, token):
        if token[-65537][3][0] == 0:
            self.claims = Effective(token)
        else:
            self.claims.append(token)

    def check_age(self):
        bounds = [self.policy.max_staleness, self.claims.staleness]
        need(all(self.age <= 1000 * bound for bound in bounds if bound is not None), "stale")

    def open_request(self):
        object_id, key, invocation, _, verify = signed(
            self.request, "invocation", "remit/invocation/v1", self.ledger
        )
        need(15 not in invocation, "misplaced_voucher")
        need(key == self.holder, "wrong_holder")
        need(is_key(key), "bad_key")
        need(verify(), "bad_signature")
        return object_id, invocation

    def ask(self, invocation_id, invocation, last, leaves):
        _, until, token, epoch, *asked = (invocation.get(key) for key in (1, 2, 4, 5, 4, 6, 7, 8))
        shown = {"audience": asked[1].hex(), "action": asked[2], "resource": asked[3], "valid_until_s": until}
        if 11 in invocation:
            shown["request"] = invocation[11].hex()
        if 10 in invocation:
            amount, unit = invocation[10]
            shown["payment"] = {"amount": str(amount), "unit": unit.hex(), "settle_by_s": invocation[13]}
            shown["payment"] |= {"refund_until_s": invocation[14]} if 14 in invocation else {}
        self.subject |= {"id": invocation_id.hex(), "invocation": shown}
        request = self.request_id(invocation)
        self.subject |= {"request_id": request.hex()} if request else {}

        def right_token():
            need(token == last[0], "wrong_token")
            need(epoch == self.anchor[5], "old_epoch")

        def window():
            need(not self.passed(until), "too_late")
            need(self.ahead(until, 60, self.policy.skew), "too_early")

        def arguments():
            names = [name for name, _, _ in self.arguments]
            need(len(set(names)) == len(names), "wrong_argument")
            for name, salt, value in self.arguments:
                wanted = invocation.get(9, {}).get(name)
                need(wanted == digest("remit/argument/v1", salt, name, value), "wrong_argument")

        self.check("token", right_token)
        self.check("window", window)
        self.check("audience", lambda: need(asked[1] == self.policy.party, "wrong_audience"))
        self.check("arguments", arguments)
        values = {name: value for name, _, value in self.arguments}
        self.check("permissions", lambda: check_permissions(self.claims.permissions, asked, values))
        if self.evidence is None and (self.claims.rules or self.approvals):
            self.check("approvals", lambda: self.check_approvals(request, invocation))
        else:
            self.skip("approvals")
        if 10 in invocation:
            self.check("unit", lambda: self.check_unit(invocation[10][1], leaves))
            self.check("deadline", lambda: self.check_deadline(invocation[13]))
            self.check("budgets", lambda: self.check_budgets(*invocation[10]))
            if self.policy.at_risk:
                self.check("at_risk", lambda: self.check_at_risk(*invocation[10]))

    def request_id(self, invocation):
        """Spec 17 §2."""
        if 12 not in invocation:
            return None
        asked = [invocation.get(key) for key in (4, 5, 6, 7, 8, 9, 10, 12)]
        return digest("remit/request-id/v1", self.ledger, *asked)

    def check_approvals(self, request, invocation):
        """Spec 17 §4."""
        signers = set()
        for data in self.approvals:
            _, key, approval, _, verify = signed(data, "approve", "remit/approve/v1", self.ledger)
            need(3 not in approval, "bundle_mismatch")
            need(is_key(key), "bad_key")
            need(approval[21] == request, "unknown_request")
            need(not self.passed(approval[2]), "too_late")
            need(self.ahead(approval[2], 7 * 86400, self.policy.skew), "too_early")
            need(any(key in approvers for _, approvers, _ in self.claims.rules), "not_an_approver")
            need(verify(), "bad_signature")
            signers.add(key)
        for k, approvers, thresholds in self.claims.rules:
            amount, unit = invocation.get(10, (None, None))
            most = dict((unit, most) for unit, most in thresholds or []).get(unit)
            applies = thresholds is None or amount is not None and (most is None or amount > most)
            need(not applies or len(signers & set(approvers)) >= k, "approval_required")

    def check_unit(self, unit, leaves):
        leaf = next((leaf for leaf in leaves if leaf[1] == 1 and leaf[3] == unit), None)
        need(leaf, "unknown_unit")
        need(leaf[4][1] == 0, "unit_frozen")
        return leaf

    def check_deadline(self, settle_by):
        need(not self.passed(settle_by), "settled")
        need(self.ahead(settle_by, 30 * 86400, self.policy.skew), "bad_time")

    def check_budgets(self, amount, unit):
        for budgets in self.claims.budgets:
            budget = next((budget for budget in budgets if budget[1] == unit), None)
            need(budget, "unit_not_budgeted")
            need(amount <= budget.get(4, U64), "above_per_use")
            need(amount <= budget.get(3, U64), "above_total")

    def check_at_risk(self, amount, unit):
        for of, least, most in self.policy.at_risk:
            need(of != unit or amount < least or self.age <= 1000 * most, "stale")

    def fund(self, invocation_id, invocation):
        if self.evidence is None:
            self.skip("funding")
            return False
        self.check("funding", lambda: self.check_funding(invocation_id, invocation))
        return True

    def check_funding(self, invocation_id, invocation):
        need(invocation is not None and 10 in invocation, "not_funding")
        _, data, ids, proof = decode(self.evidence, "evidence")
        index, path, note = parse_proof(proof)
        checkpoint = self.policy.trust.accept(note, self.now, self.policy.skew)
        self.check_ledger(checkpoint)
        need(included(leaf_hash(data), index, checkpoint[1], path, checkpoint[2]), "bad_proof")
        try:
            entry = decode(data, "entry")
        except Refused:
            raise Refused("not_funding") from None
        alone = entry[2] == 19 and not ids and entry[3] == invocation_id
        bundle = entry[2] == 25 and len(ids) > 1 and invocation_id in ids
        need(alone or bundle and entry[3] == sha256(encode(["remit/ids/v1", ids])), "not_funding")
        self.see(entry[1], checkpoint)
        need(not self.passed(invocation[13]), "settled")


def judge(data):
    """The service's own verdict on a case file."""
    case = decode(data, "case")
    return Judge(case, Policy(case[7])).verdict()
