"""Write ``resources/jars.lock`` anew from ``coordinates.toml``: for maintainers, on an upgrade.

``python -m services.local.java.pinning``
"""

import hashlib
import sys
import tomllib
from pathlib import Path

import jgo
from jgo.maven import MavenContext

from services.local.java.toolchain import RESOURCES


def resolve_jars(coordinates: Path) -> list[str]:
    """One line per jar, of every server, in a stable order."""
    lines = []
    for server, wanted in tomllib.loads(coordinates.read_text(encoding="utf-8")).items():
        only = set(wanted.get("only", ()))
        for artifact in jgo.resolve("+".join(wanted["coordinates"])):
            if artifact.packaging != "jar" or (only and artifact.artifactId not in only):
                continue
            coordinate = f"{artifact.groupId}:{artifact.artifactId}:{artifact.version}"
            # Through jgo again: a transitive artifact may come without its packaging resolved.
            group, name, version = coordinate.split(":")
            jar = MavenContext().project(group, name).at_version(version).artifact().resolve()
            content = jar.read_bytes()
            digest = hashlib.sha256(content).hexdigest()
            lines.append(f"{server} {coordinate} {len(content)} {digest}")
    return sorted(set(lines))


if __name__ == "__main__":
    lock = RESOURCES / "jars.lock"
    header = (
        "# server coordinate bytes sha256; written by `python -m services.local.java.pinning`\n"
    )
    lines = resolve_jars(RESOURCES / "coordinates.toml")
    lock.write_text(header + "\n".join(lines) + "\n", encoding="utf-8")
    sys.stdout.write(f"{len(lines)} jars are pinned in {lock}\n")
