"""The certificate by which a host is known to the broker: until when it is valid.

It is read anew each time: a file that was renewed is the one of the agent's next connection.
"""

from venuewatch.base.files import SECRET_MAX, read_regular
from venuewatch.base.validity import certificate_end


def read(path: str) -> dict[str, object]:
    """Return when the certificate expires.

    Raises:
        OSError, ValueError: it can't be read.
    """
    end = certificate_end(read_regular(path, SECRET_MAX))
    if end is None:
        raise ValueError(f"{path}: expected a certificate in PEM")
    return {"venuewatch_agent_certificate_expiry_timestamp_seconds": end}
