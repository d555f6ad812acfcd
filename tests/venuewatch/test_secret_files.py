"""Secrets in files: one that others may read or write is refused, and one line says what to do."""

import os
from pathlib import Path

import pytest

from agent import __main__ as agent_main
from aggregator import __main__ as aggregator_main
from venuewatch import cli
from venuewatch.base.config import ConfigError
from venuewatch.base.secret_files import exposure_of, refuse_exposed

AGENT = 'venue = "STA"\nhost = "STA-1"\n'
BROKER = '[broker]\nusername = "a"\npassword_file = "{}"\n'
BULK = '[broker.bulk]\nusername = "b"\npassword_file = "/nowhere/b"\n'
CERTIFICATES = (
    '[broker]\ncert_file = "c"\nkey_file = "{}"\n'
    '[broker.bulk]\ncert_file = "d"\nkey_file = "/nowhere/b"\n'
)
FEED = '[[check]]\nkind = "feed"\nname = "f"\nzone = "UTC"\nlisten_port = 8080\n'
HTTP = '[[check]]\nkind = "http"\nname = "h"\nurl = "http://192.0.2.1/"\n'
NOTIFY = '[notify]\nwebhook_url = "http://192.0.2.1/"\nbearer_token_file = "{}"\n'
PUSH = '[alertmanager]\nurls = ["http://192.0.2.1"]\nusername = "a"\npassword_file = "{}"\n'
WRITE = '[web]\ntimestamps = true\n[remote_write]\nurl = "http://192.0.2.1/"\n'
HASH = "$2y$04$" + "a" * 53

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text("s3cret\n")
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("mode", [0o400, 0o600, 0o440, 0o640])
def test_owner_and_group_may_read_a_secret(secret: Path, mode: int) -> None:
    secret.chmod(mode)

    assert exposure_of(str(secret)) is None


@pytest.mark.parametrize(
    ("mode", "may"), [(0o644, "read"), (0o604, "read"), (0o620, "write"), (0o602, "write")]
)
def test_others_may_neither_read_nor_write_it(secret: Path, mode: int, may: str) -> None:
    secret.chmod(mode)

    with pytest.raises(ConfigError, match=f"^{secret}: other users may {may} this secret: chmod"):
        refuse_exposed(str(secret))


def test_others_may_not_replace_it(secret: Path) -> None:
    secret.parent.chmod(0o777)
    refused = exposure_of(str(secret))
    secret.parent.chmod(0o1777)

    assert refused is not None
    assert "replace" in refused
    assert exposure_of(str(secret)) is None


def test_a_link_is_as_private_as_its_file(secret: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(secret)
    before = exposure_of(str(tmp_path / "link"))
    secret.chmod(0o644)

    assert before is None
    assert exposure_of(str(tmp_path / "link")) is not None


def test_a_missing_file_is_not_judged(tmp_path: Path) -> None:
    assert exposure_of(str(tmp_path / "missing")) is None
    assert exposure_of("\0") is None


def test_windows_is_exempt(secret: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret.chmod(0o644)
    monkeypatch.setattr(os, "name", "nt")

    assert exposure_of(str(secret)) is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("agent.toml", AGENT + BROKER),
        ("agent.toml", AGENT + '[broker]\ncert_file = "c"\nkey_file = "{}"\n'),
        ("agent.toml", AGENT + FEED + 'api_key_file = "{}"\n'),
        ("agent.toml", AGENT + FEED + 'cert_file = "c"\nkey_file = "{}"\n'),
        ("agent.toml", AGENT + HTTP + 'field_files = {{Authorization = "{}"}}\n'),
        ("aggregator.toml", BROKER + BULK),
        ("aggregator.toml", BROKER.replace("{}", "/nowhere/a") + BULK.replace("/nowhere/b", "{}")),
        ("aggregator.toml", CERTIFICATES),
        ("aggregator.toml", CERTIFICATES.replace("{}", "/nowhere/a").replace("/nowhere/b", "{}")),
        ("aggregator.toml", NOTIFY),
        ("aggregator.toml", PUSH),
        ("aggregator.toml", PUSH.replace("username", "#").replace("password", "bearer_token")),
        (
            "aggregator.toml",
            WRITE + 'bearer_token_file = "{}"\n',
        ),
        ("web.yml", "tls_server_config: {{cert_file: c, key_file: {}}}\n"),
    ],
)
def test_each_secret_is_checked_with_the_configuration(
    secret: Path, name: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    config = secret.parent / name
    config.write_text(text.format(secret))
    right = cli.main(["check-config", str(config)])
    capsys.readouterr()

    secret.chmod(0o644)
    wrong = cli.main(["check-config", str(config)])

    assert (right, wrong) == (0, 2)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{secret}: other users may read this secret: chmod 600")


def test_a_web_configuration_with_users_is_a_secret(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "web.yml"
    config.write_text(f"basic_auth_users: {{me: {HASH}}}\n")
    config.chmod(0o644)

    assert cli.main(["check-config", str(config)]) == 2
    assert "chmod 600" in capsys.readouterr().err
    config.write_text("http_server_config: {http2: false}\n")
    assert cli.main(["check-config", str(config)]) == 0


@pytest.mark.parametrize("program", ["agent", "aggregator"])
def test_neither_program_starts_with_an_exposed_secret(
    secret: Path, program: str, capsys: pytest.CaptureFixture[str]
) -> None:
    secret.chmod(0o644)
    config = secret.parent / f"{program}.toml"
    is_agent = program == "agent"
    config.write_text((AGENT + BROKER if is_agent else BROKER + BULK).format(secret))
    (secret.parent / "inventory.toml").write_text('[[venue]]\ncode = "STA"\n')
    main = agent_main if is_agent else aggregator_main
    parser = main.argparse.ArgumentParser()
    main.add_arguments(parser)

    code = main.run(parser.parse_args(["--config", str(config)]))

    assert code == 2
    assert "other users may read this secret" in capsys.readouterr().err
