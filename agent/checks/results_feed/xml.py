"""Reads XML of others within bounds, tag by tag.

XML from a network is hostile. Nothing in it is built up: no DOCTYPE (so no entities, of any kind),
a few encodings, bounded depth and bounded size of any one tag, comment or attribute. Where elements
do not matter, depth and names are looked at only once a document is so large that they could cost
memory: Python is asked about each element, else not.

A broken part costs that part only, where the root's tag can be read. Before that tag, a second
parser helps: it takes the encoding from the bytes, whatever is declared, and begins at the first
tag. Where the first bytes prove UTF-16, another declaration is no fault: many programs write one
text, and encode it later.

Expat counts the lines of each piece but the last: a tenth of what it takes. So the newest piece is
held back, until it is known whether it is the last. Pieces before the root's tag end with a tag,
if they can: what is cut within one is copied, and what is behind the root's is told to Python.
"""

from collections.abc import Callable
from xml.parsers import expat

from agent.checks.results_feed.header import FeedError, OversizedError, TruncatedError

MAX_DEPTH = 128  # more than fits into the piece that has the root tag
MAX_TOKEN_BYTES = 256 * 1024  # one tag, comment or instruction
_MAX_PROLOG_BYTES = 64 * 1024
_DECLARED_BYTES = 10  # of "<?xml" in UTF-16
_MAX_NAMES = 8_192  # of tags and attributes: expat remembers each of them
_PIECE_BYTES = 64 * 1024
_UNWATCHED_BYTES = 96 * 1024  # however deep and full of names, they cost 4 MB at most
_PROLOG_PIECE_BYTES = 256  # a handler that refuses is obeyed only at the end of the piece
_LEAST_CUT_BYTES = 64  # what was cut within a comment is read anew with each piece
_ENCODINGS = (
    *("utf-8", "utf-16", "us-ascii", "ascii", "iso-8859-", "iso8859-", "latin", "windows-125"),
    "cp125",
)
_UTF_16 = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")  # its mark, or its first tag
_OTHER_ENCODING = "Expected another encoding: UTF-8 is best"


_ENDS_EARLY = frozenset(
    expat.errors.codes[text]
    for text in (
        expat.errors.XML_ERROR_NO_ELEMENTS,
        expat.errors.XML_ERROR_UNCLOSED_TOKEN,
        expat.errors.XML_ERROR_PARTIAL_CHAR,
        expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
    )
)
"""What expat says only where nothing follows."""


class _NotXmlError(FeedError):
    """The XML itself is broken, or its encoding: what no bound of ours forbids."""


class Shape:
    """The kept part of a document: at least the attributes of its root, None before its tag."""

    text: Callable[[str], None] | None = None
    """Takes each piece of text between tags, if that is needed."""

    has_elements = False
    """Whether elements behind the root matter."""

    def __init__(self) -> None:
        self.header: dict[str, str] | None = None
        self.depth = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take the begin of an element; raises FeedError where they are too deep."""
        self.pass_start(name, attributes)
        if self.header is None:
            self.header = attributes

    def end(self, name: str) -> None:
        """Take the end of an element."""
        self.pass_end(name)

    def pass_start(self, _name: str, _attributes: object) -> None:
        """Take the begin of an element that does not matter; raises as ``start`` does."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise FeedError(f"Expected at most {MAX_DEPTH} elements inside one another")

    def pass_end(self, _name: str) -> None:
        """Take the end of one."""
        self.depth -= 1


class XmlReader:
    """Reads one document, given in pieces of any size; ``shape`` keeps what is needed of it."""

    def __init__(self, max_bytes: int, shape: Shape) -> None:
        self._max_bytes = max_bytes
        self._size_bytes = 0
        self._shape = shape
        self._parser = self._new_parser()
        self._parser.XmlDeclHandler = _check_declaration
        self._prolog = bytearray()
        self._fault = ""
        self._is_reparsed = False
        self._is_utf_16 = False
        self._held = b""

    def feed(self, piece: bytes) -> None:
        """Read on.

        Raises:
            FeedError: this can not be read, whatever follows.
        """
        at = 0
        while at < len(piece):
            if self._held:
                self._feed(self._held, is_final=False)
            end = at + _PIECE_BYTES
            if self._shape.header is None:
                whole_tag = 1 + piece.find(b">", at + _LEAST_CUT_BYTES, at + _PROLOG_PIECE_BYTES)
                end = whole_tag or at + _PROLOG_PIECE_BYTES
            if not self._is_watched:
                end = min(end, at + _UNWATCHED_BYTES - self._size_bytes)
            self._held = piece[at:end]
            if self._size_bytes + len(self._held) > self._max_bytes:
                raise OversizedError(f"Expected at most {self._max_bytes} bytes")
            at = end

    def end(self) -> str:
        """Return what is wrong behind the root's tag, "" if nothing, now that nothing follows.

        Raises:
            TruncatedError: something should.
            FeedError: this is no XML.
        """
        is_body = self._shape.header is not None
        self._feed(self._held, is_final=is_body)
        if self._is_broken:
            return self._fault
        if self._is_waiting:
            raise FeedError(self._fault)
        if is_body:
            return ""
        try:
            missing = self._parse(b"", is_final=True)
        except FeedError as error:
            missing = str(error)
        if missing:
            raise _truncated(missing)
        if self._fault:
            raise TruncatedError(self._fault)
        return ""

    @property
    def _is_watched(self) -> bool:
        """So much came that its depth and its names could cost memory."""
        return self._size_bytes >= _UNWATCHED_BYTES

    @property
    def _is_broken(self) -> bool:
        return bool(self._fault) and self._shape.header is not None

    @property
    def _is_waiting(self) -> bool:
        """Nothing like a tag was met yet, and what was met is no XML."""
        return bool(self._fault) and not self._is_reparsed

    def _new_parser(self, encoding: str | None = None) -> expat.XMLParserType:
        parser = expat.ParserCreate(encoding)
        defer = getattr(parser, "SetReparseDeferralEnabled", None)  # Python 3.12.3, 3.13
        if defer is not None:  # else what is wrong shows at the end only; tags are bounded here
            defer(0)
        parser.StartDoctypeDeclHandler = _refuse_doctype
        parser.StartElementHandler = self._shape.start
        parser.EndElementHandler = self._shape.end
        parser.CharacterDataHandler = self._shape.text
        return parser

    def _feed(self, piece: bytes, *, is_final: bool) -> None:
        """Parse a piece; raises TruncatedError where ``is_final``, and more should follow."""
        self._watch()
        self._size_bytes += len(piece)
        if self._is_broken:
            return
        if self._shape.header is None:
            self._prolog += piece
        missing = ""
        try:
            if self._is_waiting:
                self._reparse()
            else:
                missing = self._parse(piece, is_final=is_final)
            self._check_bounds()
        except FeedError as error:
            self._note_fault(error)
            return
        if missing:
            raise _truncated(missing)

    def _watch(self) -> None:
        """Have elements told where they matter: to tell them costs twice what parsing does."""
        shape, parser = self._shape, self._parser
        if shape.header is None or shape.has_elements:
            parser.StartElementHandler, parser.EndElementHandler = shape.start, shape.end
        elif self._is_watched:
            if parser.StartElementHandler is None:
                shape.depth = 0  # of those that nobody told, few enough are open
            parser.ordered_attributes = True  # costs less
            parser.StartElementHandler = shape.pass_start
            parser.EndElementHandler = shape.pass_end
        else:
            parser.StartElementHandler = parser.EndElementHandler = None

    def _note_fault(self, error: FeedError) -> None:
        """Note what is wrong, and look for the root tag if it was not met yet.

        Raises:
            FeedError: the document can not be read.
        """
        fault = self._fault_of_utf_16(error) if isinstance(error, _NotXmlError) else error
        if fault is None:
            return
        error = fault
        if self._shape.header is None and (self._fault or not isinstance(error, _NotXmlError)):
            raise FeedError(self._fault or str(error)) from None
        self._fault = self._fault or str(error)
        if self._shape.header is None:
            try:
                self._reparse()
            except FeedError:
                if self._shape.header is None:
                    raise FeedError(self._fault) from None
        if self._shape.header is not None:
            self._parser = self._new_parser()  # what the other one remembers is freed

    def _fault_of_utf_16(self, error: FeedError) -> FeedError | None:
        """Begin again if the first bytes prove UTF-16; return what is wrong then, if anything."""
        is_tried = self._is_utf_16 or self._shape.header is not None or bool(self._fault)
        if is_tried or not self._prolog.startswith(_UTF_16):
            return error
        self._parser, self._is_utf_16 = self._new_parser("utf-16"), True
        try:
            self._parse(bytes(self._prolog), is_final=False)
        except FeedError as fault:
            return fault
        return None

    def _reparse(self) -> None:
        """Begin again at the first tag behind the declaration, as the bytes are encoded."""
        begin = self._prolog.find(b"<")
        if begin < 0 or len(self._prolog) < begin + _DECLARED_BYTES:
            return
        encoding = "utf-16le" if not self._prolog[begin + 1] else "iso-8859-1"
        if begin and not self._prolog[begin - 1]:
            encoding = "utf-16be"
        if self._prolog[begin : begin + _DECLARED_BYTES].replace(b"\0", b"").startswith(b"<?xml"):
            begin = self._prolog.find(b"<", begin + 1)
            if begin < 0:
                return
        begin -= encoding == "utf-16be"
        self._parser, self._is_reparsed = self._new_parser(encoding), True
        self._parse(bytes(self._prolog[begin:]), is_final=False)

    def _check_bounds(self) -> None:
        # Each piece of an unfinished tag makes expat read that tag again from its beginning.
        if self._size_bytes - self._parser.CurrentByteIndex > MAX_TOKEN_BYTES + _PIECE_BYTES:
            raise FeedError(f"Expected no tag or comment over {MAX_TOKEN_BYTES} bytes")
        if len(self._parser.intern) > _MAX_NAMES:
            raise FeedError(f"Expected at most {_MAX_NAMES} names of tags and attributes")
        if self._shape.header is None and self._size_bytes > _MAX_PROLOG_BYTES:
            raise FeedError(f"Expected a root element within {_MAX_PROLOG_BYTES} bytes")

    def _parse(self, piece: bytes, *, is_final: bool) -> str:
        """Parse a piece; return what is missing behind the final one, "" if nothing."""
        try:
            self._parser.Parse(piece, is_final)
        except expat.ExpatError as error:
            what = f"Expected XML: {expat.errors.messages[error.code]}, line {error.lineno}"
            if is_final and error.code in _ENDS_EARLY:
                return what
            raise _NotXmlError(what) from None
        except (LookupError, ValueError):  # Python is asked for an encoding that expat lacks
            raise _NotXmlError(_OTHER_ENCODING) from None
        return ""


def _truncated(missing: str) -> TruncatedError:
    return TruncatedError(f"Expected more: {missing}")


def _check_declaration(_version: str, encoding: str | None, _standalone: int) -> None:
    if encoding is not None and not encoding.lower().replace("_", "-").startswith(_ENCODINGS):
        raise _NotXmlError(_OTHER_ENCODING)


def _refuse_doctype(*_declaration: object) -> None:
    raise FeedError("Expected no DOCTYPE")
