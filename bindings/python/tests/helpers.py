"""What the tests share: the vectors of the specification, read from the repository."""

import hashlib
import json
from pathlib import Path

from remit_verifier import Holder, RemitError

ROOT = Path(__file__).resolve().parents[3]


def vectors(name, least):
    """The vectors of a file, which has at least so many."""
    found = json.loads((ROOT / "spec" / "vectors" / f"{name}.json").read_text())
    found = found if name == "attacks" else found["vectors"]
    assert len(found) >= least, f"{name}: {len(found)}"
    return found


def outcome(run):
    """``ok`` and what came out, or the code of a no."""
    try:
        return "ok", run()
    except RemitError as error:
        return error.code, None


def maybe(text):
    """Bytes of hexadecimal text that may be absent."""
    return None if text is None else bytes.fromhex(text)


NAMES = ("agent", "hotel agent", "night agent", "assistant", "assistant 2", "sub-agent")


def seed(name):
    """The seed of a person's key in the vectors."""
    return hashlib.sha256(b"remit vectors" + name.encode()).digest()


SEEDS = [*map(seed, NAMES), *(bytes([number] * 32) for number in range(64))]
HOLDERS = {holder.public_key: holder for holder in map(Holder, SEEDS)}


def holder_of(key):
    """Who has this public key in the vectors."""
    return HOLDERS[key]
