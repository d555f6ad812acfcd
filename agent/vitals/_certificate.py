"""The certificate by which a host is known to the broker: until when it is valid.

It is read anew each time: a file that was renewed is the one of the agent's next connection.
"""

from venuewatch.base.validity import own_end


def read(path: str, key_path: str | None) -> dict[str, object]:
    """Return when the certificate expires; 0 where it can not be used with its key."""
    return {"venuewatch_agent_certificate_expiry_timestamp_seconds": own_end(path, key_path)}
