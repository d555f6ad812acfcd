"""Runs the worked example of ``docs/rehearsal/adding-a-scenario.md`` as it stands there."""

import re
from pathlib import Path

import pytest

from venuewatch.rehearsal.kinds.model import Expected, KindFile, Step, Target

PAGE = (Path(__file__).parents[2] / "docs" / "rehearsal" / "adding-a-scenario.md").read_text(
    encoding="utf-8"
)
(KIND,) = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
(TRIAL,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_the_example_becomes_a_scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "my-scenarios"
    folder.mkdir()
    (folder / "switch_room_dark.toml").write_text(KIND, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {}

    exec(TRIAL, namespace)  # noqa: S102 - our own page

    assert "host:BCY/BCY-" in str(namespace["scenario"])


@pytest.mark.parametrize("struct", [KindFile, Target, Step, Expected])
def test_every_field_is_explained(struct: type) -> None:
    missing = [
        name
        for name in struct.__struct_fields__  # type: ignore[attr-defined]
        if f"`{name}" not in PAGE and f"{name} = " not in PAGE and f"[[{name}]]" not in PAGE
    ]

    assert missing == []
