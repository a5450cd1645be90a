"""The header declares what the library exports, and nothing else: ``exports.py LIBRARY``."""

import re
import subprocess
import sys
from pathlib import Path

header = (Path(__file__).resolve().parents[1] / "include" / "remit_verifier.h").read_text()
code = re.sub(r"/\*.*?\*/", "", header, flags=re.DOTALL)
code = re.sub(r"static inline[^{]*\{[^}]*\}", "", code)
declared = set(re.findall(r"\b(remit_\w+)\s*\([^)]*\)\s*;", code))
listed = subprocess.run(["nm", "-D", "--defined-only", sys.argv[1]], check=True, capture_output=True, text=True)
exported = {name for _, kind, name in (line.split() for line in listed.stdout.splitlines()) if kind == "T"}
assert len(declared) > 40, sorted(declared)
assert declared == exported, sorted(declared ^ exported)
print(f"exports: {len(exported)} functions, as declared")
