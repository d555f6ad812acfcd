"""Writes kinds into a folder: a good one, and others that differ from it in one place."""

from pathlib import Path
from typing import Final

GOOD: Final = """\
title = "A line is cut"
story = "An excavator cuts the fibre."
policy = "venue_link_loss"
source = "Own"

[target.here]
scope = "venue"

[target.server]
scope = "host"
roles = ["results"]

[[step]]
name = "cut"
fault = "uplink_cut"
of = "here"
lasts = [20, 40]

[[step]]
name = "off"
fault = "machine_off"
of = "server"
at = 10
lasts = 60

[[expected]]
of = "here"
cause = "venue_unreachable"
detect_within_s = 3

[[expected]]
of = "server"
cause = "host_down"
after = "cut"
after_heal = true
detect_within_s = 20
"""


def written(folder: Path, text: str = GOOD, name: str = "line_cut") -> Path:
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def changed(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new, 1)
