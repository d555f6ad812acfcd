"""Arrays of disks (Linux software RAID): their state, their disks, and how much is in sync."""

import os
import re
from typing import NamedTuple

from agent.vitals import _files

_ARRAY = re.compile(
    rb"^(md\S+) : (active|inactive)\b([^\n]*)((?:\n[^\S\n]+\S[^\n]*)*)", re.MULTILINE
)
_MEMBER = re.compile(rb"\S\[\d+\]((?:\([A-Z]\))*)")
_BLOCKS = re.compile(rb"\b(\d{1,19}) blocks\b")
_DISKS = re.compile(rb"\[(\d{1,9})/(\d{1,9})\]")
_SYNC = re.compile(rb"\b(recovery|resync|check) *=(?: *\S+ \((\d{1,19})/\d+\))?")
_STATES = {b"recovery": "recovering", b"resync": "resync", b"check": "check"}


class Array(NamedTuple):
    """One array; blocks are of 1 KiB."""

    name: str
    state: str
    required: int
    active: int
    failed: int
    spare: int
    blocks: int
    synced: int


def read() -> dict[str, object]:
    """Return the arrays; nothing on a machine without any."""
    arrays = parsed(_files.proc_if_any("mdstat"))
    if not arrays:
        return {}
    disks, states = ("active", "failed", "spare"), ("active", "inactive", *_STATES.values())
    return {
        "node_md_blocks": [(array.name, array.blocks) for array in arrays],
        "node_md_blocks_synced": [(array.name, array.synced) for array in arrays],
        "node_md_disks_required": [(array.name, array.required) for array in arrays],
        "node_md_disks": [(one.name, kind, getattr(one, kind)) for one in arrays for kind in disks],
        "node_md_state": [(one.name, at, int(at == one.state)) for one in arrays for at in states],
    }


def parsed(mdstat: bytes) -> list[Array]:
    """Return what /proc/mdstat says: a paragraph an array, its name and its disks in front."""
    return [_array(*found) for found in _ARRAY.findall(mdstat)]


def _array(name: bytes, state: bytes, members: bytes, more: bytes) -> Array:
    flags = _MEMBER.findall(members)
    failed, spare = sum(b"(F)" in its for its in flags), sum(b"(S)" in its for its in flags)
    if state == b"inactive":
        required = active = 0
    elif disks := _DISKS.search(more):
        required, active = int(disks[1]), int(disks[2])
    else:  # no disk of it may fail
        required = active = len(flags) - failed - spare
    size, sync = _BLOCKS.search(more), _SYNC.search(more)
    blocks = int(size[1]) if size else 0
    synced = int(sync[2] or 0) if sync else blocks
    is_at = _STATES[sync[1]] if sync and state == b"active" else state.decode()
    return Array(os.fsdecode(name), is_at, required, active, failed, spare, blocks, synced)
