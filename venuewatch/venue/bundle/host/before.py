"""Notes what each step replaces, on disk, until the whole work is done.

A note is written and synced before its change is made. So a change is either noted or not made,
whenever the work is interrupted. Putting back twice is the same as once.
"""

import base64
import json
import os
import stat
from pathlib import Path
from typing import Any
from urllib.parse import quote

from .machine import Machine, RefusedError

FOLDER = "/var/lib/venuewatch-install"
"""Ours; nobody but root reads it, since a note may hold a key."""

START = "start"
"""What the note of a start is for, in place of a path."""

_NOTES = f"{FOLDER}/before"
_DROPPED = f"{FOLDER}/dropped"
_DOING = f"{_NOTES}/doing"
INSTALLED = f"{FOLDER}/installed.json"


class Before:
    """The notes of the work that is going on."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def keep(self, path: str) -> None:
        """Note what is at ``path``, or that there is nothing; the first note stays."""
        here = self._machine.at(path)
        if here.is_symlink():
            self._note(path, {"kind": "link", "target": str(here.readlink())})
        elif here.is_file():
            found = here.stat()
            content = base64.b64encode(here.read_bytes()).decode()
            owner = {"uid": found.st_uid, "gid": found.st_gid, "mode": stat.S_IMODE(found.st_mode)}
            self._note(path, {"kind": "file", "content": content, **owner})
        elif here.is_dir():  # never removed: it may be a spool
            self._note(path, {"kind": "folder"})
        else:
            self._note(path, {"kind": "nothing"})

    def keep_moved(self, path: str, to: str) -> None:
        """Note that the folder at ``path`` is about to be moved."""
        self._note(path + "/", {"kind": "moved", "from": path, "to": to})

    def keep_user(self, name: str) -> None:
        """Note that a user is about to be added."""
        self._note(name, {"kind": "user", "name": name})

    def keep_start(self) -> None:
        """Note that the program of before is about to end, and another one to start."""
        self._note(START, {"kind": "start"})

    @property
    def was_started(self) -> bool:
        """True from such a note on, until it is put back."""
        return self._at(START).exists()

    def put_back(self, path: str) -> None:
        """Put back what was noted of a path or user, if anything was."""
        note = self._at(path)
        if not note.exists():
            return
        self._put_back(path, self._read(note))
        note.unlink()

    def put_back_moved(self, path: str) -> None:
        """Put a folder back that was moved, if one was."""
        self.put_back(path + "/")

    def put_back_all(self) -> None:
        """Put everything back; a moved folder last, since a link stands in its place."""
        folder = self._machine.at(_NOTES)
        if not folder.is_dir():
            return
        notes = [self._read(note) for note in folder.glob("*.json")]
        for found in sorted(notes, key=lambda found: found["kind"] == "moved"):
            self.put_back(found["path"])

    def forget(self) -> None:
        """Drop all notes at once: the work is done, or taken back."""
        notes = self._machine.at(_NOTES)
        self._machine.remove(_DROPPED)
        if notes.is_dir():  # by rename: half of the notes would put back half of the work
            notes.rename(self._machine.at(_DROPPED))
            self._machine.sync_folder(notes.parent)
        self._machine.remove(_DROPPED)

    # The work that goes on, and that which was done last

    def begin(self, work: dict[str, Any]) -> None:
        """Note which work begins."""
        self._save(_DOING, work)

    @property
    def doing(self) -> dict[str, Any] | None:
        """The work that was begun and is not done."""
        return self._load(_DOING)

    @property
    def installed(self) -> dict[str, Any] | None:
        """The installation that was done last; None where none was."""
        return self._load(INSTALLED)

    def install(self, installed: dict[str, Any]) -> None:
        """Note what is installed from now on."""
        self.keep(INSTALLED)
        self._save(INSTALLED, installed)

    def _put_back(self, path: str, found: dict[str, Any]) -> None:
        machine = self._machine
        match found["kind"]:
            case "link":
                machine.link(path, found["target"])
            case "file":
                machine.write(path, base64.b64decode(found["content"]), mode=found["mode"])
                os.chown(machine.at(path), found["uid"], found["gid"])
                machine.at(path).chmod(found["mode"])
            case "nothing":
                machine.remove(path)
            case "moved":
                here, there = machine.at(found["from"]), machine.at(found["to"])
                if there.is_dir():
                    machine.remove(found["from"])
                    there.rename(here)
            case "user":
                machine.remove_user(found["name"])

    def _note(self, path: str, found: dict[str, Any]) -> None:
        if not self._at(path).exists():
            self._save(f"{_NOTES}/{self._at(path).name}", {"path": path, **found})

    def _at(self, path: str) -> Path:
        return self._machine.at(f"{_NOTES}/{quote(path, safe='')}.json")

    def _save(self, path: str, content: dict[str, Any]) -> None:
        self._machine.make_folder(FOLDER, mode=0o700)
        self._machine.write(path, json.dumps(content, indent=1).encode() + b"\n", mode=0o600)

    def _load(self, path: str) -> dict[str, Any] | None:
        if not self._machine.at(path).exists():
            return None
        return self._read(self._machine.at(path))

    def _read(self, note: Path) -> dict[str, Any]:
        try:
            found = json.loads(note.read_text("utf-8"))
            if isinstance(found, dict):
                return found
        except ValueError:
            pass
        raise RefusedError(f"{note} is damaged: look at what it was, then move it away")
