"""Holds this reading of the specification to the vectors: `python3 tools/reference/check.py` (no packages needed).

With case files as arguments it prints their verdicts instead.
"""

import json
import sys
import tomllib
from pathlib import Path

from formats import (
    SHAPES,
    Refused,
    decode,
    decode_at,
    digest,
    encode,
    included,
    is_key,
    is_path,
    leaf_hash,
    multi_included,
    request_id,
    root,
    sha256,
    signed,
    verifies,
)
from following import apply, changes_between, chunk_leaf, consistent, follow, judge_followed, status_root
from http_binding import decide, find_route, read_fields, request_digest
from judge import Policy, judge, parse_checkpoint, parse_note
from receipt import receive
from till import OpenLease, Till
from witness import answer

SPEC = Path(__file__).resolve().parents[2] / "spec"


def vectors(name):
    return json.loads((SPEC / "vectors" / f"{name}.json").read_text())["vectors"]


def unhex(texts):
    return [bytes.fromhex(text) for text in texts]


def accepts(kind, given):
    """Whether an object is accepted, and the code if not."""
    try:
        if kind == "path":
            return is_path(given["text"]), "malformed"
        data = bytes.fromhex(given["bytes"])
        if kind == "public_key":
            return is_key(data), "bad_key"
        decode(data, kind)
        return True, None
    except Refused as refused:
        return False, refused.code


def check_signatures():
    """The edge cases of C2SP/CCTV: refused exactly where a flag says what spec 01 §2 refuses."""
    file = SPEC.parent / "tests" / "data" / "ed25519-edge-cases" / "ed25519vectors.json"
    cases = json.loads(file.read_text())
    for case in cases:
        flags = case["flags"] or []
        bad = any(f in ("low_order_A", "low_order_R", "low_order_residue") for f in flags)
        bad |= any(f.startswith("non_canonical_") for f in flags)
        key, signature = unhex([case["key"], case["sig"]])
        assert verifies(key, case["msg"].encode(), signature) != bad, case["number"]
    return len(cases)


def check_objects():
    count = 0
    for vector in vectors("objects"):
        given, values = vector["input"], vector.get("values") or {}
        if given["kind"] not in SHAPES and given["kind"] not in ("path", "public_key"):
            continue
        good, code = accepts(given["kind"], given)
        assert good == (vector["result"] == "ok"), vector["name"]
        # A text where an integer key belongs may be out of order too: two faults, and either code.
        excused = vector["name"].endswith("/text-key")
        assert good or excused or code == vector["result"], f"{vector['name']}: {code}"
        data = bytes.fromhex(given.get("bytes", ""))
        derived = {
            "digest": sha256(data),
            "leaf_hash": leaf_hash(data),
            "authority": digest("remit/authority/v1", data),
        }
        if given["kind"] == "argument" and good:
            name, salt, value = decode(data, "argument")
            derived["digest"] = digest("remit/argument/v1", salt, name, value)
        if given["kind"] in ("act:request", "act:lease") and good and "ledger" in given:
            ledger = bytes.fromhex(given["ledger"])
            derived["request"] = request_id(ledger, given["kind"], decode(data, given["kind"]))
        if "label" in given and good:
            label, ledger = given["label"], bytes.fromhex(given["ledger"])
            object_id, *_, verify = signed(data, "token", label, ledger)
            assert verify(), vector["name"]
            derived["id"] = object_id
        for key in derived.keys() & values.keys():
            assert derived[key].hex() == values[key], f"{vector['name']}: {key}"
        count += 1
    return count


def check_submissions():
    """Every id in the submissions that are good: of objects, operations, payloads and entries (spec 02 §3, §4)."""
    count = 0
    for vector in vectors("submissions"):
        if vector["result"] != "ok":
            continue
        (_, ledger, members), _ = decode_at(bytes.fromhex(vector["input"]["bytes"]), 0)
        operations = []
        for (kind, objects, *_), stated in zip(members, vector["values"]["operations"], strict=True):
            token = "token" if stated["kind"] in ("issue", "delegate") else None
            name = token or {"reserve": "invocation"}.get(stated["kind"], stated["kind"].replace("_", "-"))
            label, ids = f"remit/{name}/v1".encode(), []
            for protected, _, payload, signature in (decode(data, "sign1") for data in objects):
                structure = encode(["Signature1", protected, label + ledger, payload])
                assert verifies(decode_at(protected, 0)[0][4], structure, signature), vector["name"]
                ids.append(sha256(structure))
            payload_id = digest("remit/payload/v1", ledger, kind, payload).hex() if kind != 19 else None
            assert stated["payload"] == payload_id and unhex(stated["objects"]) == ids, vector["name"]
            operations.append(combined(ids))
            assert stated["id"] == operations[-1].hex(), vector["name"]
        assert vector["values"]["id"] == combined(operations).hex(), vector["name"]
        count += len(operations)
    return count


def combined(ids):
    return ids[0] if len(ids) == 1 else digest("remit/ids/v1", ids)


def check_trees():
    count = 0
    for vector in vectors("trees"):
        given, good = vector["input"], vector["result"] == "ok"
        numbers = {key: int(given[key]) for key in ("index", "size") if key in given}
        match given["kind"]:
            case "root":
                hashes = [leaf_hash(leaf) for leaf in unhex(given["leaves"])]
                assert root(hashes).hex() == vector["values"]["root"], vector["name"]
            case "inclusion":
                leaf, wanted = unhex([given["leaf_hash"], given["root"]])
                proof = unhex(given["path"])
                assert included(leaf, numbers["index"], numbers["size"], proof, wanted) == good, vector["name"]
            case "multiproof":
                leaves = [(int(leaf["index"]), bytes.fromhex(leaf["hash"])) for leaf in given["leaves"]]
                wanted, siblings = bytes.fromhex(given["root"]), unhex(given["siblings"])
                assert multi_included(leaves, numbers["size"], siblings, wanted) == good, vector["name"]
            case "consistency":
                older, newer = [(int(given[f"{at}_size"]), bytes.fromhex(given[f"{at}_root"])) for at in ("old", "new")]
                assert consistent(*older, *newer, unhex(given["path"])) == good, vector["name"]
            case "status":
                chunk, stated = int(given["chunk"]), {int(each["index"]): each["status"] for each in given["statuses"]}
                leaf = chunk_leaf(chunk, [stated.get(2048 * chunk + place, 0) for place in range(2048)])
                assert leaf.hex() == vector["values"]["leaf"], vector["name"]
            case "history":
                before, entry = unhex([given["before"], given["entry"]])
                after = digest("remit/history/v1", before, numbers["index"], entry)
                assert after.hex() == vector["values"]["after"], vector["name"]
            case _:
                continue
        count += 1
    return count


def check_ledger():
    """Every id, digest, history and root of the whole ledger in rules.json."""
    (vector,) = vectors("rules")
    entries, leaves, histories = [], {}, {}
    for batch in vector["batches"]:
        begin = len(entries)
        for entry in batch["entries"]:
            data = bytes.fromhex(entry["bytes"])
            value = decode(data, "entry")
            assert int(entry["index"]) == len(entries)
            entries.append(leaf_hash(data))
            if entry["details"]:
                parts = [sha256(part) for part in unhex([entry["details"]["common"], *entry["details"]["links"]])]
                assert digest("remit/details/v1", parts[0], parts[1:]) == value[5]
        for leaf in batch["leaves"]:
            data = bytes.fromhex(leaf["bytes"])
            value = decode(data, "leaf")
            leaves[value[2]] = leaf_hash(data)
            assert folds(histories.get(value[2], bytes(32)), value[7], entries, begin)
            histories[value[2]] = value[7]
        assert value_root(leaves).hex() == batch["state_root"] and root(entries).hex() == batch["log_root"]
        text, _ = parse_note(batch["checkpoint"].encode())
        assert parse_checkpoint(text)[1:] == (len(entries), root(entries))
    return len(entries) + len(leaves)


def value_root(leaves):
    return root([leaves[index] for index in range(len(leaves))])


def folds(before, after, entries, begin):
    """Whether some of the entries of one batch, in order, fold one history into the other."""
    reached = {before}
    for index in range(begin, len(entries)):
        reached |= {digest("remit/history/v1", history, index, entries[index]) for history in reached}
    return after in reached


def check_verdicts():
    count = 0
    for vector in vectors("verdicts"):
        verdict = judge(bytes.fromhex(vector["input"]["case"]))
        assert verdict == vector["values"], f"{vector['name']}: {verdict}"
        count += 1
    case = (SPEC / "examples" / "hotel.case").read_bytes()
    assert judge(case)["decision"] == "allowed"
    return count + 1


def check_vouchers():
    """Every proof opened and every voucher judged; what a till keeps is followed from one voucher to the next."""
    count, tills = 0, {}
    for vector in vectors("vouchers"):
        given, values = vector["input"], vector.get("values")
        policy, now = Policy(given["policy"].encode()), int(given["now_ms"])
        proof = bytes.fromhex(given["proof"])
        try:
            if given["kind"] == "proof":
                opened = OpenLease(proof, policy, now)
                assert opened.id.hex() == values["lease"] and opened.holder.hex() == values["holder"], vector["name"]
                assert str(min(opened.limits)) == values["per_use"], vector["name"]
            else:
                opened = OpenLease(proof, policy, int(given["opened_ms"]))
                till = tills[given["kept"]] if given["kept"] else Till(bytes.fromhex(given["till"]), opened)
                shown = [decode(data, "argument") for data in unhex(given["arguments"])]
                voucher = bytes.fromhex(given["voucher"])
                after = till.accept(voucher, shown, policy, now)
                assert values["answer"] == ("repeated" if after is None else "taken"), vector["name"]
                if after is not None:
                    _, named, lease, (number, total, _), latest, _, last = decode(bytes.fromhex(values["till"]), "till")
                    assert (named.hex(), lease, last) == (given["till"], opened.id, voucher), vector["name"]
                    assert (number, total, latest) == (after.number, after.sum, after.latest), vector["name"]
                    tills[values["till"]] = after
                    closed = decode(bytes.fromhex(values["till"]), "till")
                    closed[5] = True
                    tills[encode(closed).hex()] = after.close()
            assert vector["result"] == "ok", vector["name"]
        except Refused as refused:
            assert refused.code == vector["result"], f"{vector['name']}: {refused.code}"
        count += 1
    return count


def check_following():
    count = 0
    for vector in vectors("following"):
        given = vector["input"]
        if given["kind"] == "judge":
            values = judge_followed(*unhex([given["case"], given["followed"]]))
            result = values.get("code", "ok")
        else:
            try:
                result, values = "ok", changed(given) if given["kind"] == "changes" else followed(given)
            except Refused as refused:
                result, values = refused.code, None
        assert (result, values) == (vector["result"], vector.get("values")), f"{vector['name']}: {result}, {values}"
        count += 1
    return count


def changed(given):
    changes = bytes.fromhex(given["changes"])
    before = apply(b"", bytes.fromhex(given["before"]["listed"]), int(given["before"]["size"]))
    after = apply(before, changes, int(given["size"]))
    assert changes_between(before, after) == changes, "the one sequence"
    return {"listed": changes_between(b"", after).hex(), "root": status_root(after).hex()}


def followed(given):
    policy, now, have = Policy(given["policy"].encode()), int(given["now"]), given["have"]
    before = have and follow(None, bytes.fromhex(have), policy, now)
    after = follow(before, bytes.fromhex(given["update"]), policy, now)
    listed = changes_between(b"", after.table).hex()
    return {"listed": listed, "size": str(after.size), "snapshot": after.snapshot().hex()}


def check_http():
    count = 0
    for vector in vectors("http"):
        given = vector["input"]
        try:
            result, values = "ok", http_values(given)
        except Refused as refused:
            result, values = refused.code, None
        assert result == vector["result"], f"{vector['name']}: {result}"
        assert values == vector.get("values"), f"{vector['name']}: {values}"
        count += 1
    return count


def http_values(given):
    told = [given.get(name) for name in ("method", "authority", "target")]
    content = bytes.fromhex(given.get("content", ""))
    match given["kind"]:
        case "digest":
            return {"digest": request_digest(*told, content, bytes.fromhex(given["presentation"])).hex()}
        case "fields":
            read = read_fields(given["fields"])
            read["arguments"] = [encode(argument) for argument in read["arguments"]]
            shown = {name: value.hex() for name, value in read.items() if isinstance(value, bytes)}
            lists = {name: [one.hex() for one in value] for name, value in read.items() if isinstance(value, list)}
            return {"evidence": None} | shown | lists
        case "route":
            return find_route(tomllib.loads(given["routes"])["routes"], told[0], told[2])
        case "decide":
            return decide(bytes.fromhex(given["case"]), *told, content)


def check_witness():
    all_of_them = vectors("witness")
    for vector in all_of_them:
        assert answer(vector["input"]) == (vector["result"], vector["values"]), vector["name"]
    return len(all_of_them)


def check_receipts():
    all_of_them = vectors("receipts")
    for vector in all_of_them:
        assert receive(vector["input"]) == (vector["result"], vector.get("values")), vector["name"]
    return len(all_of_them)


def main():
    for file in sys.argv[1:]:
        print(json.dumps(judge(Path(file).read_bytes()), indent=2))
    if len(sys.argv) == 1:
        checks = (check_signatures, check_objects, check_submissions, check_trees, check_ledger)
        checks += (check_vouchers, check_verdicts, check_following, check_http, check_receipts, check_witness)
        for check in checks:
            print(f"{check.__name__}: {check()} agree")


if __name__ == "__main__":
    main()
