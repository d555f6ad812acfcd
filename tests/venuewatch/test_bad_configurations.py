"""Bad configurations, each refused with one line: the place, what was expected, what was got."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import inspect

from agent import checks
from agent import config as agent_config
from aggregator import config as aggregator_config
from aggregator import inventory
from venuewatch.base.config import (
    Broker,
    ConfigError,
    in_words,
    one_line,
    read_secret,
    tls_context,
    trusting,
)
from venuewatch.base.refusals import RefusedError, convert

NAME = "expected 1 to 64 letters, digits, dots, dashes or underscores, not beginning with _"
PORT = "expected a whole number from 1 to 65535"
KEEPALIVE = "expected a whole number from 1 to 60"
SPAN = "expected a number from 0.1 to 86400"
BEAT = "expected a number from 0.1 to 60"
VITALS = "expected a number from 1 to 86400"
MARGIN = "expected a number over 0 up to 3600"
HOST = 'venue = "STA"\nhost = "alpha"\n'
BROKER, BEATS, PROBE = HOST + "[broker]\n", HOST + "[heartbeat]\n", HOST + "[probe]\n"
NETWORKS = "expected networks such as 10.1.0.0/16:"
STA = '[[venue]]\ncode = "STA"\n'
ALPHA = STA + '[[venue.host]]\nname = "alpha"\n'
CONFIGS = [
    agent_config.Config,
    aggregator_config.Config,
    inventory.Inventory,
    *(checks.load(kind).Config for kind in checks.kinds()),
]
AGENT = {
    "": 'missing field "venue" at $',
    'venue = "STA"': 'missing field "host" at $',
    'venue = 5\nhost = "alpha"': f"{NAME}, got 5 at $.venue",
    HOST + 'hots = "typo"': 'unknown field "hots" at $ - did you mean "host"?',
    BROKER + "port = 0": f"{PORT}, got 0 at $.broker.port",
    BROKER + "port = 65536": f"{PORT}, got 65536 at $.broker.port",
    BROKER + 'port = "1883"': f'{PORT}, got "1883" at $.broker.port',
    BROKER + "port = 1883.5": f"{PORT}, got 1883.5 at $.broker.port",
    BROKER + "port = 1979-05-27": f"{PORT}, got a date at $.broker.port",
    BROKER + 'address = ""': 'expected "address" to be a host name or an IP address at $.broker',
    BROKER + 'cert_file = "a.pem"': 'expected "cert_file" and "key_file" together at $.broker',
    BROKER + 'password_file = "p"': 'expected "username" beside "password_file" at $.broker',
    BROKER + 'password = "s3cret"': (
        'unknown field "password" at $.broker - did you mean "password_file"?'
    ),
    BROKER + 'transport = "udp"': 'unknown value "udp" at $.broker.transport -',
    BROKER + "keepalive_s = 0": f"{KEEPALIVE}, got 0 at $.broker.keepalive_s",
    BROKER + "reconnect_max_s = 0": f"{SPAN}, got 0 at $.broker.reconnect_max_s",
    HOST + "[[broker]]\nport = 1883": "expected a table, got a list of 1 at $.broker",
    BEATS + "interval_s = 0": f"{BEAT}, got 0 at $.heartbeat.interval_s",
    BEATS + "interval_s = nan": f"{BEAT}, got nan at $.heartbeat.interval_s",
    BEATS + "interval_s = inf": f"{BEAT}, got inf at $.heartbeat.interval_s",
    BEATS + "vitals_every_s = 100000": f"{VITALS}, got 100000 at $.heartbeat.vitals_every_s",
    BROKER + 'link = "wierd"': 'unknown value "wierd" at $.broker.link - did you mean "wired"?',
    BROKER + 'tls = "yes"': 'expected true or false, got "yes" at $.broker.tls',
    BROKER + 'websocket_path = "a b"': (
        """expected "websocket_path" to be a path without blanks, such as /mqtt at $.broker"""
    ),
    BROKER + 'fallbacks = ["me:s3cret@h"]': (
        "expected an address and a port, as in 10.1.0.7:1883, got text at $.broker.fallbacks[0]"
    ),
    BROKER + "password_file = 5": "expected text, got a number at $.broker.password_file",
    PROBE + 'networks = ["10.1.0.1/16"]': f"{NETWORKS} 10.1.0.1/16 has host bits set at $.probe",
    PROBE + 'networks = ["a"]': (
        f"{NETWORKS} 'a' does not appear to be an IPv4 or IPv6 network at $.probe"
    ),
    PROBE + 'networks = "10.1.0.0/16"': "expected a list, got text at $.probe.networks",
    PROBE + "enabled = 1": "expected true or false, got 1 at $.probe.enabled",
    PROBE + "ports = []": 'unknown field "ports" at $.probe -',
    HOST + '[[check]]\nkind = "pong"\nname = "x"': (
        'unknown kind "pong" at $.check[0].kind - did you mean "ping"?'
    ),
    HOST + '[[check]]\nname = "x"': 'missing field "kind" at $.check[0] -',
    HOST + '[[check]]\nkind = "tcp"\nname = "x"\nadress = "h"\nport = 1': (
        'unknown field "adress" at $.check[0] - did you mean "address"?'
    ),
    HOST + '[[check]]\nkind = "uplinks"\nname = "x"\nmembers = ["a", "b"]': (
        'unknown check "a" at x\'s members -'
    ),
    HOST + "role = ": "expected TOML: Invalid value (at end of document)",
    HOST + HOST: "expected TOML: Cannot overwrite a value (at line 3, column 14)",
}

AGGREGATOR = {
    "inventory = 5": "expected text, got a number at $.inventory",
    "[jurnal]\nx = 1": 'unknown field "jurnal" at $ - did you mean "journal"?',
    '[broker]\ntransport = "tcp"': 'unknown field "transport" at $.broker -',
    "[detection]\naway_limit_s = 0": f"{SPAN}, got 0 at $.detection.away_limit_s",
    "[detection]\naway_limit_s = nan": f"{SPAN}, got nan at $.detection.away_limit_s",
    "[web]\nmax_pages = 0": "expected a whole number from 1 to 10000, got 0 at $.web.max_pages",
    "journal.max_bytes = 9": "expected a whole number from 1048576, got 9 at $.journal.max_bytes",
    '[web]\nproxies = ["proxy.example"]': (
        'expected "proxies" to be addresses or networks, as in 192.0.2.1 at $.web'
    ),
    "web = 8039": "expected a table, got a number at $.web",
    "[web]\nlisten_address = 8039": (
        "expected an address and a port, as in 127.0.0.1:8039, got 8039 at $.web.listen_address"
    ),
    '[web]\nlisten_address = "localhost\\u0000.example:80"': (
        "expected an address and a port, as in 127.0.0.1:8039, "
        'got "localhost\\x00.example:80" at $.web.listen_address'
    ),
    **{
        f"[web]\nexternal_url = '{url}'": (
            'expected "external_url" to be an http or https address, perhaps with a path at $.web'
        )
        for url in (
            "x",
            "ftp://x",
            "http://",
            "http://me@x",
            "http://x/?q",
            "http://x/#f",
            "http://x y",
        )
    },
    "[notify]\ntimeout_s = 0": f"{SPAN}, got 0 at $.notify.timeout_s",
    '[notify]\nbearer_token = "s3cret"': (
        'unknown field "bearer_token" at $.notify - did you mean "bearer_token_file"?'
    ),
    '[notify]\nbearer_token_file = "t"': (
        'expected "webhook_url" beside "bearer_token_file" at $.notify'
    ),
    '[notify]\nca_file = "ca.pem"': 'expected "webhook_url" beside "ca_file" at $.notify',
    '[notify]\nwebhook_url = "http://x/"\nca_file = "ca.pem"': (
        'expected "webhook_url" to begin with https:// beside "ca_file" at $.notify'
    ),
    '[notify]\nwebhook_url = "http://me:s3cret@x/"\nbearer_token_file = "t"': (
        'expected one of a user in "webhook_url" and "bearer_token_file" at $.notify'
    ),
    **{
        f'[notify]\nwebhook_url = "{url}"': (
            'expected "webhook_url" to be an http or https address at $.notify'
        )
        for url in ("", "s3cret", "ftp://x/s3cret", "http://", "http://[x", "https://x:99999/")
    },
}

INVENTORY = {
    "": 'missing field "venue" at $',
    'venue = "STA"': "expected a list, got text at $.venue",
    '[venue]\ncode = "STA"': "expected a list, got a table at $.venue",
    '[[venue]]\nname = "Stade"': 'missing field "code" at $.venue[0]',
    STA + STA: "expected each venue code once, got STA twice",
    STA + '[[venue.host]]\nname = "alpha"\n' * 2: "expected each host name once, got alpha twice",
    ALPHA + '[[venue]]\ncode = "AQU"\n[[venue.host]]\nname = "alpha"': (
        "expected each host name once, got alpha twice"
    ),
    STA + 'link = "fibre"': 'unknown value "fibre" at $.venue[0].link -',
    STA + "margin_s = 0": f"{MARGIN}, got 0 at $.venue[0].margin_s",
    STA + "margin_s = nan": f"{MARGIN}, got nan at $.venue[0].margin_s",
    STA + "margin_s = inf": f"{MARGIN}, got inf at $.venue[0].margin_s",
    STA + "lat = 91": "expected a number from -90 to 90, got 91 at $.venue[0].lat",
    STA + "lon = -181": "expected a number from -180 to 180, got -181 at $.venue[0].lon",
    STA + 'colour = "red"': 'unknown field "colour" at $.venue[0] -',
    STA + '[[venue.host]]\nrole = "x"': 'missing field "name" at $.venue[0].host[0]',
    ALPHA + "probe_port = 0": f"{PORT}, got 0 at $.venue[0].host[0].probe_port",
    ALPHA + "gateways = true": (
        'unknown field "gateways" at $.venue[0].host[0] - did you mean "gateway"?'
    ),
}


def refusal_of(read: Callable[[Path], object], path: Path) -> str:
    """Return the line with which a file is refused, without the file's name in front."""
    with pytest.raises(ConfigError) as refusal:
        read(path)
    file, line = str(refusal.value)[: len(f"{path}: ")], str(refusal.value)[len(f"{path}: ") :]
    assert file == f"{path}: "
    return line


@pytest.mark.parametrize(
    ("read", "text", "line"),
    [
        (read, text, line)
        for read, bad in (
            (agent_config.read, AGENT),
            (aggregator_config.read, AGGREGATOR),
            (inventory.read, INVENTORY),
        )
        for text, line in bad.items()
    ],
)
def test_bad_configuration_is_refused_in_one_line(
    tmp_path: Path, read: Callable[[Path], object], text: str, line: str
) -> None:
    path = tmp_path / "some.toml"
    path.write_text(text, encoding="utf-8")

    assert refusal_of(read, path).partition(" Known: ")[0] == line


def test_unknown_field_lists_the_known_ones(tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    path.write_text('venue = "STA"\nhost = "alpha"\n[brokr]\nport = 1883', encoding="utf-8")

    with pytest.raises(ConfigError) as refusal:
        agent_config.read(path)

    assert str(refusal.value) == (
        f'{path}: unknown field "brokr" at $ - did you mean "broker"? '
        "Known: broker, check, heartbeat, host, probe, role, spool, venue"
    )


def patterns_without_words(node: Any, words: object = None) -> Iterator[str]:
    """Yield each regular expression in a type that an operator would be shown."""
    if isinstance(node, inspect.Metadata):
        words = words or (node.extra or {}).get("words")
    if isinstance(node, inspect.StrType) and node.pattern is not None and not words:
        yield node.pattern
    for name in getattr(node, "__struct_fields__", ()):
        within = getattr(node, name)
        for each in within if isinstance(within, tuple) else (within,):
            if isinstance(each, inspect.Type | inspect.Field):
                yield from patterns_without_words(each, words)


@pytest.mark.parametrize("config", CONFIGS)
def test_every_pattern_of_a_configuration_has_words(config: type[msgspec.Struct]) -> None:
    assert list(patterns_without_words(inspect.type_info(config))) == []


FIELDS = sorted(
    {field.encode_name for config in CONFIGS for field in msgspec.structs.fields(config)}
    | {field.encode_name for field in msgspec.structs.fields(agent_config.Broker)}
)
anything = st.recursive(
    st.booleans() | st.integers() | st.floats() | st.text() | st.dates(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(FIELDS), inner),
    max_leaves=8,
)


@pytest.mark.parametrize("config", CONFIGS[:3])
@given(content=st.dictionaries(st.sampled_from(FIELDS), anything, max_size=4))
def test_any_content_is_taken_or_refused_in_words(
    config: type[msgspec.Struct], content: dict[str, object]
) -> None:
    line = ""
    try:
        convert(content, config)
    except RefusedError as refusal:
        line = str(refusal)

    assert "matching regex" not in line


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
    assert line.endswith(f" at {place}")


@pytest.mark.parametrize(
    "address",
    ["", "localhost", ":", "::1:8039", "[::1]", "[x]:80", "h:80a", "h:-1", "h:99999", r"h:80\n"],
)
def test_where_nobody_can_listen_is_refused(tmp_path: Path, address: str) -> None:
    path = tmp_path / "aggregator.toml"
    path.write_text(f'[web]\nlisten_address = "{address}"', encoding="utf-8")

    assert " at $.web" in refusal_of(aggregator_config.read, path)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"\xff", "expected UTF-8, got another byte at 0"),
        (b"x = " + b"[" * 5_000, "expected TOML, got brackets nested too deeply"),
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


def test_a_folder_is_no_configuration(tmp_path: Path) -> None:
    assert refusal_of(agent_config.read, tmp_path) == "expected a regular file, got a directory"


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", "expected a secret on the first line"),
        (b"\n", "expected a secret on the first line"),
        (b"\r\nlate\r\n", "expected a secret on the first line"),
        (b"\xff\xfe", "expected UTF-8, got another byte at 0"),
    ],
    ids=["empty", "an empty line", "on the second line", "UTF-16"],
)
def test_a_secret_that_is_none_is_refused_in_one_line(
    tmp_path: Path, content: bytes, line: str
) -> None:
    path = tmp_path / "password"
    path.write_bytes(content)

    assert refusal_of(lambda file: read_secret(str(file)), path) == line


@pytest.mark.parametrize("path", ["a\0b", "\ud800"])
@pytest.mark.parametrize(
    "use",
    [read_secret, trusting, lambda path: tls_context(Broker(cert_file=path, key_file=path))],
)
def test_path_that_no_system_has_is_refused(use: Callable[[str], object], path: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        use(path)

    assert str(refusal.value).startswith(f"{one_line(path)}: ")


@pytest.mark.parametrize("content", ["pass word", "pass word\n", "pass word\r\nnote: old\n"])
def test_a_secret_is_the_first_line_as_it_is(tmp_path: Path, content: str) -> None:
    path = tmp_path / "password"
    path.write_bytes(content.encode())

    assert read_secret(str(path)) == "pass word"


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (OSError(111, "Connect call failed ('::1', 1883)"), "nothing listens there"),
        (
            OSError(113, "Connect call failed ('10.1.0.7', 1883)"),
            "that host cannot be reached from here",
        ),
        (
            OSError(98, "error while attempting to bind (...): in use"),
            "another program listens there already",
        ),
        (OSError("Multiple exceptions: [Errno 111] a, [Errno 101] b"), "nothing listens there"),
        (TimeoutError(), "no answer in time"),
    ],
    ids=["refused", "no route", "taken", "several addresses", "time"],
)
def test_failed_connection_is_in_words_without_a_number(error: OSError, line: str) -> None:
    assert in_words(error) == line
