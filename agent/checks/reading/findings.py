"""How network checks say what they found: one short line, whatever a peer has sent."""

import ssl
from typing import NamedTuple

from agent.checks import Reading
from agent.checks.reading.words import short
from venuewatch.base.config import ConfigError, in_words
from venuewatch.base.wire.checks import CheckState, CheckValues

_SEVERITY: tuple[CheckState, ...] = ("ok", "unknown", "warning", "critical")


class CheckFailedError(Exception):
    """The thing that is checked isn't as it should be; the text is the line for people."""


FAILURES = (OSError, CheckFailedError, ConfigError)
"""What a reading may end with; anything else is our own bug."""


def why(error: Exception) -> str:
    """Return why a reading failed, as one line."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not trusted: {error.verify_message}"
    if isinstance(error, FileNotFoundError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return short(in_words(error), 200)


class Finding(NamedTuple):
    """One thing that was looked at: its state, and a few words for the detail."""

    state: CheckState
    text: str = ""


def together(findings: list[Finding], values: CheckValues) -> Reading:
    """Return the worst of the findings as the reading, with the words of those as bad as it."""
    worst = max((finding.state for finding in findings), key=_SEVERITY.index)
    texts = [finding.text for finding in findings if finding.state == worst and finding.text]
    return Reading(worst, "; ".join(texts), values)
