"""Changes of files: worked out first, shown or written afterwards, all of them or none.

1. A note in the authority's folder says which files are to change, and which are to go.
2. All new files are written beside their places. A disk that is full, or a folder that may not be
   written, changes nothing.
3. The note says that this is so.
4. The files take their places, and the note goes.

What an interrupted command has left is dealt with before the next one does anything else. Before 3,
what was written is dropped: nothing has changed. After it, 4 is done. So no command ever sees one
half of a change.
"""

import contextlib
import fcntl
import grp
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
from msgspec.structs import replace

from venuewatch.base.config import ConfigError, one_line, unusable
from venuewatch.base.files import UnfitFileError

PRIVATE: Final = 0o600
SHARED: Final = 0o640
PUBLIC: Final = 0o644
_PRIVATE_FOLDER: Final = 0o700
_FOLDER: Final = 0o755
_NOTE: Final = ".changing"


class Change(NamedTuple):
    """A file as it is to be; ``content`` None: it is removed. ``group``: who may read it, too."""

    path: Path
    content: bytes | None
    mode: int = PUBLIC
    group: str = ""

    def shown(self) -> str:
        """Return what becomes of the file, as a line; never what is in it."""
        if self.content is None:
            return f"remove {one_line(self.path)}"
        what = "change" if self.path.exists() else "make"
        return f"{what} {one_line(self.path)} ({len(self.content):,} bytes, {self.mode:o})"

    @property
    def is_news(self) -> bool:
        """Whether the file is not so already: its content, its mode, and who may read it."""
        try:
            found = self.path.stat()
            if self.content is None:
                return True
            group = _number_of(self.group) if os.geteuid() == 0 else None
            is_other = found.st_size != len(self.content) or found.st_mode & 0o777 != self.mode
            return (
                is_other
                or group not in (None, found.st_gid)
                or self.path.read_bytes() != self.content
            )
        except FileNotFoundError:
            return self.content is not None or self.path.is_symlink()
        except OSError:
            return True


class _Note(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a command does with files. ``then``: what its operator does next.

    ``is_ready``: all are written.
    """

    put: tuple[str, ...]
    removed: tuple[str, ...]
    then: tuple[str, ...]
    is_ready: bool = False


def news(changes: Iterable[Change]) -> list[Change]:
    """Return the changes of files that are not so already."""
    return [change for change in changes if change.is_news]


def lacking_groups(changes: Iterable[Change]) -> list[str]:
    """Return a line for each file whose group this machine does not have (yet)."""
    if os.geteuid() != 0:
        return []
    return [
        f"there is no group {change.group} yet, to read {one_line(change.path)}: install what "
        f"brings it, then chgrp {change.group} {one_line(change.path)}"
        for change in changes
        if change.content is not None and change.group and _number_of(change.group) is None
    ]


def apply(changes: Sequence[Change], folder: Path | None = None, then: Sequence[str] = ()) -> None:
    """Write files, and remove others, in their order.

    ``folder``: the authority's, whose lock is held (``alone``). ``then``: what the operator is told
    to do next, should this command be interrupted.

    Raises:
        ConfigError: nothing has changed; or a file could not take its place, and the text says so.
    """
    put = [change.path for change in changes if change.content is not None]
    gone = [change.path for change in changes if change.content is None]
    note = _Note(tuple(map(_whole, put)), tuple(map(_whole, gone)), tuple(then))
    try:
        _put_note(folder, note)
        _write_drafts(changes)
        _put_note(folder, replace(note, is_ready=True))
    except ConfigError:
        _drop(put, folder)
        raise
    _take_places(put, gone, folder)


@contextlib.contextmanager
def alone(folder: Path, *, makes: bool = False) -> Iterator[None]:
    """Let no other command change the files of a folder while the block runs.

    What an earlier command left half done is done before. ``makes``: a folder that is not there is
    made; without it there is nothing to be changed, and nothing to wait for.

    Raises:
        ConfigError: another one does, or the folder can not be written.
    """
    if not (makes or folder.exists()):
        yield
        return
    lock = folder / ".lock"
    try:
        _make_folder(folder, is_private=True)
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
    except (OSError, ValueError) as error:
        raise unusable(lock, error) from None
    try:
        _lock(descriptor, folder)
        _resume(folder)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        number = os.pread(descriptor, 20, 0).decode(errors="replace").strip()
        raise ConfigError(
            f"{folder}: another command of venuewatch venue is at work (process {number}): wait "
            "for its end"
        ) from None
    with contextlib.suppress(OSError):  # on a full disk the first file tells
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)


def _resume(folder: Path) -> None:
    """Do what a command had begun, and could not end.

    Raises:
        ConfigError: it can not be done now either.
    """
    path = folder / _NOTE
    try:
        note = msgspec.json.decode(path.read_bytes(), type=_Note)
    except FileNotFoundError:
        return
    except (OSError, msgspec.MsgspecError):
        raise ConfigError(
            f"{path}: expected the note of a command that was interrupted: remove it, and give "
            "that command again"
        ) from None
    if not note.is_ready:
        _drop([*map(Path, note.put)], folder)
        return
    _take_places([*map(Path, note.put)], [*map(Path, note.removed)], folder)
    lines = [
        "a command was interrupted; all of its files are in place now",
        *(["next, for that command:"] if note.then else []),
        *(f"  {line}" for line in note.then),
    ]
    print("\n".join(lines), file=sys.stderr)


def _write_drafts(changes: Sequence[Change]) -> None:
    """Write all new files beside their places.

    Raises:
        ConfigError: one can not be written.
    """
    written: list[Path] = []
    path = Path()
    try:
        for change in changes:
            path = change.path
            _refuse_folder(path)
            if change.content is not None:
                _make_folder(path.parent, is_private=change.mode == PRIVATE)
                written.append(path)
                _write(_draft_of(path), change.content, change.mode, change.group)
        for path in written:
            _sync(_draft_of(path))  # behind one another: the first has the disk take most of all
    except (OSError, ValueError) as error:
        raise unusable(path, error) from None


def _take_places(put: Sequence[Path], gone: Sequence[Path], folder: Path | None) -> None:
    """Have what is written take its place, and the rest go; what has done so already is right.

    Raises:
        ConfigError: one can not.
    """
    path = Path()
    try:
        for path in put:
            draft = _draft_of(path)
            if draft.exists():
                draft.replace(path)
        for path in gone:
            path.unlink(missing_ok=True)
        for path in {each.parent for each in (*put, *gone)}:
            _sync(path)
        if folder is not None:
            path = folder / _NOTE
            path.unlink(missing_ok=True)
    except (OSError, ValueError) as error:
        why = unusable(path, error)
        if folder is None:
            _drop(put, None)
            raise why from None
        refusal = ConfigError(
            f"{why}; not all files are in their places: mend that, and give the command again"
        )
        refusal.is_passing = True  # something was done
        raise refusal from None


def _draft_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.new")


def _drop(paths: Iterable[Path], folder: Path | None) -> None:
    """Remove what was written beside places that it will not take; the note first."""
    notes = [] if folder is None else [folder / _NOTE, _draft_of(folder / _NOTE)]
    for path in (*notes, *map(_draft_of, paths)):
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def _put_note(folder: Path | None, note: _Note) -> None:
    """Have the disk take the note of a command, where there is a folder for it.

    Raises:
        ConfigError: it can not.
    """
    if folder is None:
        return
    path = folder / _NOTE
    try:
        _write(_draft_of(path), msgspec.json.encode(note), PRIVATE, "")
        _sync(_draft_of(path))
        _draft_of(path).replace(path)
        _sync(folder)
    except (OSError, ValueError) as error:
        raise unusable(path, error) from None


def _whole(path: Path) -> str:
    return str(path.absolute())


def _refuse_folder(path: Path) -> None:
    """Refuse what no file can replace.

    Raises:
        UnfitFileError: there is a folder.
    """
    if path.is_dir():
        raise UnfitFileError("expected a file, got a directory")


def _make_folder(folder: Path, *, is_private: bool) -> None:
    if not folder.is_dir():
        if folder.parent != folder:
            _make_folder(folder.parent, is_private=False)
        folder.mkdir(_PRIVATE_FOLDER, exist_ok=True)
        folder.chmod(_PRIVATE_FOLDER if is_private else _FOLDER)  # whatever the umask


def _write(draft: Path, content: bytes, mode: int, group: str) -> None:
    draft.unlink(missing_ok=True)  # of a command that was interrupted
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        if _number_of(group) is not None and os.geteuid() == 0:
            shutil.chown(draft, group=group)
        os.fchmod(descriptor, mode)


def _number_of(group: str) -> int | None:
    """Return the number of a group; None where there is none of that name (yet)."""
    try:
        return grp.getgrnam(group).gr_gid if group else None
    except KeyError:
        return None


def _sync(path: Path) -> None:
    """Have the disk take a file, or a folder's names; one that is gone needs nothing."""
    if not path.exists():
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
