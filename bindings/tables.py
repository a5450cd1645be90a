"""Writes the tables of the specification as source files of the bindings: codes, limits, labels, kinds.

`python3 bindings/tables.py` writes them; `python3 bindings/tables.py --check` fails where one is not current.
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SPEC = ROOT / "spec"
SOURCE = ROOT / "bindings" / "typescript" / "src"
HEADER = ROOT / "bindings" / "c" / "include" / "remit_codes.h"
SAFE = 2**53 - 1


def rows(page, pattern, section=None):
    """The groups of every table row that fits, in order; `section` is the name of a generated part."""
    text = (SPEC / page).read_text()
    if section:
        text = text.split(f"<!-- generated: {section} -->", 1)[1].split("<!-- end -->", 1)[0]
    found = re.findall(pattern, text, re.MULTILINE)
    assert found, f"{page}: no rows"
    return found


def quoted(text):
    return json.dumps(text, ensure_ascii=False)


def header(what, page):
    return f"// {what}\n// Generated from spec/{page} by bindings/tables.py; do not edit.\n\n"


def codes():
    page = "15-codes.md"
    out = header("Every reason for a no (spec 15).", page)
    out += "/** Number and meaning of every code, by its stable text. */\nexport const CODES = {\n"
    for number, code, meaning in rows(page, r"^\| (\d+) \| `(\w+)` \| (.*) \|$", "codes"):
        out += f"  {code}: {{ number: {number}, meaning: {quoted(meaning)} }},\n"
    out += "} as const;\n\n/** The stable text of a reason for a no. */\nexport type Code = keyof typeof CODES;\n"
    return out


def codes_for_c():
    page = "15-codes.md"
    out = "/* Every reason for a no (spec 15). Generated from spec/15-codes.md by bindings/tables.py; do not edit. */\n"
    out += "#ifndef REMIT_CODES_H\n#define REMIT_CODES_H\n\nenum {\n"
    found = rows(page, r"^\| (\d+) \| `(\w+)` \| (.*) \|$", "codes")
    for at, (number, code, meaning) in enumerate(found):
        comma = "," if at + 1 < len(found) else ""
        out += f"    REMIT_CODE_{code.upper()} = {number}{comma} /* {meaning} */\n"
    return out + "};\n\n#endif\n"


def limits():
    page = "12-limits.md"
    out = header("Every bound (spec 12).", page)
    for name, value, unit, reason in rows(page, r"^\| `(\w+)` \| ([\d ]+) \| ([^|]*) \| (.*) \|$"):
        digits = value.replace(" ", "")
        number = digits if int(digits) <= SAFE else digits + "n"
        grouped = re.sub(r"(?<=\d)(?=(\d{3})+n?$)", "_", number)
        out += f"/** In {unit}: {reason.replace('`', '')}. */\nexport const {name} = {grouped};\n"
    return out


def labels():
    page = "01-conventions.md"
    out = header("The labels (spec 01 §6).", page)
    for name, meaning in rows(page, r"^\| `remit/([\w-]+)/v1` \| (.*) \|$", "labels"):
        constant = name.upper().replace("-", "_")
        out += f"/** {meaning} */\nexport const {constant} = {quoted(f'remit/{name}/v1')};\n"
    return out


def kinds():
    page = "03-log.md"
    out = header("Kinds of entries and operations (spec 03 §1, 14 §1).", page)
    out += "/** Number and label of every kind, by its name; `null` where nobody signs it. */\nexport const KINDS = {\n"
    for number, name, _, label in rows(page, r"^\| (\d+) \| `(\w+)` \| (.*) \| (\S+) \|$", "kinds"):
        label = "null" if label == "none" else quoted(label.strip("`"))
        out += f"  {name}: {{ number: {number}, label: {label} }},\n"
    out += "} as const;\n\n/** The name of a kind. */\nexport type Kind = keyof typeof KINDS;\n\n"
    reserved = rows("14-reserved.md", r"^\| (\d+) \| `(\w+)` \|$", "reserved kinds")
    numbers = ", ".join(number for number, _ in reserved)
    return out + f"/** Numbers kept for later rules versions. */\nexport const RESERVED_KINDS = [{numbers}];\n"


def main():
    check, stale = "--check" in sys.argv[1:], []
    tables = {"codes": codes(), "limits": limits(), "labels": labels(), "kinds": kinds()}
    files = {SOURCE / f"{name}.ts": text for name, text in tables.items()}
    for path, text in {**files, HEADER: codes_for_c()}.items():
        if check and (not path.exists() or path.read_text() != text):
            stale.append(str(path.relative_to(ROOT)))
        elif not check:
            path.write_text(text)
    if stale:
        sys.exit(f"not current: {', '.join(stale)}; run python3 bindings/tables.py")


if __name__ == "__main__":
    main()
