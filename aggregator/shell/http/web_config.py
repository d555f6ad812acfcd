"""Web configuration: TLS, users and headers of the HTTP server, in the exporters' file format.

Certificates and keys are named by path, relative to the file. Passwords are bcrypt hashes. What
this server has no way to do is refused, never ignored: a client's certificate that is asked for and
not verified, TLS before 1.2, a choice of ciphers.
"""

import os
import ssl
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, NoReturn

import msgspec
import yaml

from venuewatch.base.config import ConfigError, in_words, one_line, unusable
from venuewatch.base.files import open_regular, read_regular
from venuewatch.base.refusals import convert
from venuewatch.base.secret_files import refuse_exposed

_FILE_MAX = 1_000_000
_SECURE_HEADERS = Literal[
    "Content-Security-Policy",
    "Strict-Transport-Security",
    "X-Content-Type-Options",
    "X-Frame-Options",
    "X-XSS-Protection",
]
_VERSIONS = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
_CLIENTS = {
    "NoClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}
_TLS_WORDS = {
    "KEY_VALUES_MISMATCH": "the key is not that of the certificate",
    "NO_CERTIFICATE_OR_CRL_FOUND": "expected certificates in PEM",
    "NO_START_LINE": "expected PEM",
    "BAD_PASSWORD_READ": "expected a key without a passphrase",
    "BAD_DECRYPT": "expected a key without a passphrase",
}

_User = Annotated[
    str,
    msgspec.Meta(
        pattern=r"\A[^:\x00-\x1f\x7f]{1,256}\Z",
        extra={"words": "a user's name of 1 to 256 characters, without a colon"},
    ),
]
_Hash = Annotated[
    str,
    msgspec.Meta(
        pattern=r"\A\$2[aby]\$(0[4-9]|1[0-6])\$[./A-Za-z0-9]{53}\Z",
        extra={"words": "a bcrypt hash of cost 4 to 16, as `htpasswd -nBC 12 USER` makes it"},
    ),
]
_HeaderValue = Annotated[
    str,
    msgspec.Meta(
        pattern=r"\A[\x20-\x7e]{0,4000}\Z", extra={"words": "a header's value of one line in ASCII"}
    ),
]


class TlsSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """TLS: the server's certificate, and the authorities of its clients' certificates.

    ``prefer_server_cipher_suites`` has no effect, as in today's exporters.
    """

    cert_file: str
    key_file: str
    client_auth_type: Literal[
        "NoClientCert", "VerifyClientCertIfGiven", "RequireAndVerifyClientCert"
    ] = "NoClientCert"
    client_ca_file: str | None = None
    min_version: Literal["TLS12", "TLS13"] = "TLS12"
    max_version: Literal["TLS12", "TLS13"] = "TLS13"
    prefer_server_cipher_suites: bool = True

    def __post_init__(self) -> None:
        if (self.client_ca_file is None) != (self.client_auth_type == "NoClientCert"):
            raise ValueError(
                "Expected `client_ca_file` together with a `client_auth_type` that verifies"
            )
        if self.min_version > self.max_version:
            raise ValueError("Expected `min_version` up to `max_version`")


class HttpSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """HTTP: ``headers`` are sent with every answer. ``http2`` has no effect: this is HTTP/1.1."""

    http2: bool = True
    headers: dict[_SECURE_HEADERS, _HeaderValue] | None = None


class WebFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file; an empty one means neither TLS nor users."""

    tls_server_config: TlsSettings | None = None
    http_server_config: HttpSettings | None = None
    basic_auth_users: dict[_User, _Hash] | None = None


class WebConfig(NamedTuple):
    """What a server needs of it. ``state`` is equal for as long as no file has changed."""

    users: Mapping[str, bytes] = {}
    headers: Mapping[str, str] = {}
    tls: ssl.SSLContext | None = None
    state: Hashable = ()


def load(path: str) -> WebConfig:
    """Return the web configuration at ``path``, with its certificates loaded; "" means none.

    Raises:
        ConfigError: one line with the file, the place in it, and what was expected.
    """
    if not path:
        return WebConfig()
    state = state_of(path)
    whole = read(Path(path))
    check_private(Path(path), whole)
    http = whole.http_server_config or HttpSettings()
    tls = whole.tls_server_config
    users = {user: hashed.encode() for user, hashed in (whole.basic_auth_users or {}).items()}
    context = None if tls is None else _context(tls, Path(path).parent)
    headers = {str(name): value for name, value in (http.headers or {}).items()}
    return WebConfig(users, headers, context, state)


def read(path: Path) -> WebFile:
    """Read and check a file, without the files that it names.

    Raises:
        ConfigError: see ``load``.
    """
    try:
        return convert(_parse(path), WebFile)
    except ValueError as error:
        raise ConfigError(f"{path}: {one_line(error)}") from None


def check_private(path: Path, whole: WebFile) -> None:
    """Refuse a file with hashes of passwords, or a key, that others may read or write.

    Raises:
        ConfigError: they may.
    """
    if whole.basic_auth_users:
        refuse_exposed(str(path))
    if whole.tls_server_config is not None:
        refuse_exposed(str(path.parent / whole.tls_server_config.key_file))


def state_of(path: str) -> Hashable:
    """Return what differs once the file at ``path``, or one that it names, has changed."""
    if not path:
        return ()
    try:
        tls = read(Path(path)).tls_server_config
    except ConfigError:  # the state of what can't be read is its own
        tls = None
    named = [] if tls is None else [tls.cert_file, tls.key_file, tls.client_ca_file or ""]
    files = [Path(path), *(Path(path).parent / name for name in named if name)]
    return tuple((str(file), _stamp(file)) for file in files)


def _stamp(path: Path) -> Hashable:
    try:
        stat = path.stat()
    except (OSError, ValueError):
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino, stat.st_mode


def _parse(path: Path) -> Any:
    try:
        text = read_regular(path, _FILE_MAX)
    except (OSError, ValueError) as error:
        raise unusable(path, error) from None
    try:
        parsed = yaml.load(text, _Loader)  # noqa: S506 - it is a SafeLoader
    except yaml.MarkedYAMLError as error:  # its text would quote lines with hashes
        where = "" if error.problem_mark is None else f" at line {error.problem_mark.line + 1}"
        raise ConfigError(f"{path}: expected YAML: {error.problem}{where}") from None
    except Exception as error:  # noqa: BLE001 - a wrong value of a known type can raise anything
        raise ConfigError(f"{path}: expected YAML, got {type(error).__name__}") from None
    return {} if parsed is None else parsed


class _Loader(yaml.SafeLoader):
    """Refuses a key that comes twice, of which YAML would silently take the last."""

    def construct_mapping(
        self,
        node: yaml.MappingNode,
        deep: bool = False,  # noqa: FBT001, FBT002 - the parent's
    ) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"a key that comes twice, {one_line(key.value)}", key.start_mark
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


def _context(tls: TlsSettings, folder: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = _VERSIONS[tls.min_version]
    context.maximum_version = _VERSIONS[tls.max_version]
    context.verify_mode = _CLIENTS[tls.client_auth_type]
    context.set_alpn_protocols(["http/1.1"])
    certificate, key = folder / tls.cert_file, folder / tls.key_file
    authorities = None if tls.client_ca_file is None else folder / tls.client_ca_file
    for path in filter(None, (certificate, key, authorities)):
        _check_readable(path)
    try:
        context.load_cert_chain(certificate, key, password=_no_passphrase)
    except (OSError, ValueError) as error:
        _refuse(certificate, error)
    if authorities is not None:
        try:
            context.load_verify_locations(authorities)
        except (OSError, ValueError) as error:
            _refuse(authorities, error)
    return context


def _check_readable(path: Path) -> None:
    try:
        os.close(open_regular(path))
    except (OSError, ValueError) as error:
        raise unusable(path, error) from None


def _no_passphrase() -> NoReturn:
    raise ValueError("expected a key without a passphrase")


def _refuse(path: Path, error: Exception) -> NoReturn:
    words = _TLS_WORDS.get(getattr(error, "reason", None) or "", in_words(error))
    if "PEM lib" in str(error):  # all that OpenSSL says of some files
        words = "expected PEM"
    raise ConfigError(f"{path}: {words}", because=error) from None
