"""The checks look at real ports, certificates, files and folders of this machine."""

import datetime as dt
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from agent.config import Broker
from tests.agent.checks.authority import Authority, tls_peer
from tests.agent.checks.peers import LOOPBACK, refused_port, say, say_nothing, tcp_peer
from tests.agent.mqtt.played_proxy import PlayedProxy, refusing
from venuewatch.base import clock as time
from venuewatch.base.validity import validity
from venuewatch.doctor.checks import (
    certificate,
    clock,
    modes,
    name,
    port,
    proxy,
    route,
    spool,
    tls,
    unit,
)
from venuewatch.doctor.site import Running
from venuewatch.doctor.system import User, may

DAY_S = 86_400.0


def site(tmp_path: Path, **broker: Any) -> Any:
    """Return what checks ask of a site, with a broker on this machine."""
    where = Broker(**{"address": LOOPBACK} | broker)
    return SimpleNamespace(
        broker=where,
        connections=(where,),
        settings=where,
        path=tmp_path / "agent.toml",
        wall=time.wall(),
        spool=str(tmp_path / "spool"),
        agent=SimpleNamespace(spool=SimpleNamespace(max_bytes=65_536)),
        running=Running(),
        user=None,
    )


def own_pair(folder: Path, *, begins_days: float, ends_days: float) -> dict[str, str]:
    """Make a certificate that is valid from and until so many days from now."""
    now = dt.datetime.fromtimestamp(time.wall(), dt.UTC)
    made = trustme.CA().issue_cert(
        "STA-1",
        not_before=now + dt.timedelta(days=begins_days),
        not_after=now + dt.timedelta(days=ends_days),
    )
    made.cert_chain_pems[0].write_to_path(str(folder / "host.pem"))
    made.private_key_pem.write_to_path(str(folder / "host.key"))
    return {"cert_file": str(folder / "host.pem"), "key_file": str(folder / "host.key")}


def states(check: Any, at: Any) -> list[str]:
    return [each.state for each in check.judge(check.look(at))]


def test_number_needs_no_dns_and_has_a_route(tmp_path: Path) -> None:
    here = site(tmp_path)

    assert states(name, here) == ["well"]
    assert states(route, here) == ["well"]


def test_port_is_open_or_refused(tmp_path: Path) -> None:
    with tcp_peer(say_nothing) as is_open:
        found = port.look(site(tmp_path, port=is_open))
    refused = port.look(site(tmp_path, port=refused_port()))

    assert [each.answer for each in (*found, *refused)] == ["open", "refused"]


@pytest.mark.parametrize(
    ("days", "address", "is_known", "fault"),
    [
        (90.0, "localhost", True, ""),
        (-1.0, "localhost", True, "expired"),
        (90.0, LOOPBACK, True, "name"),
        (90.0, "localhost", False, "untrusted"),
    ],
)
def test_broker_s_certificate_is_told_by_its_fault(
    tmp_path: Path,
    days: float,
    address: str,
    is_known: bool,  # noqa: FBT001 - a column of the table
    fault: str,
) -> None:
    authority, other = Authority(tmp_path), tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    trusted = authority.file if is_known else str(other)

    with tls_peer(authority.context(days=days), say_nothing) as at:
        found = tls.look(site(tmp_path, address=address, port=at, ca_file=trusted))

    assert found.fault == fault
    assert (found.expires_at is not None) is (fault == "")


def test_address_of_ipv6_is_shown_with_brackets(tmp_path: Path) -> None:
    (knock,) = port.look(site(tmp_path, address="::1", port=refused_port()))

    assert knock.place.startswith("[::1]:")


def test_behind_a_proxy_its_own_name_and_port_are_looked_at(tmp_path: Path) -> None:
    at = refused_port()
    here = site(tmp_path, address="broker.invalid", proxy=f"{LOOPBACK}:{at}")

    knocks, resolved = port.look(here), name.look(here)

    assert [(each.place, each.answer, each.who) for each in knocks] == [
        (f"{LOOPBACK}:{at}", "refused", "proxy")
    ]
    assert [(each.name, each.error, each.setting) for each in resolved] == [(LOOPBACK, "", "proxy")]


def test_handshake_goes_through_the_proxy(tmp_path: Path) -> None:
    authority = Authority(tmp_path)

    with (
        tls_peer(authority.context(), say_nothing) as broker,
        tcp_peer(PlayedProxy(broker)) as through,
    ):
        here = site(
            tmp_path,
            address="localhost",
            ca_file=authority.file,
            proxy=f"{LOOPBACK}:{through}",
        )
        asked, shaken = proxy.look(here), tls.look(here)

    assert (asked.error, shaken.fault) == ("", "")
    assert shaken.expires_at is not None


def test_proxy_that_refuses_is_told_by_its_number(tmp_path: Path) -> None:
    answer = b"HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n"

    with tcp_peer(refusing(answer)) as through:
        asked = proxy.look(site(tmp_path, proxy=f"{LOOPBACK}:{through}"))

    (found,) = proxy.judge(asked)
    assert (asked.status, found.state) == (407, "wrong")
    assert "proxy_password_file" in found.todo


def test_port_without_tls_is_told(tmp_path: Path) -> None:
    authority = Authority(tmp_path)

    with tcp_peer(say(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as at:
        found = tls.look(site(tmp_path, port=at, ca_file=authority.file))

    assert found.fault == "no_tls"


@pytest.mark.parametrize(
    ("begins_days", "ends_days", "state"),
    [(-9, 90, "well"), (-9, -1, "wrong"), (1, 90, "wrong"), (-9, 5, "wrong")],
)
def test_own_certificate_is_judged_by_both_dates(
    tmp_path: Path, begins_days: int, ends_days: int, state: str
) -> None:
    pair = own_pair(tmp_path, begins_days=begins_days, ends_days=ends_days)

    (found,) = certificate.look(site(tmp_path, **pair))

    now = time.wall()
    assert found.dates is not None
    assert found.dates.not_before == pytest.approx(now + begins_days * DAY_S, abs=60.0)
    assert found.dates.not_after == pytest.approx(now + ends_days * DAY_S, abs=60.0)
    assert [each.state for each in certificate.judge([found])] == [state]


def test_key_of_another_certificate_is_told(tmp_path: Path) -> None:
    pair = own_pair(tmp_path, begins_days=-9, ends_days=90)
    other = tmp_path / "other"
    other.mkdir()
    pair["key_file"] = own_pair(other, begins_days=-9, ends_days=90)["key_file"]

    assert states(certificate, site(tmp_path, **pair)) == ["wrong"]


def test_secret_that_others_may_read_and_file_that_is_not_there(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("secret")
    secret.chmod(0o644)
    (tmp_path / "agent.toml").touch()
    here = site(
        tmp_path,
        username="STA-1",
        password_file=str(secret),
        ca_file=str(tmp_path / "none.pem"),
    )

    found = modes.judge(modes.look(here))

    assert [each.state for each in found] == ["wrong", "wrong"]
    assert "may read this secret" in found[0].text
    assert "none.pem: there is no such file" in found[1].text


def test_clock_before_the_configuration_was_written_is_wrong(tmp_path: Path) -> None:
    here = site(tmp_path)
    here.path.touch()
    here.wall -= DAY_S

    assert states(clock, here) == ["wrong"]


def test_spool_is_looked_at_where_it_is_and_where_it_will_be(tmp_path: Path) -> None:
    here = site(tmp_path)

    before = spool.look(here)
    Path(here.spool).mkdir()
    Path(here.spool, "1.spool").write_bytes(bytes(100))
    after = spool.look(here)

    assert (before.is_writable, before.taken_bytes) == (True, 0)
    assert (after.is_writable, after.taken_bytes) == (True, 100)
    assert [each.state for each in spool.judge(after)] == ["well"]


def test_spool_with_a_file_of_another_user_is_wrong(tmp_path: Path) -> None:
    here = site(tmp_path)
    here.user = User("another", os.geteuid() + 1, 0)
    Path(here.spool).mkdir(mode=0o777)
    Path(here.spool).chmod(0o777)
    Path(here.spool, "1.spool").touch()

    found = spool.look(here)

    assert found.foreign == "1.spool"


@pytest.mark.real
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can ask for another user")
def test_files_and_folders_are_asked_about_for_the_agent_s_user(tmp_path: Path) -> None:
    nobody = User("nobody", 65_534, 65_534)
    closed = tmp_path / "closed"
    closed.touch(0o600)

    assert may(nobody, "read", str(closed)) is False
    assert may(nobody, "write", str(tmp_path)) is False
    assert may(nobody, "read", "/etc/passwd") is True
    assert may(nobody, "write", "/tmp") is True  # noqa: S108 - nothing is written
    assert may(None, "read", str(closed)) is True


@pytest.mark.real
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can ask for another user")
def test_key_that_only_root_may_read_is_wrong(tmp_path: Path) -> None:
    here = site(tmp_path, username="STA-1", password_file=str(tmp_path / "password"))
    (tmp_path / "password").touch(0o600)
    here.path.touch(0o600)
    here.user = User("nobody", 65_534, 65_534)

    found = modes.judge(modes.look(here))

    assert [each.text for each in found] == [
        f"{tmp_path}/{name}: the user nobody may not read it" for name in ("password", "agent.toml")
    ]


def test_file_in_the_spool_s_place_is_wrong(tmp_path: Path) -> None:
    here = site(tmp_path)
    Path(here.spool).touch()

    assert states(spool, here) == ["wrong"]


@pytest.mark.parametrize(("main", "state"), [("7", "well"), ("0", "well"), ("8", "wrong")])
def test_agent_that_answers_beside_that_of_the_unit_is_told(main: str, state: str) -> None:
    said = {"LoadState": "loaded", "ActiveState": "active", "MainPID": main}

    (found,) = unit.judge(unit.Unit("venuewatch-agent.service", said, "it answers", pid=7))

    assert found.state == state
    if state == "wrong":
        assert found.text.startswith("two agents run here: process 7, and 8, which is that of")
        assert found.todo == "End process 7"


@given(st.binary(max_size=300))
def test_any_certificate_is_read_to_an_end(garbage: bytes) -> None:
    found = validity(garbage)

    assert found is None or isinstance(found.not_after, float)
