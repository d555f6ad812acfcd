"""Runs the real agent, over TLS to the bench's own broker, with certificates made by trustme."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from bench.kit.members import place
from bench.kit.mosquitto import Broker, Certificates
from bench.kit.processes import python, running
from bench.kit.sides import Side

INTERVAL_S = 1.0
VITALS_EVERY_S = 10.0


@contextlib.contextmanager
def agent(
    directory: Path, index: int, broker: Broker, made: Certificates, *, checks: str = ""
) -> Iterator[Side]:
    """Run the agent of host number ``index``; ``checks`` is more TOML.

    All hosts show one certificate: the broker asks only who issued it.
    """
    folder = directory / f"agent-{index}"  # its spool lies beside its configuration
    folder.mkdir()
    settings = folder / "agent.toml"
    settings.write_text(_settings(index, broker, made) + checks, encoding="utf-8")
    command = python("agent", "--config", str(settings), isolated=True)
    with running(command, log=folder / "agent.log") as process:
        yield Side(process.pid)


def _settings(index: int, broker: Broker, made: Certificates) -> str:
    venue, host = place(index)
    return (
        f'venue = "{venue}"\nhost = "{host}"\n'
        f'[broker]\naddress = "127.0.0.1"\nport = {broker.tls_port}\nca_file = "{made.authority}"\n'
        f'cert_file = "{made.client_chain}"\nkey_file = "{made.client_key}"\n'
        f"[heartbeat]\ninterval_s = {INTERVAL_S}\nvitals_every_s = {VITALS_EVERY_S}\n"
    )


def make_certificates(directory: Path, client: str) -> Certificates:
    """Write them as PEM files; the broker is 127.0.0.1, and the client is called ``client``."""
    made = Certificates(
        *(
            directory / f"{name}.pem"
            for name in ("ca", "server", "server-key", "client", "client-key")
        )
    )
    import trustme  # noqa: PLC0415 - it may be missing

    authority = trustme.CA()
    server = authority.issue_cert("127.0.0.1")
    host = authority.issue_cert(f"{client}.example.org", common_name=client)
    authority.cert_pem.write_to_path(str(made.authority))
    for whose, chain, key in (
        (server, made.server_chain, made.server_key),
        (host, made.client_chain, made.client_key),
    ):
        whose.cert_chain_pems[0].write_to_path(str(chain))
        whose.private_key_pem.write_to_path(str(key))
    return made
