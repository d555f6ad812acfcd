#!/usr/bin/python3 -I
"""Starts the command that this file is named after: install, upgrade, uninstall or supervise."""

import importlib
import sys
from pathlib import Path

OLDEST = (3, 11)

if __name__ == "__main__":
    if sys.version_info < OLDEST:  # before anything is read that an older one does not understand
        sys.exit("Python 3.11 or later is needed (Debian 12 and 13 have it): apt install python3")
    here = Path(__file__).resolve()
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(here.parent))
    sys.exit(importlib.import_module("venuewatch_host.main").main(here.name, str(here.parent)))
