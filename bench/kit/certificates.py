"""Certificates for one run, made by trustme: an authority, a broker and a client."""

from pathlib import Path

import trustme

from bench.kit.mosquitto import Certificates


def make(directory: Path, client: str) -> Certificates:
    """Write them as PEM files; the broker is 127.0.0.1, and the client is called ``client``."""
    made = Certificates(
        *(
            directory / f"{name}.pem"
            for name in ("ca", "server", "server-key", "client", "client-key")
        )
    )
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
