"""Set-ups with certificates that are of no use, at the shipped listener of a real broker."""

import contextlib
import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path

import trustme

from tests.deploy.certified import Centre
from tests.integration.real import Agent, until
from tests.venuewatch.doctor.real.set_up import (
    HOST,
    LOOPBACK,
    Broken,
    Lay,
    Words,
    agent_of,
    tick_once,
)
from venuewatch.base import clock


def with_centre(
    prepare: Callable[[Centre], None] = lambda _made: None,
    change: Callable[[Centre, Path], dict[str, object]] = lambda _made, _folder: {},
) -> Lay:
    """Return a set-up of a broker that was prepared, and an agent whose settings are changed."""

    @contextlib.contextmanager
    def lay(folder: Path) -> Iterator[Words]:
        made = Centre(folder / "centre")
        prepare(made)
        own = str(made.certificate(HOST))
        settings = {
            "address": LOOPBACK,
            "port": made.tls_port,
            "ca_file": str(made.authority),
            "cert_file": own,
            "key_file": own,
        }
        with made:
            tick_once(made.port)
            yield [str(agent_of(folder, also=settings | change(made, folder)))]

    return lay


def serving(name: str, days: int) -> Callable[[Centre], None]:
    """Let the broker's own certificate be for this name, and valid for so many days still."""

    def prepare(made: Centre) -> None:
        now = dt.datetime.fromtimestamp(clock.wall(), dt.UTC)
        begin, end = now - dt.timedelta(days=99), now + dt.timedelta(days=days)
        issued = made.servers.issue_cert(name, not_before=begin, not_after=end)
        issued.cert_chain_pems[0].write_to_path(str(made.folder / "server.pem"))
        issued.private_key_pem.write_to_path(str(made.folder / "server.key"))

    return prepare


def trusting_another(_made: Centre, folder: Path) -> dict[str, object]:
    authority = folder / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(authority))
    return {"ca_file": str(authority)}


def signed_by_another(_made: Centre, folder: Path) -> dict[str, object]:
    own = folder / "other.pem"
    trustme.CA().issue_cert(common_name=HOST).private_key_and_cert_chain_pem.write_to_path(str(own))
    return {"cert_file": str(own), "key_file": str(own)}


def valid_between(first: int, last: int) -> Callable[[Centre, Path], dict[str, object]]:
    """Let the agent's certificate be valid between these days from now."""

    def change(made: Centre, _folder: Path) -> dict[str, object]:
        own = str(made.certificate_of_days(HOST, first, last))
        return {"cert_file": own, "key_file": own}

    return change


def with_the_key_of_another(made: Centre, _folder: Path) -> dict[str, object]:
    return {"key_file": str(made.certificate("STA-2"))}


def without_a_certificate(_made: Centre, _folder: Path) -> dict[str, object]:
    return {"cert_file": None, "key_file": None}


def of_another_host(made: Centre, _folder: Path) -> dict[str, object]:
    own = str(made.certificate("STA-2"))
    return {"cert_file": own, "key_file": own}


def without_a_block(made: Centre) -> None:
    (made.folder / "venuewatch.acl").write_text("user _centre-a\ntopic read venuewatch/v1/#\n")


@contextlib.contextmanager
def revoked_with_a_running_agent(folder: Path) -> Iterator[Words]:
    with with_centre(lambda made: made.revoke(HOST))(folder) as words:
        lines = Path(words[0]).read_text(encoding="utf-8").partition("[broker]\n")[2]
        more = "".join(line for line in lines.splitlines(keepends=True) if "port" not in line)
        port = int(lines.partition("port = ")[2].split()[0])
        with Agent(folder, port, HOST, broker=more) as agent:
            until("the agent is refused", lambda: agent.events("broker_unreachable"))
            yield [str(folder / f"agent-{HOST}.toml")]


CASES = {
    "broker's certificate expired": Broken(
        "tls", f"the certificate of {LOOPBACK} has expired", with_centre(serving(LOOPBACK, -1))
    ),
    "broker's certificate soon expired": Broken(
        "tls", f"the certificate of {LOOPBACK} expires in 5 days", with_centre(serving(LOOPBACK, 5))
    ),
    "broker under another name": Broken(
        "tls", f"the certificate is not for {LOOPBACK}", with_centre(serving("mq.example", 90))
    ),
    "broker of another authority": Broken(
        "tls", f"the certificate of {LOOPBACK} is not trusted", with_centre(change=trusting_another)
    ),
    "own certificate expired": Broken(
        "certificate", "expired 2 days ago", with_centre(change=valid_between(-9, -2))
    ),
    "own certificate not valid yet": Broken(
        "certificate", "is not valid yet", with_centre(change=valid_between(1, 9))
    ),
    "own certificate soon expired": Broken(
        "certificate", "expires in 5 days", with_centre(change=valid_between(-9, 5))
    ),
    "key of another certificate": Broken(
        "certificate", "KEY_VALUES_MISMATCH", with_centre(change=with_the_key_of_another)
    ),
    "revoked": Broken(
        "credentials",
        "this host's certificate is revoked",
        with_centre(lambda made: made.revoke(HOST)),
    ),
    "revoked, as the running agent says": Broken(
        "credentials", "this host's certificate is revoked", revoked_with_a_running_agent
    ),
    "outdated list of revoked ones": Broken(
        "credentials",
        "the broker takes this host's certificate for expired",
        with_centre(lambda made: made.revoke(next_update=dt.timedelta(hours=-1))),
    ),
    "certificate of another authority": Broken(
        "credentials",
        "the broker does not trust the authority of our certificate",
        with_centre(change=signed_by_another),
    ),
    "no certificate": Broken(
        "credentials", "the broker wants a certificate", with_centre(change=without_a_certificate)
    ),
    "certificate of another host": Broken(
        "acl", f"the broker refuses {HOST}", with_centre(change=of_another_host)
    ),
    "host without a block in the rules": Broken(
        "acl", f"the broker refuses {HOST}", with_centre(without_a_block)
    ),
}
