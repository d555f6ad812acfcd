"""Changes of files: worked out first, shown or written afterwards, each file whole or not at all.

All new files are written beside their places before the first takes its place. So a disk that is
full, or a folder that may not be written, changes nothing.
"""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from venuewatch.base.config import ConfigError, one_line, unusable

PRIVATE: Final = 0o600
SHARED: Final = 0o640
PUBLIC: Final = 0o644
_PRIVATE_FOLDER: Final = 0o700
_FOLDER: Final = 0o755


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
        """Whether the file is not so already."""
        try:
            return self.path.read_bytes() != self.content
        except FileNotFoundError:
            return self.content is not None
        except OSError:
            return True


def news(changes: Iterable[Change]) -> list[Change]:
    """Return the changes of files that are not so already."""
    return [change for change in changes if change.is_news]


def apply(changes: Sequence[Change]) -> None:
    """Write files, and remove others; in their order, once all could be written.

    Raises:
        ConfigError: one can not be written; nothing has changed.
    """
    drafts: list[tuple[Path, Path]] = []
    path = Path()
    try:
        for change in changes:
            path = change.path
            if change.content is not None:
                draft = path.with_name(f".{path.name}.new")
                _make_folder(path.parent, is_private=change.mode == PRIVATE)
                drafts.append((draft, path))
                _write(draft, change.content, change.mode, change.group)
        for draft, path in drafts:  # noqa: B007 - of which a refusal tells
            _sync(draft)  # behind one another: the first has the disk take most of all
        for change in changes:
            path = change.path
            if change.content is None:
                path.unlink(missing_ok=True)
            else:
                path.with_name(f".{path.name}.new").replace(path)
        for folder in {change.path.parent for change in changes}:
            _sync(folder)
    except (OSError, ValueError) as error:
        for draft, _ in drafts:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)
        raise unusable(path, error) from None


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Let no other command change the files of a folder while the block runs.

    Raises:
        ConfigError: another one does, or the folder can not be written.
    """
    lock = folder / ".lock"
    try:
        _make_folder(folder, is_private=True)
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
    except (OSError, ValueError) as error:
        raise unusable(lock, error) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise ConfigError(
            f"{folder}: another command of venuewatch venue is at work: wait for its end"
        ) from None
    finally:
        os.close(descriptor)


def _make_folder(folder: Path, *, is_private: bool) -> None:
    if not folder.is_dir():
        folder.mkdir(_PRIVATE_FOLDER, parents=True, exist_ok=True)
        folder.chmod(_PRIVATE_FOLDER if is_private else _FOLDER)  # whatever the umask


def _write(draft: Path, content: bytes, mode: int, group: str) -> None:
    draft.unlink(missing_ok=True)  # of a command that was interrupted
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        if group and os.geteuid() == 0:
            with contextlib.suppress(LookupError):  # there is no such group yet
                shutil.chown(draft, group=group)
        os.fchmod(descriptor, mode)


def _sync(path: Path) -> None:
    """Have the disk take a file, or a folder's names; one that is gone needs nothing."""
    if not path.exists():
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
