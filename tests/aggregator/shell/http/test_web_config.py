"""Web configuration: files of the exporters' format, right ones and wrong ones."""

import ssl
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from aggregator.shell.http.web_config import WebConfig, load, state_of
from venuewatch.base.config import ConfigError, one_line

HASH = "$2y$12$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234"
TLS = "tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a certificate, its key, another one's, and authorities."""
    authority = trustme.CA()
    mine, other = (authority.issue_cert("localhost") for _ in range(2))
    mine.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    mine.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    other.private_key_pem.write_to_path(str(tmp_path / "other.pem"))
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return tmp_path


def loaded(folder: Path, text: str) -> WebConfig:
    path = folder / "web.yml"
    path.write_bytes(text.encode())
    return load(str(path))


@pytest.mark.parametrize("text", ["", "# nothing\n", "{}", "basic_auth_users:\n"])
def test_an_empty_file_means_neither_tls_nor_users(folder: Path, text: str) -> None:
    found = loaded(folder, text)

    assert (found.tls, found.users, found.headers) == (None, {}, {})
    assert load("") == WebConfig()


def test_all_that_exporters_and_we_have_is_taken(folder: Path) -> None:
    found = loaded(
        folder,
        f"{TLS}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n"
        "  min_version: TLS13\n  max_version: TLS13\n  prefer_server_cipher_suites: false\n"
        "http_server_config:\n  http2: false\n  headers:\n    X-Frame-Options: deny\n"
        f"basic_auth_users:\n  alice: {HASH}\n  Bob 2: {HASH}\n",
    )

    assert found.users == {"alice": HASH.encode(), "Bob 2": HASH.encode()}
    assert found.headers == {"X-Frame-Options": "deny"}
    assert found.tls is not None
    assert found.tls.verify_mode is ssl.CERT_REQUIRED
    assert found.tls.minimum_version is ssl.TLSVersion.TLSv1_3


def test_tls_is_1_2_at_least_unless_said_otherwise(folder: Path) -> None:
    tls = loaded(folder, TLS).tls

    assert tls is not None
    assert (tls.minimum_version, tls.verify_mode) == (ssl.TLSVersion.TLSv1_2, ssl.CERT_NONE)


USERS = "basic_auth_users"
KNOWN = "cert_file, client_auth_type, client_ca_file, key_file, max_version, min_version"
WRONG = {
    "basic_auth_user: {}": (
        'unknown field "basic_auth_user" at $ - did you mean "basic_auth_users"? Known: '
        "basic_auth_users, http_server_config, tls_server_config"
    ),
    f"{TLS}  cipher_suites: []\n": (
        'unknown field "cipher_suites" at $.tls_server_config - did you mean '
        f'"prefer_server_cipher_suites"? Known: {KNOWN}, prefer_server_cipher_suites'
    ),
    "tls_server_config: {}": 'missing field "cert_file" at $.tls_server_config',
    f"{TLS}  client_auth_type: RequireAnyClientCert\n  client_ca_file: ca.pem\n": (
        'expected "NoClientCert", "RequireAndVerifyClientCert" or "VerifyClientCertIfGiven", '
        "got text at $.tls_server_config.client_auth_type"
    ),
    f"{TLS}  client_ca_file: ca.pem\n": (
        'expected "client_ca_file" together with a "client_auth_type" that verifies'
    ),
    f"{TLS}  client_auth_type: VerifyClientCertIfGiven\n": (
        'expected "client_ca_file" together with a "client_auth_type" that verifies'
    ),
    f"{TLS}  min_version: TLS10\n": 'unknown value "TLS10" at $.tls_server_config.min_version',
    f"{TLS}  min_version: TLS13\n  max_version: TLS12\n": (
        'expected "min_version" up to "max_version" at $.tls_server_config'
    ),
    "http_server_config: {headers: {Server: x}}": (
        'expected each key to be "Content-Security-Policy", "Strict-Transport-Security", '
    ),
    'http_server_config: {headers: {X-Frame-Options: "a\\r\\nb: c"}}': (
        "expected a header's value of one line in ASCII, got another value at"
    ),
    f"{USERS}: {{alice: secret}}": (
        "expected a bcrypt hash of cost 4 to 16, as `htpasswd -nBC 12 USER` makes it, got another"
    ),
    f"{USERS}: {{alice: '{HASH.replace('12', '31')}'}}": "expected a bcrypt hash of cost 4 to 16",
    f"{USERS}: {{no: '{HASH}'}}": "expected each key to be a user's name of 1 to 256 characters",
    f"{USERS}: {{'a:b': '{HASH}'}}": "expected each key to be a user's name of 1 to 256 characters",
    f"{USERS}:\n  alice: '{HASH}'\n  alice: '{HASH}'\n": (
        "expected YAML: a key that comes twice, alice at line 3"
    ),
    f"{USERS}:\n  alice: '{HASH}\n": "expected YAML: found unexpected end of stream at line 3",
    "- a list": "expected a table, got a list of 1 at $",
    "[" * 1_000: "expected YAML",
    "a: &a [*a]": 'unknown field "a"',
    "!!python/object/apply:os.system ['true']": "expected YAML: could not determine a constructor",
    "\0": "expected YAML",
    '!!int ""': "expected YAML, got IndexError",
    "!!bool perhaps": "expected YAML, got KeyError",
    "!!timestamp today": "expected YAML, got AttributeError",
    "1" + ":1" * 200 + ".0": "expected YAML, got OverflowError",
    "1: 2": "expected each key to be text at $",
    " " * 1_000_001: "expected at most 1,000,000 bytes",
}


@pytest.mark.parametrize(("text", "line"), WRONG.items(), ids=range(len(WRONG)))
def test_wrong_file_is_refused_in_one_line(folder: Path, text: str, line: str) -> None:
    with pytest.raises(ConfigError) as refused:
        loaded(folder, text)

    said = str(refused.value)
    assert said.startswith(f"{folder / 'web.yml'}: {line}")
    assert len(said.splitlines()) == 1
    assert "secret" not in said
    assert HASH not in said


@pytest.mark.parametrize(
    ("changed", "file", "words"),
    [
        (("cert.pem", "none.pem"), "none.pem", "No such file or directory"),
        (("key.pem", "none.pem"), "none.pem", "No such file or directory"),
        (("key.pem", '"\\0.pem"'), r"\x00.pem", "embedded null "),
        (("cert.pem", '"\\ud800"'), r"\ud800", "'utf-8' codec can't encode character "),
        (("key.pem", "other.pem"), "cert.pem", "the key is not that of the certificate"),
        (("cert.pem", "web.yml"), "web.yml", "expected PEM"),
        (("key.pem", "web.yml"), "cert.pem", "expected PEM"),
    ],
)
def test_certificate_that_cannot_be_used_is_named(
    folder: Path, changed: tuple[str, str], file: str, words: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        loaded(folder, TLS.replace(*changed))

    told = str(refused.value).removeprefix(f"{folder / file}: ")
    assert told.removeprefix("stat: ").startswith(words)


@pytest.mark.parametrize("name", ["\0", "\ud800"])
def test_path_that_no_system_has_is_refused(folder: Path, name: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load(str(folder / name))

    assert str(refused.value).startswith(f"{folder}/{one_line(name)}: ")


def test_key_with_a_passphrase_is_refused_and_nobody_is_asked(folder: Path) -> None:
    path = folder / "key.pem"
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"x"),
        )
    )

    with pytest.raises(ConfigError, match=r"cert\.pem: expected a key without a passphrase"):
        loaded(folder, TLS)


@pytest.mark.parametrize("file", ["web.yml", "cert.pem", "key.pem", "ca.pem"])
def test_state_differs_once_one_of_the_files_changes(folder: Path, file: str) -> None:
    verified = "  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: ca.pem\n"
    path = str(folder / "web.yml")
    before = loaded(folder, TLS + verified).state
    assert state_of(path) == before

    (folder / file).write_text((folder / file).read_text() + "\n")

    assert state_of(path) != before
