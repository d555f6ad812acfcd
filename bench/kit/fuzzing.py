"""Fuzzes one reader in this process, by what of its code each input reaches.

``python -m bench.kit.fuzzing READER OPTION...``: the options are libFuzzer's. The product is
instrumented as it is imported. The process ends with the first broken promise.
"""

import contextlib
import gc
import logging
import sys

import atheris

from bench import readers


def main(arguments: list[str]) -> None:
    """Fuzz until an option says that it is enough; never returns."""
    name, *options = arguments
    with atheris.instrument_imports(include=["agent", "aggregator", "venuewatch", "bench.readers"]):
        reader = readers.named(name)
    errors = reader.ERRORS
    logging.disable(logging.CRITICAL)

    def read(data: bytes) -> None:
        with contextlib.suppress(*errors):
            reader.read(data)

    gc.freeze()
    atheris.Setup([sys.argv[0], *options], read)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
