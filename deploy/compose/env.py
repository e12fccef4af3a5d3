"""``python3 deploy/compose/env.py``: write ``.env`` with random passwords, unless it is there.

Standard library only, so that any Python can run it before anything is installed.
"""

import argparse
import os
import secrets
import sys
from pathlib import Path

TEMPLATE = Path(__file__).with_name("template.env")
# 192 bits in 48 letters and digits: safe in URLs, shells and YAML, and long enough for Kibana.
SECRET_BYTES = 24
PRIVATE = 0o600


def render(template: str) -> str:
    """The template, with a random secret wherever it has none."""
    return "".join(
        f"{line}{secrets.token_hex(SECRET_BYTES)}\n" if line.endswith("=") else f"{line}\n"
        for line in template.splitlines()
    )


def main() -> int:
    """Write the file that only its owner may read; 1 if one is there."""
    parser = argparse.ArgumentParser(prog="deploy/compose/env.py", description=__doc__)
    parser.add_argument("target", type=Path, nargs="?", default=Path(".env"))
    target = parser.parse_args().target
    try:
        file = os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "w")
    except FileExistsError:
        sys.stderr.write(
            f"{target} is there and is kept: its passwords are those of the volumes. "
            "To start anew, remove it after `docker compose down --volumes`.\n"
        )
        return 1
    with file:
        file.write(render(TEMPLATE.read_text(encoding="utf-8")))
    sys.stdout.write(f"Wrote {target} with new random passwords.\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
