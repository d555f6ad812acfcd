"""Every bad configuration is refused with one line: the file, the place, what was expected."""

from collections.abc import Callable
from pathlib import Path

import pytest

from agent import config as agent_config
from aggregator import config as aggregator_config
from aggregator import inventory
from venuewatch.base.config import ConfigError, read_secret

NAME = r"Expected `str` matching regex"
HOST = 'venue = "STA"\nhost = "alpha"\n'
STA = '[[venue]]\ncode = "STA"\n'

AGENT = {
    "": "Object missing required field `venue`",
    'venue = "STA"': "Object missing required field `host`",
    'venue = 5\nhost = "alpha"': "Expected `str`, got `int` - at `$.venue`",
    HOST + 'hots = "typo"': "Object contains unknown field `hots`",
    HOST + "[broker]\nport = 0": "Expected `int` >= 1 - at `$.broker.port`",
    HOST + "[broker]\nport = 65536": "Expected `int` <= 65535 - at `$.broker.port`",
    HOST + '[broker]\nport = "1883"': "Expected `int`, got `str` - at `$.broker.port`",
    HOST + "[broker]\nport = 1883.5": "Expected `int`, got `float` - at `$.broker.port`",
    HOST + "[broker]\nport = 1979-05-27": "Expected `int`, got `date` - at `$.broker.port`",
    HOST + '[broker]\naddress = ""': (
        "Expected `address` to be a host name or an IP address - at `$.broker`"
    ),
    HOST + '[broker]\ncert_file = "a.pem"': (
        "Expected `cert_file` and `key_file` together - at `$.broker`"
    ),
    HOST + '[broker]\npassword_file = "p"': (
        "Expected `username` beside `password_file` - at `$.broker`"
    ),
    HOST + '[broker]\npassword = "s3cret"': (
        "Object contains unknown field `password` - at `$.broker`"
    ),
    HOST + '[broker]\ntransport = "udp"': "Invalid enum value 'udp' - at `$.broker.transport`",
    HOST + "[broker]\nkeepalive_s = 0": "Expected `int` >= 1 - at `$.broker.keepalive_s`",
    HOST + "[broker]\nreconnect_max_s = 0": (
        "Expected `float` >= 0.1 - at `$.broker.reconnect_max_s`"
    ),
    HOST + "[[broker]]\nport = 1883": "Expected `object`, got `array` - at `$.broker`",
    HOST + "[heartbeat]\ninterval_s = 0": "Expected `float` >= 0.1 - at `$.heartbeat.interval_s`",
    HOST + "[heartbeat]\ninterval_s = nan": "Expected `float` >= 0.1 - at `$.heartbeat.interval_s`",
    HOST + "[heartbeat]\ninterval_s = inf": (
        "Expected `float` <= 86400.0 - at `$.heartbeat.interval_s`"
    ),
    HOST + "[heartbeat]\nvitals_every_s = 100000": (
        "Expected `float` <= 86400.0 - at `$.heartbeat.vitals_every_s`"
    ),
    HOST + "role = ": "Invalid value (at end of document)",
    HOST + HOST: "Cannot overwrite a value (at line 3, column 14)",
}

AGGREGATOR = {
    "inventory = 5": "Expected `str`, got `int` - at `$.inventory`",
    "[jurnal]\nx = 1": "Object contains unknown field `jurnal`",
    '[broker]\ntransport = "tcp"': "Object contains unknown field `transport` - at `$.broker`",
    "[detection]\naway_limit_s = 0": "Expected `float` >= 0.1 - at `$.detection.away_limit_s`",
    "[detection]\naway_limit_s = nan": "Expected `float` >= 0.1 - at `$.detection.away_limit_s`",
    "web = 8039": "Expected `object`, got `int` - at `$.web`",
    "[web]\nlisten_address = 8039": "Expected `str`, got `int` - at `$.web.listen_address`",
    "[notify]\ntimeout_s = 0": "Expected `float` >= 0.1 - at `$.notify.timeout_s`",
    '[notify]\nbearer_token = "s3cret"': (
        "Object contains unknown field `bearer_token` - at `$.notify`"
    ),
    '[notify]\nbearer_token_file = "t"': (
        "Expected `webhook_url` beside `bearer_token_file` - at `$.notify`"
    ),
    '[notify]\nca_file = "ca.pem"': ("Expected `webhook_url` beside `ca_file` - at `$.notify`"),
    '[notify]\nwebhook_url = "http://x/"\nca_file = "ca.pem"': (
        "Expected `webhook_url` to begin with https:// beside `ca_file` - at `$.notify`"
    ),
    '[notify]\nwebhook_url = "http://me:s3cret@x/"\nbearer_token_file = "t"': (
        "Expected one of a user in `webhook_url` and `bearer_token_file` - at `$.notify`"
    ),
    **{
        f'[notify]\nwebhook_url = "{url}"': (
            "Expected `webhook_url` to be an http or https address - at `$.notify`"
        )
        for url in ("", "s3cret", "ftp://x/s3cret", "http://", "http://[x", "https://x:99999/")
    },
}

INVENTORY = {
    "": "Object missing required field `venue`",
    'venue = "STA"': "Expected `array`, got `str` - at `$.venue`",
    '[venue]\ncode = "STA"': "Expected `array`, got `object` - at `$.venue`",
    '[[venue]]\nname = "Stade"': "Object missing required field `code` - at `$.venue[0]`",
    STA + STA: "Expected each venue code once, got STA twice",
    STA + '[[venue.host]]\nname = "alpha"\n' * 2: "Expected each host name once, got alpha twice",
    STA
    + '[[venue.host]]\nname = "alpha"\n[[venue]]\ncode = "AQU"\n[[venue.host]]\nname = "alpha"': (
        "Expected each host name once, got alpha twice"
    ),
    STA + 'link = "fibre"': "Invalid enum value 'fibre' - at `$.venue[0].link`",
    STA + "margin_s = 0": "Expected `float` > 0.0 - at `$.venue[0].margin_s`",
    STA + "margin_s = nan": "Expected `float` > 0.0 - at `$.venue[0].margin_s`",
    STA + "margin_s = inf": "Expected `float` <= 3600.0 - at `$.venue[0].margin_s`",
    STA + "lat = 91": "Expected `float` <= 90.0 - at `$.venue[0].lat`",
    STA + "lon = -181": "Expected `float` >= -180.0 - at `$.venue[0].lon`",
    STA + 'colour = "red"': "Object contains unknown field `colour` - at `$.venue[0]`",
    STA + '[[venue.host]]\nrole = "x"': (
        "Object missing required field `name` - at `$.venue[0].host[0]`"
    ),
    STA + '[[venue.host]]\nname = "alpha"\nprobe_port = 0': (
        "Expected `int` >= 1 - at `$.venue[0].host[0].probe_port`"
    ),
    STA + '[[venue.host]]\nname = "alpha"\ngateways = true': (
        "Object contains unknown field `gateways` - at `$.venue[0].host[0]`"
    ),
}


def refusal_of(read: Callable[[Path], object], path: Path) -> str:
    """Return the line with which a file is refused, without the file's name in front."""
    with pytest.raises(ConfigError) as refusal:
        read(path)
    file, line = str(refusal.value)[: len(f"{path}: ")], str(refusal.value)[len(f"{path}: ") :]
    assert file == f"{path}: "
    return line


@pytest.mark.parametrize(("text", "line"), AGENT.items())
def test_a_bad_agent_configuration_is_refused_in_one_line(
    tmp_path: Path, text: str, line: str
) -> None:
    path = tmp_path / "agent.toml"
    path.write_text(text, encoding="utf-8")

    assert refusal_of(agent_config.read, path) == line


@pytest.mark.parametrize(("text", "line"), AGGREGATOR.items())
def test_a_bad_aggregator_configuration_is_refused_in_one_line(
    tmp_path: Path, text: str, line: str
) -> None:
    path = tmp_path / "aggregator.toml"
    path.write_text(text, encoding="utf-8")

    assert refusal_of(aggregator_config.read, path) == line


@pytest.mark.parametrize(("text", "line"), INVENTORY.items())
def test_a_bad_inventory_is_refused_in_one_line(tmp_path: Path, text: str, line: str) -> None:
    path = tmp_path / "inventory.toml"
    path.write_text(text, encoding="utf-8")

    assert refusal_of(inventory.read, path) == line


NOT_NAMES = ["", "_centre", "a b", "a/b", "a+", "é", "x" * 65, r"alpha\n"]


@pytest.mark.parametrize("name", NOT_NAMES)
@pytest.mark.parametrize(
    ("read", "text", "place"),
    [
        (agent_config.read, 'host = "alpha"\nvenue = "?"', "$.venue"),
        (agent_config.read, 'venue = "STA"\nhost = "?"', "$.host"),
        (aggregator_config.read, 'name = "?"', "$.name"),
        (inventory.read, '[[venue]]\ncode = "?"', "$.venue[0].code"),
        (inventory.read, STA + '[[venue.host]]\nname = "?"', "$.venue[0].host[0].name"),
    ],
    ids=["agent's venue", "agent's host", "aggregator", "venue", "host"],
)
def test_what_the_wire_could_not_name_is_refused_as_a_name(
    tmp_path: Path, read: Callable[[Path], object], text: str, place: str, name: str
) -> None:
    path = tmp_path / "some.toml"
    path.write_text(text.replace("?", name), encoding="utf-8")

    line = refusal_of(read, path)

    assert line.startswith(NAME)
    assert line.endswith(f"- at `{place}`")


@pytest.mark.parametrize(
    "address",
    ["", "localhost", ":", "::1:8039", "[::1]", "[x]:80", "h:80a", "h:-1", "h:99999", r"h:80\n"],
)
def test_where_nobody_can_listen_is_refused(tmp_path: Path, address: str) -> None:
    path = tmp_path / "aggregator.toml"
    path.write_text(f'[web]\nlisten_address = "{address}"', encoding="utf-8")

    assert " - at `$.web" in refusal_of(aggregator_config.read, path)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"\xff", "Expected UTF-8, got a stray byte at 0"),
        (b"x = " + b"[" * 5_000, "maximum recursion depth exceeded"),
    ],
    ids=["no UTF-8", "deep"],
)
def test_what_is_no_toml_is_refused_in_one_line(tmp_path: Path, content: bytes, line: str) -> None:
    path = tmp_path / "agent.toml"
    path.write_bytes(content)

    assert refusal_of(agent_config.read, path) == line


@pytest.mark.parametrize(
    "content",
    [
        b"port = " + b"9" * 5_000,
        b'"two\\nlines" = 1\n' + HOST.encode(),
        b"\0",
        b'venue = "STA',
        b"host = 1979-13-45",
    ],
    ids=["a number too long for Python", "a key of two lines", "NUL", "no end", "no date"],
)
def test_whatever_is_in_a_file_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "agent.toml"
    path.write_bytes(content)

    line = refusal_of(agent_config.read, path)

    assert len(line.splitlines()) == 1


def test_a_file_that_is_not_there_is_refused_in_one_line(tmp_path: Path) -> None:
    assert refusal_of(agent_config.read, tmp_path / "none.toml") == "No such file or directory"


def test_a_folder_is_no_configuration(tmp_path: Path) -> None:
    assert refusal_of(agent_config.read, tmp_path) == "Is a directory"


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", "Expected a secret on the first line"),
        (b"\n", "Expected a secret on the first line"),
        (b"\r\nlate\r\n", "Expected a secret on the first line"),
        (b"\xff\xfe", "Expected UTF-8"),
    ],
    ids=["empty", "an empty line", "on the second line", "UTF-16"],
)
def test_a_secret_that_is_none_is_refused_in_one_line(
    tmp_path: Path, content: bytes, line: str
) -> None:
    path = tmp_path / "password"
    path.write_bytes(content)

    assert refusal_of(lambda file: read_secret(str(file)), path) == line


def test_a_secret_that_is_not_there_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "password"

    assert refusal_of(lambda file: read_secret(str(file)), path) == "No such file or directory"


def test_a_path_that_no_system_has_is_refused_in_one_line() -> None:
    with pytest.raises(ConfigError) as refusal:
        read_secret("a\0b")

    assert len(str(refusal.value).splitlines()) == 1


@pytest.mark.parametrize("content", ["pass word", "pass word\n", "pass word\r\nnote: old\n"])
def test_a_secret_is_the_first_line_as_it_is(tmp_path: Path, content: str) -> None:
    path = tmp_path / "password"
    path.write_bytes(content.encode())

    assert read_secret(str(path)) == "pass word"
