"""``venuewatch check-feed``: what a results check would say before the venue opens."""

import errno
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.checks.results_feed.content import Content, content_of
from tests.agent.checks.peers import LOOPBACK, say, tcp_peer
from venuewatch import cli
from venuewatch.base import clock
from venuewatch.commands import check_feed

LIVE = (
    '<Body CompetitionCode="TEST1" DocumentCode="BKBWTEAM5-----GPA-000700" '
    'DocumentType="DT_RESULT" Version="12" ResultStatus="LIVE" FeedFlag="{flag}" Date="{date}" '
    'Time="{time}" LogicalDate="{date}" Source="HALL1"/>'
)


def message(flag: str = "P", *, date: str = "2024-08-03", time: str = "120000") -> str:
    return LIVE.format(flag=flag, date=date, time=time)


def fresh() -> str:
    """Return a message of now."""
    now = datetime.fromtimestamp(clock.wall(), UTC)
    return message(date=now.strftime("%Y-%m-%d"), time=now.strftime("%H%M%S"))


@pytest.fixture
def example(tmp_path: Path) -> Path:
    path = tmp_path / "result.xml"
    path.write_text(message())
    return path


def test_example_of_an_earlier_year_is_as_good_as_one_of_now(
    example: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = cli.main(["check-feed", str(example)])

    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith("result.xml: DT_RESULT, code BKBWTEAM5-----GPA-000700, source HALL1")
    assert out[1] == "1 messages are sound, 0 are not"
    assert out[2].startswith("the check would say: flowing")
    assert code == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (message().replace("/>", "><Score>"), "broken"),
        ("<Body/>", "refused: Expected a DocumentType"),
        ("", "refused"),
        (message().replace('Version="12"', 'Version="twelve"'), "odd: Expected another Version"),
        ("\x00" * 100, "refused"),
    ],
)
def test_message_with_a_fault_is_named(
    example: Path, capsys: pytest.CaptureFixture[str], content: str, words: str
) -> None:
    example.write_text(content)

    code = cli.main(["check-feed", str(example)])

    assert words in capsys.readouterr().out.splitlines()[0]
    assert code == 1


def test_wrong_flag_is_told_and_can_be_expected(
    example: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    example.write_text(message("T"))

    code = cli.main(["check-feed", str(example)])
    told = capsys.readouterr().out
    expected = cli.main(["check-feed", "--flag", "T", str(example)])

    assert "feed flag T, expected P" in told
    assert expected == 0
    assert code in (0, 1)


def test_folder_is_judged_by_the_check_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.xml").write_text(fresh())
    (tmp_path / "b.xml").write_text("<Body/>")
    (tmp_path / "notes.txt").write_text("no message")

    code = cli.main(["check-feed", str(tmp_path)])

    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith("b.xml: refused")
    assert out[1].startswith("a.xml: DT_RESULT")
    assert out[2] == "1 messages are sound, 1 are not"
    assert out[3].startswith("the check would say: flowing")
    assert code == 1


def test_folder_whose_name_is_a_pattern_is_looked_into(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "results [live]*"
    folder.mkdir()
    (folder / "a.xml").write_text(fresh())

    code = cli.main(["check-feed", str(folder)])

    assert capsys.readouterr().out.startswith("a.xml: DT_RESULT")
    assert code == 0


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (FileNotFoundError(errno.ENOENT, "gone"), "1 messages are sound, 0 are not"),
        (PermissionError(errno.EACCES, "closed"), "b.xml: refused: permission denied"),
    ],
)
def test_file_that_can_not_be_read_hides_no_other(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: OSError,
    words: str,
) -> None:
    (tmp_path / "a.xml").write_text(fresh())
    (tmp_path / "b.xml").write_text(fresh())

    def content(path: str, max_bytes: int, files: str) -> Content:
        if path.endswith("b.xml"):
            raise error
        return content_of(path, max_bytes, files)

    monkeypatch.setattr(check_feed, "content_of", content)

    cli.main(["check-feed", str(tmp_path)])

    out = capsys.readouterr().out
    assert "a.xml: DT_RESULT" in out
    assert words in out


def test_empty_folder_is_not_called_well(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = cli.main(["check-feed", str(tmp_path)])

    out = capsys.readouterr().out.splitlines()
    assert out[0] == "0 messages are sound, 0 are not"
    assert out[1].startswith("the check would say: unknown: nothing heard yet")
    assert code == 1


def test_page_is_read_as_a_message(capsys: pytest.CaptureFixture[str]) -> None:
    body = message().encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with tcp_peer(say(head + body)) as port:
        code = cli.main(["check-feed", f"http://{LOOPBACK}:{port}/result"])

    assert "DT_RESULT" in capsys.readouterr().out
    assert code == 0


def test_settings_are_those_of_the_agent_s_check(
    example: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    example.write_text(message("T"))
    config = tmp_path / "agent.toml"
    config.write_text(
        'venue = "STA"\nhost = "STA-1"\n[[check]]\nkind = "feed"\nname = "results"\n'
        'folder = "/srv/results"\nzone = "Europe/Paris"\nfeed_flag = "T"\n'
    )

    code = cli.main(["check-feed", "--config", str(config), "--check", "results", str(example)])

    assert code == 0
    assert "expected P" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["/nowhere/result.xml"], "/nowhere/result.xml: "),
        (["--zone", "Mars/North", "/"], "IANA name"),
        (["--zone", "Mars/North", "--config", "{agent}", "/"], "IANA name"),
        (["--files", "a/b", "--config", "{agent}", "/"], "a pattern of names"),
        (["--check", "results", "/"], "expected --config beside --check"),
        (["ftp://example/x"], "begins with http:// or https://"),
    ],
)
def test_place_that_can_not_be_read_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], line: str
) -> None:
    config = tmp_path / "agent.toml"
    config.write_text(
        'venue = "STA"\nhost = "STA-1"\n[[check]]\nkind = "feed"\nname = "results"\n'
        'folder = "/srv/results"\nzone = "Europe/Paris"\n'
    )

    code = cli.main(["check-feed", *(word.replace("{agent}", str(config)) for word in words)])

    told = capsys.readouterr()
    assert (code, told.out) == (2, "")
    assert line in told.err
    assert told.err.count("\n") == 1


def test_check_that_the_agent_does_not_have_is_one_line(
    example: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "agent.toml"
    config.write_text('venue = "STA"\nhost = "STA-1"\n')

    code = cli.main(["check-feed", "--config", str(config), "--check", "results", str(example)])

    assert code == 2
    assert "Known: none" in capsys.readouterr().err
