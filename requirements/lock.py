"""Renew the locked requirements: every version and every hash, and no index address."""

import subprocess
from pathlib import Path

HERE = Path(__file__).parent
LOCKS = {
    "agent": [],
    "aggregator": ["--extra", "aggregator"],
    "demo": ["--extra", "demo"],
    "venue": ["--extra", "venue"],
    "build": ["--group", "build"],
    "dev": ["--extra", "demo", "--group", "dev", "--group", "build"],
}
OPTIONS = [
    "--quiet",
    "--universal",
    "--python-version=3.11",
    "--generate-hashes",
    "--no-annotate",
    "--no-header",
    "--no-emit-index-url",
    "--no-emit-find-links",
]

for name, selection in LOCKS.items():
    source = [] if name == "build" else ["pyproject.toml"]
    target = str(HERE / f"{name}.txt")
    subprocess.run(  # noqa: S603 - fixed words
        ["uv", "pip", "compile", *OPTIONS, *selection, *source, "--output-file", target],  # noqa: S607
        cwd=HERE.parent,
        check=True,
    )
