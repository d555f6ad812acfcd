"""Lists the Python packages of a release, with their hashes, in CycloneDX 1.5.

python deploy/release/sbom.py agent|aggregator VERSION requirements/NAME.txt > FILE

It is made from the locked requirements, which name each package that is installed: so it holds for
an installation with ``--require-hashes``, a bundle and a Debian package of ours.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

PINNED = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)==(?P<version>[^\s;\\]+)")
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
WRONG = 2


def components(requirements: str) -> list[dict[str, Any]]:
    """Return each package of locked requirements; its hashes are those of all its files.

    Raises:
        ValueError: a package has no version or no hash.
    """
    found = []
    for line in re.sub(r"\\\n\s*", " ", requirements).splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        pinned, hashes = PINNED.match(line), HASH.findall(line)
        if pinned is None or not hashes:
            raise ValueError(f"expected NAME==VERSION with a hash, got {line[:60]!r}")
        name, version = pinned["name"].lower().replace("_", "-"), pinned["version"]
        found.append(
            {
                "type": "library",
                "name": name,
                "version": version,
                "purl": f"pkg:pypi/{name}@{version}",
                "hashes": [{"alg": "SHA-256", "content": one} for one in sorted(hashes)],
            }
        )
    return found


def document(role: str, version: str, requirements: str) -> dict[str, Any]:
    """Return the whole list. Without a time or a random number: the same input, the same bytes.

    Raises:
        ValueError: as :func:`components`.
    """
    subject = {
        "type": "application",
        "name": f"venuewatch-{role}",
        "version": version,
        "licenses": [{"license": {"id": "Apache-2.0"}}],
    }
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": subject},
        "components": components(requirements),
    }


def main(words: list[str]) -> int:
    """Print the list."""
    role, version, name = words
    try:
        listed = document(role, version, Path(name).read_text(encoding="utf-8"))
    except ValueError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return WRONG
    print(json.dumps(listed, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
