"""An instruction to a source is a file: without it the source plays."""

from pathlib import Path

import msgspec
import pytest

from venuewatch.rehearsal.live.sources import instructions
from venuewatch.rehearsal.live.sources.instructions import PLAYS, Instruction


def test_without_a_file_a_source_plays(tmp_path: Path) -> None:
    assert instructions.read(tmp_path / "told") == PLAYS


def test_a_file_says_what_a_source_does(tmp_path: Path) -> None:
    told = Instruction(does="status", status="DELAYED")
    (tmp_path / "told").write_bytes(msgspec.json.encode(told))

    assert instructions.read(tmp_path / "told") == told


def test_a_file_that_is_no_instruction_is_refused(tmp_path: Path) -> None:
    (tmp_path / "told").write_bytes(b'{"does": "dances"}')

    with pytest.raises(ValueError, match="dances"):
        instructions.read(tmp_path / "told")
