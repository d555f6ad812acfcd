"""Takes an attribute or the text of an element out of XML, by a path of names.

``Clock@Running`` is that attribute of the first element of that name which has it, at any depth;
``Split/Clock@Running`` of one directly within a ``Split``, ``/Results/Clock@Running`` counts from
the root, and ``@createTime`` is the root's own. ``Clock`` is its first text, without that of
elements within. Namespaces do not count. What stands behind the value is not looked at, so a body
that breaks there costs nothing.
"""

import re
from typing import Final

from agent.checks import extractors
from agent.checks.extractors import MAX_VALUE, Body, BrokenBodyError, NoValueError, fit
from agent.checks.reading.times import Deadline
from agent.checks.reading.words import short
from agent.checks.results_feed.header import FeedError
from agent.checks.results_feed.xml import Shape, XmlReader

MAX_BYTES: Final = 4_194_304
_PIECE_BYTES: Final = 65_536
_NAME: Final = r"[^\s/@:*()\[\]{}'\"=<>|&]+"
_STEP: Final = rf"(?:{_NAME}:)?({_NAME})"
_PATH: Final = re.compile(rf"(/?)({_STEP}(?:/{_STEP})*)?(?:@{_STEP})?")


class Extractor(extractors.Extractor):
    """Takes the first value at its path."""

    def __init__(self, path: str) -> None:
        found = _PATH.fullmatch(path)
        if found is None or path in ("", "/"):
            forms = "Element@Attribute, Parent/Element@Attribute, Element or @Attribute"
            raise ValueError(f"Expected `xml` to be {forms}, got {path!r}")
        self._path = path
        self._is_from_root = bool(found[1])
        self._names = [_local(step) for step in found[2].split("/")] if found[2] else []
        self._attribute = found[5] or ""

    def take(self, body: Body, _deadline: Deadline) -> str:
        """Return the attribute, or the text."""
        sought = _Sought(self._names, self._attribute, is_from_root=self._is_from_root)
        reader = XmlReader(MAX_BYTES, sought)
        try:
            for at in range(0, len(body.content), _PIECE_BYTES):
                reader.feed(body.content[at : at + _PIECE_BYTES])
                if sought.value is not None:
                    return fit(sought.value)
            fault = reader.end()
        except FeedError as error:
            fault = str(error)
        if sought.value is not None:
            return fit(sought.value)
        what = f"has no {short(self._path, 80)}"
        if not body.is_whole:
            raise NoValueError(f"{what} in its first {len(body.content)} bytes")
        if fault:
            raise BrokenBodyError(f"{what}: {fault}")
        raise NoValueError(what)


class _Sought(Shape):
    """What is looked for in a document; ``value`` is None until it is found."""

    has_elements = True

    def __init__(self, names: list[str], attribute: str, *, is_from_root: bool) -> None:
        super().__init__()
        self.value: str | None = None
        self._names, self._attribute, self._is_from_root = names, attribute, is_from_root
        self._path: list[str] = []
        self._texts: dict[int, str] = {}
        if not attribute:
            self.text = self._take_text

    def start(self, name: str, attributes: dict[str, str]) -> None:
        super().start(name, attributes)
        self._path.append(_local(name))
        if self.value is not None or not self._is_here():
            return
        if not self._attribute:
            self._texts[len(self._path)] = ""
            return
        for key, value in attributes.items():
            if _local(key) == self._attribute and not key.startswith("xmlns"):
                self.value = value
                return

    def end(self, name: str) -> None:
        super().end(name)
        text = self._texts.pop(len(self._path), "").strip()
        if text and self.value is None:
            self.value = text
        self._path.pop()

    def _take_text(self, piece: str) -> None:
        known = self._texts.get(len(self._path))
        if known is not None and len(known) <= MAX_VALUE:
            self._texts[len(self._path)] = (known + piece).lstrip()[: MAX_VALUE + 1]

    def _is_here(self) -> bool:
        if not self._names:
            return len(self._path) == 1
        here = self._path if self._is_from_root else self._path[-len(self._names) :]
        return here == self._names


def _local(name: str) -> str:
    return name.rpartition(":")[2]
