"""The kinds of steps: each can be done and undone, again and again, and tells if it is done."""

import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from .before import INSTALLED, START, Before
from .health import Health, Verdict
from .machine import FailedError, Machine
from .program import BY_HAND, COMPLETE, LINK, PARTS, RELEASES, SCRIPTS, Program
from .services import Service

LOOK_EVERY_S = 0.5
_RUN_PIP = (
    "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); "
    "runpy.run_module('pip', run_name='__main__', alter_sys=True)"
)
"""pip runs from its wheel, as ensurepip runs it; the bare environment has none."""


class AddUser:
    """The program's own user."""

    def __init__(self, machine: Machine, before: Before, name: str) -> None:
        self._machine, self._before, self._name = machine, before, name
        self.words = f"make the user {name}"

    def is_done(self) -> bool:
        """Tell if there is such a user."""
        return self._machine.has_user(self._name)

    def do(self) -> None:
        """Add it."""
        self._before.keep_user(self._name)
        self._machine.add_user(self._name)

    def undo(self) -> None:
        """Remove it, if we added it."""
        self._before.put_back(self._name)


class MakeFolder:
    """The one folder that the program's user owns."""

    def __init__(self, machine: Machine, before: Before, path: str, owner: str) -> None:
        self._machine, self._before, self._path, self._owner = machine, before, path, owner
        self.words = f"make {path}"

    def is_done(self) -> bool:
        """Tell if it is there, and whose it should be."""
        return self._machine.owner_of(self._path) == self._owner

    def do(self) -> None:
        """Make it, or give it to its owner."""
        self._before.keep(self._path)
        self._machine.make_folder(self._path, mode=0o700, owner=self._owner)
        self._machine.own(self._machine.at(self._path), self._owner, self._owner)

    def undo(self) -> None:
        """Remove it, if we made it: a spool of before stays."""
        self._before.put_back(self._path)


class PutFile:
    """A file of root's, which ``group`` may read where its mode says so."""

    def __init__(
        self,
        machine: Machine,
        before: Before,
        path: str,
        content: bytes,
        *,
        mode: int = 0o644,
        group: str = "root",
    ) -> None:
        self._machine, self._before, self._path = machine, before, path
        self._content, self._mode, self._group = content, mode, group
        self.words = f"write {path}"

    def is_done(self) -> bool:
        """Tell if it has this content, this mode and these owners."""
        here = self._machine.at(self._path)
        if here.is_symlink() or not here.is_file():
            return False
        mode = stat.S_IMODE(here.stat().st_mode)
        is_ours = self._machine.belongs_to(self._path, "root", self._group)
        return is_ours and mode == self._mode and here.read_bytes() == self._content

    def do(self) -> None:
        """Write it."""
        self._before.keep(self._path)
        self._machine.write(self._path, self._content, mode=self._mode, group=self._group)

    def undo(self) -> None:
        """Put back what was there."""
        self._before.put_back(self._path)


class MakeRelease:
    """An environment of its own with the bundle's wheels; nothing uses it yet."""

    def __init__(
        self, machine: Machine, before: Before, release: str, *, pip: Path, wheels: Sequence[Path]
    ) -> None:
        self._machine, self._before = machine, before
        self._path = f"{RELEASES}/{release}"
        self._pip, self._wheels = pip, wheels
        self.words = f"make {self._path}"

    def is_done(self) -> bool:
        """Tell if it was made to its end."""
        return self._machine.at(f"{self._path}/{COMPLETE}").is_file()

    def do(self) -> None:
        """Make it anew."""
        self._before.keep(self._path)
        make_environment(self._machine, self._path, self._pip, self._wheels)
        own = Path(__file__).parent
        for part in sorted(own.glob("*.py")):
            to = f"{self._path}/{PARTS}/{part.name}"
            self._machine.write(to, part.read_bytes(), mode=0o644)
        script = (own / "script.py").read_bytes()
        for name in SCRIPTS:
            self._machine.write(f"{self._path}/{name}", script, mode=0o755)
        self._machine.write(f"{self._path}/{COMPLETE}", b"", mode=0o644)

    def undo(self) -> None:
        """Remove it, if we made it."""
        self._before.put_back(self._path)


def make_environment(machine: Machine, path: str, pip: Path, wheels: Sequence[Path]) -> None:
    """Make an environment with these wheels, without any index; what was there is removed."""
    machine.remove(path)
    machine.make_folder(str(Path(path).parent))
    here = str(machine.at(path))
    machine.run([machine.interpreter, "-I", "-m", "venv", "--without-pip", here])
    options = ["--no-index", "--no-deps", "--no-cache-dir", "--disable-pip-version-check"]
    install = ["install", "--quiet", *options, "--root-user-action=ignore", *map(str, wheels)]
    machine.run([f"{here}/bin/python", "-I", "-c", _RUN_PIP, str(pip), *install])


class CheckConfiguration:
    """The program's own opinion of its configuration, before anything runs with it."""

    def __init__(self, machine: Machine, program: Program, release: str) -> None:
        self._machine, self._program = machine, program
        self._python = f"{RELEASES}/{release}/bin/python"
        self.words = f"check {program.configuration}"

    def is_done(self) -> bool:
        """Tell that it is always asked again."""
        return False

    def do(self) -> None:
        """Ask it, as the user that will read these files."""
        path = self._program.configuration
        words = [self._python, "-I", "-m", "venuewatch.cli", "check-config", path]
        self._machine.run(words, user=self._program.user)

    def undo(self) -> None:
        """Do nothing: it changes nothing."""


class Adopt:
    """An environment that was made at /opt/venuewatch by hand gives way to a link."""

    words = f"move {LINK} to {BY_HAND}"

    def __init__(self, machine: Machine, before: Before) -> None:
        self._machine, self._before = machine, before

    def is_done(self) -> bool:
        """Tell if there is none."""
        here = self._machine.at(LINK)
        return here.is_symlink() or not here.is_dir()

    def do(self) -> None:
        """Move it."""
        self._before.keep_moved(LINK, BY_HAND)
        self._machine.make_folder(RELEASES)
        self._machine.at(LINK).rename(self._machine.at(BY_HAND))

    def undo(self) -> None:
        """Move it back."""
        self._before.put_back_moved(LINK)


class Switch:
    """The link that the unit starts, and one release."""

    def __init__(self, machine: Machine, before: Before, release: str) -> None:
        self._machine, self._before = machine, before
        self._target = f"{RELEASES}/{release}"
        self.words = f"point {LINK} at {release}"

    def is_done(self) -> bool:
        """Tell if it leads there."""
        here = self._machine.at(LINK)
        return here.is_symlink() and str(here.readlink()) == self._target

    def do(self) -> None:
        """Point it there."""
        self._before.keep(LINK)
        self._machine.link(LINK, self._target)

    def undo(self) -> None:
        """Point it where it was."""
        self._before.put_back(LINK)


class Note:
    """What is installed, for the next command."""

    words = f"write {INSTALLED}"

    def __init__(self, before: Before, installed: dict[str, Any]) -> None:
        self._before, self._installed = before, installed

    def is_done(self) -> bool:
        """Tell if it is noted."""
        return self._before.installed == self._installed

    def do(self) -> None:
        """Note it."""
        self._before.install(self._installed)

    def undo(self) -> None:
        """Note what was installed before."""
        self._before.put_back(INSTALLED)


class Start:
    """The program, with what is on disk now, and the proof that it came up."""

    def __init__(
        self, machine: Machine, before: Before, service: Service, name: str, *, was_heard: bool
    ) -> None:
        self._machine, self._before, self._service = machine, before, service
        self._was_heard = was_heard
        self.words = f"start the {name}, and see it come up"

    def is_done(self) -> bool:
        """Tell that it is always started anew: what runs may be of before."""
        return False

    def do(self) -> None:
        """Start it, now and at each boot, and look until it is well.

        Raises:
            FailedError: it is not.
        """
        self._before.keep_start()
        # Stopped first: then no look takes the old process for the new one, nor its spool.
        self._service.stop()
        spool = self._service.look().spool
        self._service.put(is_on=True, at_boot=True)
        now = self._machine.monotonic()
        health = Health(now, must_be_heard=self._was_heard, spool_before=spool)
        verdict: Verdict | None = None
        while verdict is None:
            self._machine.sleep(LOOK_EVERY_S)
            now = self._machine.monotonic()
            health.see(self._service.look(), now)
            verdict = health.verdict(now)
        if not verdict.is_well:
            raise FailedError(f"{verdict.why}: {self._service.log}")

    def undo(self) -> None:
        """End it, if we started it."""
        if self._before.was_started:
            self._service.stop()
            self._before.put_back(START)


class Act:
    """A change that is not taken back: a removal. Doing it again does no harm."""

    def __init__(self, words: str, act: Callable[[], object]) -> None:
        self.words = words
        self._act = act

    def is_done(self) -> bool:
        """Tell that it is done again."""
        return False

    def do(self) -> None:
        """Do it."""
        self._act()

    def undo(self) -> None:
        """Do nothing."""
