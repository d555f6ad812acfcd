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
NOBODY, OURS = 65_534, 4_711
HASH = "$2y$04$" + "a" * 53

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")

AS_ROOT = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away"
)


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


@pytest.fixture
def away(tmp_path: Path) -> Path:
    """Return a secret of its own two folders down."""
    path = tmp_path / "outer" / "inner" / "secret"
    path.parent.mkdir(parents=True)
    path.write_text("s3cret\n")
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("up", [0, 1])
def test_no_folder_above_may_be_written_by_others(away: Path, up: int) -> None:
    folder = away.parents[up]
    folder.chmod(0o777)

    refused = exposure_of(str(away))

    assert refused == f"{away}: other users may replace this secret: chmod o-w {folder}"


@pytest.mark.parametrize("kind", ["file", "folder", "relative", "through"])
def test_target_of_a_link_may_not_be_replaced(tmp_path: Path, away: Path, kind: str) -> None:
    safe = tmp_path / "safe"
    safe.mkdir(mode=0o700)
    target: dict[str, Path | str] = {
        "file": away,
        "folder": away.parent,
        "relative": "../outer/inner/secret",
    }
    (safe / "link").symlink_to(target.get(kind, safe / "next"))
    (safe / "next").symlink_to(away)
    path = safe / "link" / "secret" if kind == "folder" else safe / "link"
    before = exposure_of(str(path))
    away.parent.chmod(0o777)

    refused = exposure_of(str(path))

    assert before is None
    assert refused == f"{path}: other users may replace this secret: chmod o-w {away.parent}"


def test_relative_path_is_judged_from_where_we_are(
    away: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(away.parent)
    away.parents[1].chmod(0o777)

    assert "replace" in str(exposure_of("secret"))
    assert "replace" in str(exposure_of("../inner/./secret"))


def test_links_in_a_circle_are_not_judged(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")

    assert exposure_of(str(tmp_path / "a")) is None


@AS_ROOT
@pytest.mark.parametrize(
    ("mode", "group", "is_refused"),
    [
        (0o770, NOBODY, True),
        (0o1770, NOBODY, False),
        (0o750, NOBODY, False),
        (0o770, 0, False),
        (0o770, OURS, False),
        (0o777, OURS, True),
    ],
)
def test_folder_is_no_group_of_others_to_write(
    away: Path, monkeypatch: pytest.MonkeyPatch, mode: int, group: int, *, is_refused: bool
) -> None:
    monkeypatch.setattr(os, "getegid", lambda: OURS)
    os.chown(away.parent, 0, group)
    away.parent.chmod(mode)

    assert (exposure_of(str(away)) is not None) == is_refused


@AS_ROOT
@pytest.mark.parametrize(
    ("owner", "user", "is_refused"),
    [
        (NOBODY, OURS, True),
        (OURS, OURS, False),
        (0, OURS, False),
        (NOBODY, 0, False),  # root looks at the secret of a service's user
    ],
)
def test_owner_of_a_secret_is_root_or_its_reader(
    away: Path, monkeypatch: pytest.MonkeyPatch, owner: int, user: int, *, is_refused: bool
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    os.chown(away, owner, 0)

    refused = exposure_of(str(away))

    assert (refused is not None) == is_refused
    assert "another user owns this secret" in (refused or "another user owns this secret")


@AS_ROOT
@pytest.mark.parametrize("what", ["secret", "folder", "link"])
def test_sticky_folder_is_safe_from_all_but_owners(away: Path, what: str) -> None:
    shared = away.parents[1]
    shared.chmod(0o1777)
    path = {"secret": shared / "own", "folder": away, "link": shared / "link"}[what]
    (shared / "own").write_text("s3cret\n")
    (shared / "own").chmod(0o600)
    (shared / "link").symlink_to(away)
    before = exposure_of(str(path))
    owned = away.parent if what == "folder" else path

    os.chown(owned, NOBODY, NOBODY, follow_symlinks=False)

    assert before is None
    assert exposure_of(str(path)) == (
        f"{path}: another user may replace this secret, the owner of {owned}"
    )


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
