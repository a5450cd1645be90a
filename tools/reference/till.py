"""Leases, vouchers and tills after spec/16: a proof is opened, and a till judges the vouchers of its lease."""

from formats import (
    U64,
    Refused,
    decode,
    digest,
    encode,
    included,
    is_key,
    leaf_hash,
    need,
    root,
    sha256,
    signed,
)
from judge import Effective, check_permissions, parse_proof


class OpenLease:
    """Spec 16 §5."""

    def __init__(self, data, policy, now):
        _, entry, ids, proof, common, links, lease, tokens = decode(data, "lease proof")
        index, path, note = parse_proof(proof)
        checkpoint = policy.trust.accept(note, now, policy.skew)
        need(checkpoint[0] in policy.ledgers, "wrong_ledger")
        self.ledger = policy.ledgers[checkpoint[0]]
        need(included(leaf_hash(entry), index, checkpoint[1], path, checkpoint[2]), "bad_proof")
        self.id, self.holder, self.lease, _, verify = signed(lease, "act:lease", "remit/lease/v1", self.ledger)
        need(is_key(self.holder), "bad_key")
        need(verify(), "bad_signature")
        outcome, facts = self.read(entry, ids, common, links)
        need(outcome[1] <= now + policy.skew, "clock")
        need(self.lease[12] == policy.party, "wrong_audience")
        self.limits = [facts[key] for key in (14, 15) if key in facts]
        self.newest = max([outcome[1], *checkpoint[4]])
        self.open_chain(tokens, policy)

    def read(self, entry, ids, common, links):
        """The entry, and what it did for this lease."""
        try:
            outcome, facts = decode(entry, "entry"), decode(common, "common")[3]
        except Refused:
            raise Refused("not_funding") from None
        alone = outcome[2] == 35 and not ids and outcome[3] == self.id
        bundle = outcome[2] == 25 and len(ids) > 1 and self.id in ids
        need(alone or bundle and outcome[3] == sha256(encode(["remit/ids/v1", ids])), "not_funding")
        need(digest("remit/details/v1", sha256(common), links) == outcome[5], "not_funding")
        place = ids.index(self.id) if ids else 0
        need(place < len(facts), "not_funding")
        facts = facts[place]
        need(facts.get(3) == self.lease[11] and facts.get(10) == self.lease[33], "not_funding")
        return outcome, facts

    def open_chain(self, tokens, policy):
        need(len(tokens) <= 8, "too_deep")
        above, self.tokens = None, []
        for data in tokens:
            token_id, key, token, _, verify = signed(data, "token", "remit/token/v1", self.ledger)
            need(is_key(key), "bad_key")
            origin = token[-65537][3]
            need(origin[0] == (0 if above is None else 1), "broken_chain")
            if above is None:
                need(policy.issuers is None or origin[1] in policy.issuers, "untrusted_issuer")
            else:
                need(origin[1] == above, "broken_chain")
            need(verify() or not policy.verify_logged, "bad_signature")
            self.tokens.append(token)
            above = token_id
        need(above == self.lease[4], "wrong_token")

    def claims(self):
        need(self.tokens, "broken_chain")
        claims = Effective(self.tokens[0])
        for token in self.tokens[1:]:
            claims.append(token)
        return claims


class Till:
    """Spec 16 §6. The tree is kept as the hashes of all uses, where a till keeps its right edge."""

    def __init__(self, till, lease):
        need(lease.lease[31] == till, "wrong_lease")
        self.lease, self.number, self.sum, self.latest, self.uses, self.last = lease, 0, 0, lease.newest, [], None
        self.closed = False

    def after(self, use, sum_, latest, last):
        till = Till(self.lease.lease[31], self.lease)
        till.number, till.sum, till.latest, till.last = self.number + 1, sum_, latest, last
        till.uses = [*self.uses, use]
        return till

    def close(self):
        till = self.after(None, self.sum, self.latest, self.last)
        till.number, till.uses, till.closed = self.number, self.uses, True
        return till

    def accept(self, data, shown, policy, now):
        """The till that is to be kept, or None for the last voucher again."""
        lease = self.lease
        need(len(data) <= 5120, "oversize")
        voucher_id, key, voucher, _, verify = signed(data, "invocation", "remit/invocation/v1", lease.ledger)
        need(15 in voucher, "misplaced_voucher")
        need(is_key(key), "bad_key")
        named, number, total, wanted = voucher[15]
        amount, unit = voucher[10]
        need(named == lease.id, "wrong_lease")
        need(key == lease.holder, "wrong_holder")
        need(verify(), "bad_signature")
        if voucher_id == self.last:
            return None
        need(not self.closed, "settled")
        need(voucher[4] == lease.lease[4], "wrong_token")
        need(voucher[5] == lease.lease[5], "old_epoch")
        need(voucher[6] == lease.lease[12] == policy.party, "wrong_audience")
        need(unit == lease.lease[30], "wrong_lease")
        time = max(now, self.latest, lease.newest)
        need(time < min(1000 * lease.lease[32], U64), "spend_over")
        need(time < min(1000 * voucher[2], U64), "too_late")
        need(1000 * voucher[2] <= time + policy.skew + 60_000, "too_early")
        names = [name for name, _, _ in shown]
        need(len(set(names)) == len(names), "wrong_argument")
        for name, salt, value in shown:
            need(voucher.get(9, {}).get(name) == digest("remit/argument/v1", salt, name, value), "wrong_argument")
        asked = [None, voucher[6], voucher[7], voucher[8]]
        check_permissions(lease.claims().permissions, asked, {name: value for name, _, value in shown})
        need(all(amount <= most for most in lease.limits), "above_per_use")
        need(number == self.number + 1, "wrong_number")
        need(total == self.sum + amount, "wrong_sum")
        need(total <= lease.lease[11], "above_leased")
        parts = [number, amount, voucher[7], voucher[8], voucher.get(9), voucher.get(11), voucher[1]]
        use = leaf_hash(encode(["remit/use/v1", *parts]))
        need(root([*self.uses, use]) == wanted, "wrong_root")
        return self.after(use, total, time, voucher_id)
