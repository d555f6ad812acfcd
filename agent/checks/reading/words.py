"""Words of a reading: errors, text of others, sizes and times, for one line of detail."""

import ssl

from venuewatch.base.config import in_words

MAX_DETAIL = 256


def short(text: object, limit: int = MAX_DETAIL) -> str:
    """Return a text on one line: printable, each run of blanks one, at most ``limit`` characters.

    A byte that is no text, as in a file's name that is not UTF-8, becomes a question mark.
    """
    plain = str(text)[: 4 * limit].encode(errors="replace").decode()
    line = " ".join("".join(each if each.isprintable() else " " for each in plain).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def why(error: Exception) -> str:
    """Return why a reading failed, as one line."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not trusted: {error.verify_message}"
    if isinstance(error, FileNotFoundError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return short(in_words(error), 200)


def size_in_words(count: float) -> str:
    """Return a number of bytes for people, in powers of 1000."""
    for unit in ("B", "kB", "MB", "GB"):
        if abs(count) < 1000:  # noqa: PLR2004 - SI
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def span_in_words(seconds: float) -> str:
    """Return a time for people."""
    for unit, length_s in (("days", 86_400.0), ("h", 3_600.0), ("min", 60.0)):
        if seconds >= 2 * length_s:
            return f"{seconds / length_s:.0f} {unit}"
    return f"{seconds:.0f} s"
