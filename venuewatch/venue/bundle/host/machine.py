"""The machine that is installed on: files below a root folder, users, programs, clocks.

All that the other modules change goes through here, so a test plays a machine by a root folder
and a few methods of its own.
"""

import contextlib
import errno
import fcntl
import grp
import os
import platform
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

PROGRAM_TIMEOUT_S = 300.0
"""How long (s) one program may take: a bound against one that hangs, not measured."""

INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What interrupts the work; SIGHUP: the operator's connection was cut."""

_ENVIRONMENT = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C.UTF-8",
    "HOME": "/",
    "PIP_CONFIG_FILE": os.devnull,  # a setting of the machine's own pip is none of ours
}


class RefusedError(Exception):
    """The work was not begun; the text is the one line for the operator."""


class FailedError(Exception):
    """A step could not be done; the text is the one line for the operator."""


def in_words(error: BaseException) -> str:
    """Return why something failed, as one line for the operator."""
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return "the disk is full: make room, and run this again"
    if isinstance(error, OSError) and error.errno == errno.EROFS:
        return f"{error.filename or 'the disk'} is read-only: mount it for writing"
    if isinstance(error, OSError):
        return f"{error.filename or 'a file'}: {error.strerror or error}"
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    return " ".join(str(error).split())


def interrupt(_number: int, _frame: FrameType | None) -> None:
    """Interrupt the work, once: nothing interrupts what then takes it back."""
    for number in INTERRUPTIONS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


class Machine:
    """One machine. Paths are as on the machine (``/etc/...``), wherever its root is."""

    def __init__(self, root: Path = Path("/")) -> None:
        self.root = root
        self._locks: list[int] = []

    def at(self, path: str) -> Path:
        """Return where a path of the machine is."""
        return self.root / path.lstrip("/")

    # Files

    def write(self, path: str, content: bytes, *, mode: int, group: str = "root") -> None:
        """Write a file whole, by rename; it is root's."""
        here = self.at(path)
        self.make_folder(str(Path(path).parent))
        beside = here.with_name(f".{here.name}.new")
        beside.unlink(missing_ok=True)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        self.own(beside, "root", group)
        beside.chmod(mode)  # after the owner: a change of owner may take bits away
        beside.replace(here)
        self.sync_folder(here.parent)

    def link(self, path: str, target: str) -> None:
        """Point a link at ``target``, by rename."""
        here = self.at(path)
        beside = here.with_name(f".{here.name}.new")
        beside.unlink(missing_ok=True)
        beside.symlink_to(target)
        beside.replace(here)
        self.sync_folder(here.parent)

    def make_folder(self, path: str, *, mode: int = 0o755, owner: str = "root") -> None:
        """Make a folder, and those above it as root's, where there is none."""
        here = self.at(path)
        if here.is_dir():
            return
        if here != self.root:
            self.make_folder(str(Path(path).parent))
        here.mkdir(mode=mode)
        self.own(here, owner, owner)
        here.chmod(mode)  # whatever the umask

    def remove(self, path: str) -> None:
        """Remove a file, a link or a whole folder, if there is one.

        A folder goes by rename first: half of one would pass for a whole one.
        """
        here = self.at(path)
        gone = here.with_name(f".{here.name}.gone")
        if gone.is_dir():
            shutil.rmtree(gone)
        if here.is_symlink() or not here.is_dir():
            here.unlink(missing_ok=True)
            return
        if not here.is_mount():
            here = here.rename(gone)
        shutil.rmtree(here)

    def remove_empty(self, path: str) -> None:
        """Remove a folder that has nothing in it any more."""
        with contextlib.suppress(OSError):
            self.at(path).rmdir()

    def sync_folder(self, folder: Path) -> None:
        """Make the names in a folder safe from a power cut."""
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def own(self, path: Path, owner: str, group: str) -> None:
        """Give a file to a user and a group.

        Raises:
            FailedError: there is no such user, or no such group.
        """
        os.chown(path, *_numbers(owner, group))

    def belongs_to(self, path: str, owner: str, group: str) -> bool:
        """Tell if a path is there, and a user's and a group's."""
        try:
            found = self.at(path).lstat()
        except OSError:
            return False
        return (found.st_uid, found.st_gid) == _numbers(owner, group)

    def owner_of(self, path: str) -> str | None:
        """Return whose a path is; None where there is none, or nobody has that number."""
        with contextlib.suppress(OSError, KeyError):
            return pwd.getpwuid(self.at(path).lstat().st_uid).pw_name
        return None

    def changed_ns(self, path: str) -> int:
        """Return when a folder or anything in it was changed last (ns); 0 where there is none."""
        here = self.at(path)
        found = 0
        with contextlib.suppress(OSError):
            for each in (here, *here.iterdir()):
                with contextlib.suppress(FileNotFoundError):  # deleted meanwhile
                    found = max(found, each.lstat().st_mtime_ns)
        return found

    def free_bytes(self, path: str) -> int:
        """Return how much room there is where a path is, or will be."""
        here = self.at(path)
        while not here.exists():
            here = here.parent
        return shutil.disk_usage(here).free

    # Users

    def has_user(self, name: str) -> bool:
        """Tell if there is a user."""
        try:
            pwd.getpwnam(name)
        except KeyError:
            return False
        return True

    def add_user(self, name: str) -> None:
        """Add a user of the system, who can not log in, with a group of that name."""
        group = ["--gid", name] if _has_group(name) else ["--user-group"]
        home = ["--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin"]
        self.run(["useradd", "--system", *group, *home, name])

    def remove_user(self, name: str) -> None:
        """Remove a user, if there is one."""
        if self.has_user(name):
            self.run(["userdel", name])

    # Programs

    def run(self, words: Sequence[str], *, user: str | None = None) -> str:
        """Run a program to its end; return what it printed.

        Raises:
            FailedError: it is not there, took too long, or ended with another code than 0.
        """
        try:
            done = subprocess.run(  # noqa: S603 - our own words; no shell reads them
                list(words),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=PROGRAM_TIMEOUT_S,
                check=False,
                env=_ENVIRONMENT,
                cwd="/",
                pass_fds=self._locks,
                user=user,
                group=user,
                extra_groups=None if user is None else [],
            )
        except FileNotFoundError:
            raise FailedError(f"{words[0]} is not on this machine: install its package") from None
        except subprocess.TimeoutExpired:
            raise FailedError(f"{words[0]} did not end within {PROGRAM_TIMEOUT_S:g} s") from None
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines() or ["it said nothing"]
            raise FailedError(f"{words[0]} ended with {done.returncode}: {said[-1]}")
        return done.stdout

    def start(self, words: Sequence[str], *, log: str) -> int:
        """Start a program that goes on after us; what it prints goes to a file. Return its number.

        Raises:
            OSError: it can not be started.
        """
        with self.at(log).open("ab") as to:
            begun = subprocess.Popen(  # noqa: S603 - as above
                list(words),
                stdin=subprocess.DEVNULL,
                stdout=to,
                stderr=to,
                env=_ENVIRONMENT,
                cwd="/",  # nor does it keep a stick from being taken out
                start_new_session=True,
            )
        return begun.pid

    def end(self, pid: int) -> None:
        """Ask a process to end."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)

    # Beside others, and the operator

    @contextlib.contextmanager
    def alone(self, path: str, *, refusal: str) -> Iterator[None]:
        """Hold the lock at ``path`` while the block runs, or a program that it runs.

        One of ours that was killed may leave such a program behind, still at work.

        Raises:
            RefusedError: another process holds it; the text is ``refusal``.
        """
        self.make_folder(str(Path(path).parent))
        descriptor = os.open(self.at(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._locks.append(descriptor)
            yield
        except BlockingIOError:
            raise RefusedError(refusal) from None
        finally:
            self._locks = [each for each in self._locks if each != descriptor]
            os.close(descriptor)

    @contextlib.contextmanager
    def undisturbed(self) -> Iterator[None]:
        """Let nothing interrupt the block, nor the programs that it starts."""
        were = {number: signal.signal(number, signal.SIG_IGN) for number in INTERRUPTIONS}
        try:
            yield
        finally:
            for number, handler in were.items():
                signal.signal(number, handler)

    def tell(self, text: str) -> None:
        """Print a line for the operator; one whose terminal is gone, or disk full, misses it."""
        try:
            print(text, flush=True)
        except OSError:
            with contextlib.suppress(OSError):  # or else the end of Python would fail by it
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    # What it is

    @property
    def python(self) -> str:
        """Which Python and architecture it has, as a bundle names them: ``3.11-x86_64``."""
        return f"{sys.version_info.major}.{sys.version_info.minor}-{platform.machine()}"

    @property
    def interpreter(self) -> str:
        """The Python that runs this."""
        return sys.executable

    @property
    def is_root(self) -> bool:
        """True where we may change it."""
        return os.geteuid() == 0

    @property
    def has_systemd(self) -> bool:
        """True where systemd runs it: sd_booted(3)."""
        return self.at("/run/systemd/system").is_dir()

    # Clocks. Nothing of venuewatch is installed here, so its clock module is not there either.

    def monotonic(self) -> float:
        """Return seconds of a clock that nobody sets."""
        return time.monotonic()  # noqa: TID251 - see above

    def wall(self) -> float:
        """Return the time of day, in seconds since 1970 (UTC)."""
        return time.time()  # noqa: TID251 - see above

    def sleep(self, wait_s: float) -> None:
        """Wait."""
        time.sleep(wait_s)


def _has_group(name: str) -> bool:
    try:
        grp.getgrnam(name)
    except KeyError:
        return False
    return True


def _numbers(owner: str, group: str) -> tuple[int, int]:
    try:
        return pwd.getpwnam(owner).pw_uid, grp.getgrnam(group).gr_gid
    except KeyError:
        raise FailedError(f"this machine has no user {owner}, or no group {group}") from None
