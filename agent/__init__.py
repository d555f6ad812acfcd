"""The agent of one venue host: synchronous, small, and never in the host's way."""

import importlib
import os
import sys
import types
import urllib


def modules_in(folder: str) -> tuple[str, ...]:
    """Return the names of a folder's modules, in order, but for those that begin with ``_``.

    pkgutil would do the same, and cost 0.7 MB of memory.
    """
    files = os.listdir(folder)  # noqa: PTH208 - pathlib is not needed for names
    names = (name.removesuffix(".py") for name in files if name.endswith(".py"))
    return tuple(sorted(name for name in names if not name.startswith("_")))


class _OnDemand(types.ModuleType):
    """Stands for a module until something of it is asked for."""

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


# paho uses it for SOCKS proxies only; with all that it imports it costs 2.7 MB of memory.
if "urllib.request" not in sys.modules:
    urllib.request = sys.modules["urllib.request"] = _OnDemand("urllib.request")  # type: ignore[attr-defined]
