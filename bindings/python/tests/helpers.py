"""What the tests share: the vectors of the specification, read from the repository."""

import json
from pathlib import Path

from remit_verifier import RemitError

ROOT = Path(__file__).resolve().parents[3]


def vectors(name, least):
    """The vectors of a file, which has at least so many."""
    found = json.loads((ROOT / "spec" / "vectors" / f"{name}.json").read_text())["vectors"]
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
