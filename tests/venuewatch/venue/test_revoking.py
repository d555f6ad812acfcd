"""Revocation: what is written when, and what has to be shown before it counts as done."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from aggregator.inventory import HostEntry, VenueEntry
from tests.venuewatch.venue.centre import NOW, settings_in
from venuewatch.base.config import ConfigError
from venuewatch.venue import acl, revoking
from venuewatch.venue.authority import crls, folder
from venuewatch.venue.authority.certificates import read_certificate
from venuewatch.venue.authority.folder import TRIPWIRE, Authorities
from venuewatch.venue.broker import Reception, Visit
from venuewatch.venue.changes import Change
from venuewatch.venue.credentials import of_bridge, of_host
from venuewatch.venue.revoking import PROVEN_WITHIN_S, TAKE_OVER_S, Hands, Plan

STA = VenueEntry("STA", host=(HostEntry("STA-1"), HostEntry("STA-2")))


@pytest.fixture
def known(tmp_path: Path) -> Authorities:
    made, _ = folder.begin(NOW)
    for name in ("STA-1", "STA-2"):
        made, _ = of_host(settings_in(tmp_path), made, "STA", name, NOW)
    return made


@pytest.fixture
def planned(tmp_path: Path, known: Authorities) -> Plan:
    names = {"STA": {"STA-1"}}
    return revoking.plan(settings_in(tmp_path), known, {"STA": STA}, names, b"tripwire", NOW)


def content(changes: Sequence[Change], name: str) -> bytes:
    found = [change.content for change in changes if change.path.name == name]
    return found[0] or b""


def listed(changes: Sequence[Change]) -> set[int]:
    (ours, *_) = crls.read_crls(content(changes, "crl.pem"))
    return {each.serial_number for each in ours}


def serial_of(pem: bytes) -> int:
    return read_certificate(pem[pem.index(b"-----BEGIN CERTIFICATE") :]).serial_number


class Broker:
    """A broker that reads its files again only ``slow`` visits after it was told to."""

    def __init__(self, *, slow: int = 0, ignores_lists: bool = False, fails: str = "") -> None:
        self.done: list[str] = []
        self.now = 0.0
        self._slow = slow
        self._ignores_lists = ignores_lists
        self._fails = fails
        self._written: list[Change] = []
        self._rules = self._lists = b""
        self._stale = 0

    def hands(self) -> Hands:
        return Hands(
            apply=self._apply,
            reload_aggregator=self._reload_aggregator,
            reload_broker=self._reload,
            visit=self._visit,
            monotonic=lambda: self.now,
            pause=self._pause,
        )

    def _note(self, what: str) -> None:
        self.done.append(what)

    def _reload_aggregator(self) -> str:
        self._note("aggregator")
        return ""

    def _pause(self) -> None:
        self.now += 0.1

    def _apply(self, changes: Sequence[Change]) -> None:
        self._note("files")
        self._written = list(changes)

    def _reload(self) -> str:
        self._note("broker")
        self._stale = self._slow
        return self._fails

    def _read(self) -> None:
        self._rules = content(self._written, "venuewatch.acl")
        self._lists = content(self._written, "crl.pem")

    def _visit(self, credentials: bytes, name: str, cleared: Sequence[str]) -> Visit:
        if self._stale:
            self._stale -= 1
        else:
            self._read()
        self._note(f"visit {name}")
        is_ours = b"BEGIN" in credentials
        serial = serial_of(credentials) if is_ours else 0
        is_listed = not is_ours or serial in self._serials()
        if is_listed and not self._ignores_lists:
            return Visit(Reception.REVOKED, "certificate revoked")
        is_allowed = f"user {name}\n".encode() in self._rules
        return Visit(Reception.TAKEN, "", bool(cleared) and is_allowed)

    def _serials(self) -> set[int]:
        if not self._lists:
            return set()
        return {each.serial_number for each in crls.read_crls(self._lists)[0]}


def test_first_files_silence_the_host_before_its_connection_ends(planned: Plan) -> None:
    rules = content(planned.first, "venuewatch.acl").decode()

    assert "user STA-1\n" not in rules
    assert "user STA-2\n" in rules
    assert f"user {acl.CLEARING}\n" in rules
    assert "revoked = true" in content(planned.first, "STA.toml").decode()


def test_take_over_is_on_the_second_list_only(planned: Plan, known: Authorities) -> None:
    taken, clearing = serial_of(planned.take_overs["STA-1"]), serial_of(planned.clearing)
    own = known.register.current("STA-1", NOW)
    assert own is not None

    assert int(own.serial, 16) in listed(planned.first) & listed(planned.second)
    assert not {taken, clearing} & listed(planned.first)
    assert {taken, clearing} <= listed(planned.second)
    assert f"user {acl.CLEARING}\n".encode() not in content(planned.second, "venuewatch.acl")


def test_certificate_of_a_take_over_is_valid_for_minutes(planned: Plan) -> None:
    pem = planned.take_overs["STA-1"]
    made = read_certificate(pem[pem.index(b"-----BEGIN CERTIFICATE") :])

    valid_s = (made.not_valid_after_utc - made.not_valid_before_utc).total_seconds()
    assert valid_s == TAKE_OVER_S


@pytest.mark.parametrize("slow", [0, 3])
def test_revocation_is_proven_once_the_broker_has_read_its_files(planned: Plan, slow: int) -> None:
    broker = Broker(slow=slow)

    proof = revoking.carry_out(planned, broker.hands())

    assert proof.missing == ()
    visits = [line for line in broker.done if line.startswith("visit")]
    assert broker.done[:3] == ["files", "aggregator", "broker"]
    assert visits[0] == f"visit {acl.CLEARING}"
    assert broker.done.index("visit STA-1") < len(broker.done) - broker.done[::-1].index("files")
    assert visits[-1] == "visit STA-1"
    assert f"visit {TRIPWIRE}" in visits


def test_broker_that_ignores_its_lists_is_no_proof(planned: Plan) -> None:
    proof = revoking.carry_out(planned, Broker(ignores_lists=True).hands())

    assert any("tripwire is not in force" in line for line in proof.missing)
    assert any("latest list is not in force" in line for line in proof.missing)


def test_reload_that_failed_is_told_within_the_time(planned: Plan) -> None:
    broker = Broker(slow=10_000, fails="systemctl: no such command")

    proof = revoking.carry_out(planned, broker.hands())

    assert "systemctl: no such command" in proof.missing
    assert proof.took_s <= PROVEN_WITHIN_S + 1.0


def test_second_files_are_written_even_if_a_visit_breaks(planned: Plan) -> None:
    broker = Broker()
    hands = broker.hands()._replace(visit=_broken)

    with pytest.raises(RuntimeError):
        revoking.carry_out(planned, hands)

    assert broker.done.count("files") == 2


def _broken(*_: object) -> Visit:
    raise RuntimeError


@pytest.mark.parametrize(("hosts", "is_mute"), [({"STA-1"}, False), ({"STA-1", "STA-2"}, True)])
def test_bridge_is_revoked_with_the_last_host_behind_it(
    tmp_path: Path, known: Authorities, hosts: set[str], *, is_mute: bool
) -> None:
    found = settings_in(tmp_path)
    bridged, _ = of_bridge(found, known, "STA", NOW)

    planned = revoking.plan(found, bridged, {"STA": STA}, {"STA": hosts}, b"tripwire", NOW)

    rules = content(planned.first, "venuewatch.acl").decode()
    assert ("user _bridge-STA\n" not in rules) is is_mute
    assert ("_bridge-STA" in planned.take_overs) is is_mute


class Clock:
    """Visits that each take so long, to a broker that does not answer."""

    def __init__(self, took_s: float) -> None:
        self.now, self.visits, self._took_s = 0.0, 0, took_s

    def visit(self, *_: object) -> Visit:
        self.visits += 1
        self.now += self._took_s
        return Visit(Reception.UNCLEAR, "no answer in time")


def test_broker_that_does_not_answer_is_not_asked_for_each_host(
    tmp_path: Path, known: Authorities
) -> None:
    hosts = tuple(HostEntry(f"H-{number}") for number in range(40))
    venue, names = VenueEntry("STA", host=hosts), {"STA": {host.name for host in hosts}}
    planned = revoking.plan(settings_in(tmp_path), known, {"STA": venue}, names, b"tripwire", NOW)
    clock = Clock(3.0)
    hands = Broker().hands()._replace(visit=clock.visit, monotonic=lambda: clock.now)

    proof = revoking.carry_out(planned, hands)

    assert clock.visits <= 6
    assert any("H-9 may still stand" in line for line in proof.missing)


def test_second_files_that_can_not_be_written_are_told(planned: Plan) -> None:
    broker = Broker()
    hands = broker.hands()

    def apply(changes: Sequence[Change]) -> None:
        if "files" in broker.done:
            raise ConfigError("the disk is full")
        hands.apply(changes)

    proof = revoking.carry_out(planned, hands._replace(apply=apply))

    assert any("the disk is full" in line for line in proof.missing)
    assert any("latest list is not in force" in line for line in proof.missing)


def test_host_that_may_still_publish_is_told(planned: Plan) -> None:
    hands = Broker().hands()

    def visit(pem: bytes, name: str, topics: Sequence[str]) -> Visit:
        seen = hands.visit(pem, name, topics)
        return seen._replace(is_published=bool(topics)) if name == "STA-1" else seen

    proof = revoking.carry_out(planned, hands._replace(visit=visit))

    (line,) = proof.missing
    assert line.startswith("STA-1 may still publish")
