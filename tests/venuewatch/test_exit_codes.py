"""Exit codes of a refusal: 2 is for what another start does not mend."""

import errno
import os
from pathlib import Path
from typing import NoReturn

import pytest

from aggregator.shell.http import web_config
from venuewatch.base.config import ConfigError, read_toml


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOTDIR, 2),
        (errno.EACCES, 2),
        (errno.EISDIR, 2),
        (errno.EIO, 1),
        (errno.EMFILE, 1),
        (errno.ESTALE, 1),
    ],
    ids=lambda number: errno.errorcode[number] if number > 2 else str(number),
)
def test_exit_code_is_2_only_where_a_file_is_wrong(
    number: int, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> NoReturn:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("venuewatch.base.files.check_regular", fail)
    for read in (read_toml, web_config.read):
        with pytest.raises(ConfigError) as refusal:
            read(Path("any"))

        assert refusal.value.exit_code == code
