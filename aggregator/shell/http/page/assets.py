"""Assets: styles, scripts, pictures under names with a hash, so that they are cached for ever.

Everything is read and compressed once, at the start. A changed file has another name, so no page
ever meets a style or a script of another version.
"""

import gzip
import hashlib
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Final, NamedTuple

from aiohttp import hdrs, web

from aggregator.shell.http.scrape import takes_gzip

FOLDER: Final = Path(__file__).with_name("static")
PATH: Final = "/static/"
FOR_EVER: Final = "public, max-age=31536000, immutable"
_TYPES: Final[Mapping[str, str]] = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
_HASH_LENGTH = 12


class Asset(NamedTuple):
    """One file: its hashed name, its type, and its bytes as they are and compressed."""

    name: str
    content_type: str
    plain: bytes
    gzipped: bytes


class Assets:
    """All files of a folder of a known type."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._by_file: dict[str, Asset] = {}
        for path in sorted(folder.iterdir()):
            if path.suffix in _TYPES:
                self._by_file[path.name] = _read(path)
        self._by_name = {asset.name: asset for asset in self._by_file.values()}

    def path(self, file: str) -> str:
        """Return the path of a file, below the root.

        Raises:
            KeyError: there is none.
        """
        return PATH + self._by_file[file].name

    def has(self, file: str) -> bool:
        """Tell whether there is such a file."""
        return file in self._by_file

    @property
    def scripts(self) -> tuple[str, ...]:
        """The names of the script files, in order."""
        return tuple(name for name in self._by_file if name.endswith(".js"))

    @property
    def version(self) -> str:
        """Another one when any file is another."""
        names = "\n".join(sorted(self._by_name))
        return hashlib.sha256(names.encode()).hexdigest()[:_HASH_LENGTH]

    @property
    def size(self) -> int:
        """How many bytes styles and scripts have together, not compressed."""
        return sum(
            len(asset.plain)
            for name, asset in self._by_file.items()
            if name.endswith((".css", ".js"))
        )

    async def serve(self, request: web.Request) -> web.Response:
        """Answer a request for one of them."""
        asset = self._by_name.get(request.match_info["name"])
        if asset is None:
            return web.Response(status=HTTPStatus.NOT_FOUND, text="no such file\n")
        headers = {
            hdrs.CONTENT_TYPE: asset.content_type,
            hdrs.CACHE_CONTROL: FOR_EVER,
            hdrs.VARY: hdrs.ACCEPT_ENCODING,
        }
        if takes_gzip(request.headers.get(hdrs.ACCEPT_ENCODING, "")):
            headers[hdrs.CONTENT_ENCODING] = "gzip"
            return web.Response(body=asset.gzipped, headers=headers)
        return web.Response(body=asset.plain, headers=headers)


def _read(path: Path) -> Asset:
    plain = path.read_bytes()
    digest = hashlib.sha256(plain).hexdigest()[:_HASH_LENGTH]
    name = f"{path.stem}.{digest}{path.suffix}"
    return Asset(name, _TYPES[path.suffix], plain, gzip.compress(plain, 9, mtime=0))
