"""Any changes of a folder, looked at in any parts: nothing is missed, and nothing heard twice."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.checks.reading.times import Now
from agent.checks.results_feed import known, look
from agent.checks.results_feed.folder import Folder
from agent.checks.results_feed.header import Message
from tests.agent.checks.feed.results_day import DAY
from tests.agent.checks.feed.test_large_folders import Steps
from tests.kit.examples import examples

BEGAN_S = 1_722_700_000.0
NAMES = ["a.xml", "b.xml", "c.xml", "2024-08-03/d.xml"]
ACTS = ["write", "write in its size and time", "touch", "remove", "look", "look in part"]

steps = st.lists(st.tuples(st.sampled_from(ACTS), st.sampled_from(NAMES)), max_size=40)


class Whole(Steps):
    """A deadline that is never over."""

    def share(self, _parts: int) -> "Whole":
        return self


class Model:
    """A folder, what was written to it, and what was heard."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.folder = Folder(path, "*.xml", per_reading=3, max_bytes=4096, settles_s=30.0)
        self.versions = 100
        self.now_s = 0.0
        self.present: dict[str, int] = {}
        self.heard: list[int] = []

    def does(self, act: str, name: str) -> None:
        self.now_s += 1.0
        path = self.path / name
        if act == "write" or (act == "write in its size and time" and not path.exists()):
            self._writes(name, self.now_s)
        elif act == "write in its size and time":
            self._writes(name, path.stat().st_mtime - BEGAN_S)
        elif act == "touch" and path.exists():
            path.chmod(0o600 if path.stat().st_mode & 0o077 else 0o644)
        elif act == "remove":
            path.unlink(missing_ok=True)
            self.present.pop(name, None)
        elif act == "look":
            self.looks(Whole(0.0))
        elif act == "look in part":
            self.looks(Steps(0.0))

    def looks(self, deadline: Steps) -> None:
        now = Now(1_000.0 + self.now_s, BEGAN_S + self.now_s)
        for heard in self.folder.take(now, 0.0, DAY, deadline):
            assert isinstance(heard.what, Message)
            assert heard.what.version is not None
            self.heard.append(heard.what.version)

    def _writes(self, name: str, at_s: float) -> None:
        self.versions += 1
        path = self.path / name
        path.write_text(f'<Body DocumentType="DT_RESULT" Version="{self.versions}"/>')
        os.utime(path, (BEGAN_S + at_s, BEGAN_S + at_s))
        self.present[name] = self.versions


@pytest.mark.parametrize("remembered", [50_000, 2])
def test_newest_content_is_heard_and_none_twice(
    monkeypatch: pytest.MonkeyPatch, remembered: int
) -> None:
    monkeypatch.setattr(look, "_AT_ONCE", 2)
    monkeypatch.setattr(known, "MAX_KNOWN", remembered)

    @examples(150)
    @given(steps)
    def holds(acts: list[tuple[str, str]]) -> None:
        with TemporaryDirectory() as path:
            (Path(path) / "2024-08-03").mkdir()
            model = Model(Path(path))
            model.looks(Whole(0.0))
            for act, name in acts:
                model.does(act, name)
            for _ in range(12):
                model.now_s += 30.0
                model.looks(Whole(0.0))

            missed = set(model.present.values()) - set(model.heard)
            assert not missed or remembered < len(NAMES)
            assert len(model.heard) == len(set(model.heard))

    holds()
