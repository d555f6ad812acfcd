"""Kinds as files: good ones are found, and each bad one is refused in one line."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rehearsal.kinds.files import GOOD, changed, written
from venuewatch.base.config import ConfigError
from venuewatch.base.in_toml import in_toml
from venuewatch.rehearsal.kinds.load import known_roles, read_kind, read_kinds, read_policies

POLICIES = 25

BAD = {
    "unknown key": ('source = "Own"', 'sauce = "Own"', 'unknown field "sauce" at $'),
    "missing key": ('source = "Own"', "", 'missing field "source" at $'),
    "wrong type": (
        'title = "A line is cut"',
        "title = 7",
        "expected one line of text, of at most 2000 characters, got a number at $.title",
    ),
    "two lines": ("is cut", "is\\ncut", "expected one line of text"),
    "hidden sign": ("is cut", "is\\u202ecut", "expected one line of text"),
    "unknown policy": (
        "venue_link_loss",
        "venue_link_los",
        'unknown policy "venue_link_los" at $.policy - did you mean "venue_link_loss"?',
    ),
    "unknown role": ('["results"]', '["result"]', 'did you mean "results"?'),
    "unknown scope of a target": (
        'scope = "host"',
        'scope = "hall"',
        'expected "check", "feed", "host" or "venue"',
    ),
    "unknown target": ('of = "server"', 'of = "sever"', 'unknown target "sever" at $.step[1].of'),
    "step twice": ('name = "off"', 'name = "cut"', "expected each step's name once, got cut twice"),
    "range upside down": ("[20, 40]", "[40, 20]", "least before the most at $.step[0].lasts"),
    "length below nothing": ("[20, 40]", "[-1, 40]", "expected a number from 0 to 86400"),
    "length of text": ("[20, 40]", '"long"', "$.step[0].lasts"),
    "no number": ("[20, 40]", "nan", "expected a number, got nan at $.step[0].lasts"),
    "unknown cause": ("host_down", "host_gone", 'unknown cause "host_gone" at $.expected[1].cause'),
    "cause of another scope": (
        'cause = "venue_unreachable"',
        'cause = "host_down"',
        'no verdict says "host_down" of scope venue: expected',
    ),
    "scope that a target has not": (
        'of = "here"\ncause',
        'of = "here"\nscope = "feed"\ncause',
        'of a venue, got "feed" at $.expected[0].scope',
    ),
    "unknown step": ('after = "cut"', 'after = "cute"', 'unknown step "cute"'),
    "bound of a word": ("detect_within_s = 3", 'detect_within_s = "soon"', "$.expected[0]"),
    "children of a host": (
        "after_heal = true",
        "children = 2",
        'expected "children" of a venue\'s incident only',
    ),
    "expected and nothing": (
        'source = "Own"',
        'source = "Own"\nnothing = true',
        "expected either [[expected]]",
    ),
    "no mode left": (
        'source = "Own"',
        'source = "Own"\nnot_live = "a"\nnot_simulated = "b"',
        "expected a mode to be left",
    ),
    "name of the centre": ("[target.here]", "[target.centre]", 'expected no target "centre"'),
    "check of a host": (
        'roles = ["results"]',
        'check = "disk"',
        'expected no "check" and no "on" of a host',
    ),
    "roles of a venue": (
        'scope = "venue"',
        'scope = "venue"\nroles = ["results"]',
        'expected no "roles" of a venue',
    ),
    "unknown check": (
        'scope = "host"\nroles = ["results"]',
        'scope = "check"\ncheck = "disc"',
        'unknown check "disc" at $.target.server.check - did you mean "disk"?',
    ),
    "feed that is a check": (
        'scope = "host"\nroles = ["results"]',
        'scope = "check"\ncheck = "results"',
        'expected scope "feed" of the check results',
    ),
    "step after a later one": (
        "at = 10",
        'after_heal_of = "off"',
        'unknown step before this one "off"',
    ),
    "keepalives of the centre": (
        'of = "here"\nlasts',
        'of = "centre"\nkeepalives = [1, 2]\nlasts',
        'expected "keepalives" of a host or venue only',
    ),
    "no TOML": ("[target.here]", "[target.here", "expected TOML"),
}


def refused(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        read_kind(path, policies=read_policies(), roles=known_roles())
    line = str(caught.value)
    assert line.isprintable()
    assert line.startswith(f"{path}: ")
    return line


def is_taken_or_refused_in_one_line(path: Path) -> bool:
    try:
        read_kind(path, policies=read_policies(), roles=known_roles())
    except ConfigError as error:
        return str(error).isprintable()
    return True


def test_good_file_is_taken(tmp_path: Path) -> None:
    kind = read_kind(written(tmp_path), policies=read_policies(), roles=known_roles())

    assert (kind.name, kind.modes, kind.is_playable) == ("line_cut", ("simulated", "live"), True)


@pytest.mark.parametrize("what", BAD)
def test_bad_file_is_refused_in_one_line(what: str, tmp_path: Path) -> None:
    old, new, words = BAD[what]

    line = refused(written(tmp_path, changed(old, new)))

    assert words in line


def test_cause_of_the_future_is_taken_while_a_kind_waits(tmp_path: Path) -> None:
    text = changed('source = "Own"', 'source = "Own"\nwaits_for = "a second centre"')
    path = written(tmp_path, text.replace("host_down", "other_centre_lost"))

    kind = read_kind(path, policies=read_policies(), roles=known_roles())

    assert not kind.is_playable


def test_fault_that_is_not_there_is_refused_where_faults_are_known(tmp_path: Path) -> None:
    path = written(tmp_path, changed("machine_off", "machine_of"))
    policies, roles, names = read_policies(), known_roles(), ["machine_off", "uplink_cut"]

    assert read_kind(path, policies=policies, roles=roles).is_playable
    with pytest.raises(ConfigError, match=r'unknown fault "machine_of" at \$.step\[1\].fault'):
        read_kind(path, policies=policies, roles=roles, faults=names)


def test_kind_in_another_folder_is_found_too(tmp_path: Path) -> None:
    written(tmp_path)

    kinds = read_kinds([tmp_path])

    assert kinds["line_cut"].file.title == "A line is cut"
    assert list(kinds) == sorted(kinds)


def test_kind_of_a_known_name_is_refused(tmp_path: Path) -> None:
    written(tmp_path, name="uplink_cut")

    with pytest.raises(ConfigError, match="expected each kind once, got uplink_cut twice"):
        read_kinds([tmp_path])


def test_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        read_kinds([tmp_path / "none"])


def test_name_of_a_file_must_be_a_word(tmp_path: Path) -> None:
    assert "small letters" in refused(written(tmp_path, name="Line cut"))


def test_role_of_an_own_fleet_is_known(tmp_path: Path) -> None:
    written(tmp_path, changed('["results"]', '["kitchen"]'))

    assert "line_cut" in read_kinds([tmp_path], roles={"kitchen"})


def test_another_text_has_another_digest(tmp_path: Path) -> None:
    policies, roles = read_policies(), known_roles()
    first = read_kind(written(tmp_path), policies=policies, roles=roles)
    comment = read_kind(written(tmp_path, f"# a word\n{GOOD}"), policies=policies, roles=roles)
    other = read_kind(
        written(tmp_path, changed("lasts = 60", "lasts = 61")), policies=policies, roles=roles
    )

    assert first.digest == comment.digest != other.digest


def test_there_are_25_policies() -> None:
    assert len(read_policies()) == POLICIES


scalars = st.one_of(
    st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(), st.text(max_size=20)
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
KEYS = ("title", "policy", "nothing", "target", "step", "expected", "allowed", "counted")


@given(key=st.sampled_from(KEYS), value=anything)
def test_hostile_value_is_refused_in_one_line(
    key: str, value: object, tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = tomllib.loads(GOOD)
    content[key] = value
    text = "\n".join(f"{name} = {in_toml(it)}" for name, it in content.items())
    path = written(tmp_path_factory.mktemp("kinds"), text)

    assert is_taken_or_refused_in_one_line(path)


@given(field=st.sampled_from(("target", "step", "expected")), value=anything, data=st.data())
def test_hostile_value_deeper_is_refused_in_one_line(
    field: str, value: object, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = tomllib.loads(GOOD)
    table = content[field]["server"] if field == "target" else content[field][1]
    table[data.draw(st.sampled_from(sorted(table)))] = value
    text = "\n".join(f"{name} = {in_toml(it)}" for name, it in content.items())
    path = written(tmp_path_factory.mktemp("kinds"), text)

    assert is_taken_or_refused_in_one_line(path)
