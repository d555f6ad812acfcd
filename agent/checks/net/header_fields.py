"""Header fields of a request, as a configuration gives them: plain ones, and files of secrets.

No value can break out of its line: those of a configuration are checked as it is read, those of
files each time that they are read.
"""

from collections.abc import Mapping
from typing import Annotated, TypeAlias

from agent.checks import about, worded
from venuewatch.base.config import ConfigError, read_secret

FieldName: TypeAlias = Annotated[
    str, worded(r"\A[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z", "the name of an HTTP header")
]
FieldValue: TypeAlias = Annotated[str, worded(r"\A[\x20-\x7e\t]*\Z", "printable ASCII text")]
Fields: TypeAlias = Annotated[
    dict[FieldName, FieldValue], about("header fields to send", {"Accept": "application/json"})
]
FieldFiles: TypeAlias = Annotated[
    dict[FieldName, str],
    about(
        "header fields whose value is the first line of a file: for secrets",
        {"Authorization": "/etc/venuewatch/health.token"},
    ),
]


def read_fields(fields: Mapping[str, str], field_files: Mapping[str, str]) -> dict[str, str]:
    """Return all fields to send, those of files read anew; of a name in both, that of the file.

    A secret that is renewed in its file is so sent with the next request, without a restart.

    Raises:
        ConfigError: a secret can't be read, or is no value of a field.
    """
    secrets = {name: read_secret(path) for name, path in field_files.items()}
    for name, value in secrets.items():
        if not (value.isascii() and value.isprintable()):
            raise ConfigError(f"{field_files[name]}: Expected printable ASCII")
    return dict(fields) | secrets
