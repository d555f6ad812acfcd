"""The vitals of one machine: one collector a file, found by folder.

A new module in this folder with ``read() -> dict[str, object]`` is a new collector; its name is
the module's. ``read`` returns families by their names in
``venuewatch.base.wire.readings.Readings``: a number, or rows of labels and a number. What a
machine doesn't have is left out. Modules whose name starts with ``_`` are no collectors. Values
are node_exporter's in meaning and unit.
"""

import importlib

from agent import modules_in
from agent.vitals._gather import Collector, Ended, Round, composed, gather

__all__ = ["Collector", "Ended", "Round", "composed", "found", "gather", "of_certificate"]


def found() -> tuple[Collector, ...]:
    """Return every collector in this folder, ordered by name; importing them is the costly part.

    Raises:
        ImportError, AttributeError: a module that is no collector.
    """
    return tuple(
        Collector(name, importlib.import_module(f"{__name__}.{name}").read)
        for name in modules_in(__path__[0])
    )


def of_certificate(path: str | None, key_path: str | None) -> tuple[Collector, ...]:
    """Return the collector of the host's own certificate; none where it has none."""
    if path is None:
        return ()
    from agent.vitals import _certificate  # noqa: PLC0415 - few parts of an agent need it

    return (Collector("certificate", _certificate.OwnCertificate(path, key_path).read),)
