"""How long a verdict takes in Python: ``rate.py CASE``. One line, as that of verifier/examples/rate.rs."""

import sys
import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from remit_verifier import Case, Policy, Verifier


def micros(work):
    start, count = time.perf_counter(), 0
    while time.perf_counter() - start < 1:
        work()
        count += 1
    return (time.perf_counter() - start) * 1e6 / count


with open(sys.argv[1], "rb") as file:
    case = Case.decode(file.read())
policy = Policy.from_toml(case.policy)
brought = (case.presentation, case.invocation, case.arguments, case.approvals, case.evidence)


def judge(verifier):
    assert verifier.verify(*brought, now_ms=case.now_ms).decision == "allowed"


first = micros(lambda: judge(Verifier(policy)))
seen = Verifier(policy)
again = micros(lambda: judge(seen))
key, message = Ed25519PrivateKey.generate(), bytes(200)
signature, public = key.sign(message), key.public_key()
check = micros(lambda: public.verify(signature, message))
print(f"python {first:.1f} {again:.1f} {check:.1f} cryptography")
