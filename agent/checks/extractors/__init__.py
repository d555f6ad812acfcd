"""Extractors: each takes one value out of a body, bytes in and text out; one file each.

The name of a file is the name of its setting in :class:`Extract`, and its ``Extractor`` is made
with that setting. Only the files that a configuration names are imported.
"""

import importlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Any, Final, NamedTuple

import msgspec

from agent.checks import about
from agent.checks.reading.encodings import text_in, text_of, without_begun
from agent.checks.reading.times import Deadline

MAX_VALUE: Final = 1024
"""The longest value, in characters."""

_MAX_SETTING: Final = 1024
_MAX_COLUMN: Final = 65_536

Setting = Annotated[str, msgspec.Meta(max_length=_MAX_SETTING)]
Column = Annotated[int, msgspec.Meta(ge=1, le=_MAX_COLUMN)]


class NoValueError(Exception):
    """The body has no such value; the text is the line for people, after "the body "."""


class BrokenBodyError(NoValueError):
    """The body is not of the sort that the value is looked for in: JSON, XML, a text."""


class Body:
    """One frame, message, page or file.

    ``encoding`` is a name of Python's; "" tells it from the bytes. ``name`` is that of a file.
    ``is_whole``: nothing was cut off its end.
    """

    def __init__(
        self, content: bytes, encoding: str = "", name: str = "", *, is_whole: bool = True
    ) -> None:
        self.content = content
        self.name = name
        self.is_whole = is_whole
        self._encoding = encoding

    @cached_property
    def text(self) -> str:
        """The content as text, without a byte order mark.

        Raises:
            NoValueError: it is no text.
        """
        if self._encoding:
            return text_of(self.content, self._encoding)
        text = text_in(self.content if self.is_whole else without_begun(self.content))
        if text is None:
            raise BrokenBodyError("is no text in UTF-8, UTF-16 or cp1252")
        return text


class Found(NamedTuple):
    """What a body has: a value of at most ``MAX_VALUE`` characters without blanks around it.

    Else ``value`` is None, and ``why`` is the line for people, after "the body ". ``is_broken``:
    the body is not of the sort that the value is looked for in.
    """

    value: str | None
    why: str = ""
    is_broken: bool = False


def missing(error: NoValueError) -> Found:
    """Return what is found where an extractor raised this."""
    return Found(None, str(error), isinstance(error, BrokenBodyError))


class Extractor(ABC):
    """Takes one value out of each body."""

    @abstractmethod
    def take(self, body: Body, deadline: Deadline) -> str:
        """Return the value.

        Raises:
            NoValueError: there is none.
            UnmatchedError: that can't be told, as a pattern takes too long.
        """

    def take_all(self, bodies: Sequence[Body], deadline: Deadline) -> list[Found]:
        """Return what each body has; raises UnmatchedError as :meth:`take`."""
        return [self._found(body, deadline) for body in bodies]

    def _found(self, body: Body, deadline: Deadline) -> Found:
        try:
            return Found(self.take(body, deadline))
        except NoValueError as error:
            return missing(error)


class Extract(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Says where a value is in a content: exactly one of these.

    The first that fits is taken. A value has at most 1,024 characters; blanks around it don't
    count. XML and patterns take what comes before a fault; JSON has to be whole, but `NaN` and
    control characters in a text do no harm. The text is UTF-8, UTF-16 or cp1252.

    Raises:
        ValueError: none is given, or several, or one that can't be meant.
    """

    regex: Annotated[
        Setting | None,
        about("Python pattern anywhere in the text; its one group is the value", r"bib=(\d+)"),
    ] = None
    json: Annotated[
        Setting | None, about("JSON pointer (RFC 6901) to a text, number or truth", "/messageId")
    ] = None
    xml: Annotated[
        Setting | None,
        about(
            "`Element@Attribute`, `Parent/Element@Attribute`, `Element` for its text, or"
            " `@Attribute` of the root; without namespaces",
            "Clock@Running",
        ),
    ] = None
    columns: Annotated[
        tuple[Column, Column] | None,
        about("first and last character of the first line, counted from 1, both taken", [2, 8]),
    ] = None
    file_name: Annotated[
        Setting | None,
        about("Python pattern anywhere in the file's name; its one group is the value", r"-(\d+)"),
    ] = None

    def __post_init__(self) -> None:
        given = self._given()
        if len(given) != 1:
            names = [f"`{name}`" for name in self.__struct_fields__]
            got = " and ".join(f"`{name}`" for name in given) or "none"
            raise ValueError(f"Expected exactly one of {', '.join(names)}, got {got}")
        self.extractor()

    def extractor(self) -> Extractor:
        """Return what takes the value; to be made once, not for each body."""
        ((name, setting),) = self._given().items()
        made: Extractor = importlib.import_module(f"{__name__}.{name}").Extractor(setting)
        return made

    def _given(self) -> dict[str, Any]:
        settings = {name: getattr(self, name) for name in self.__struct_fields__}
        return {name: setting for name, setting in settings.items() if setting is not None}


def fit(value: str) -> str:
    """Return a value without the blanks around it.

    Raises:
        NoValueError: it is empty, or too long.
    """
    value = value.strip(" \t\r\n\v\f\0")
    if not value:
        raise NoValueError("has an empty value there")
    if len(value) > MAX_VALUE:
        raise NoValueError(f"has a value of over {MAX_VALUE} characters there")
    return value
