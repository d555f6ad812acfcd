"""Words for people: hostile text made harmless to read, short times, figures of evidence."""

import unicodedata

from markupsafe import Markup

from venuewatch.base.exercise import marked
from venuewatch.base.times import duration

TEXT_MAX = 300
"""How many characters of a text are shown: a page stays readable with a detail of 64 kB."""

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_JOINERS = frozenset("\u200c\u200d")  # Persian and Indic words, and emoji, need them
_MINUTE_S = 60
_TENTHS_BELOW_S = 0.01
_EXACT_FROM = 1000  # a smaller figure is shown with three digits


def shown(value: object) -> object:
    """Return what a page shows of a value: text without controls, and not too long.

    A control character, a mark that turns the direction of writing, or a surrogate is shown as its
    number. Markup is what we have made ourselves, and stays.
    """
    if isinstance(value, Markup) or not isinstance(value, str):
        return "" if value is None else value
    rest = len(value) - TEXT_MAX
    text = value[:TEXT_MAX]
    if not (text.isascii() and text.isprintable()):
        text = "".join(_visible(character) for character in text)
    return f"{text}… ({rest:,} more characters)" if rest > 0 else text


def _visible(character: str) -> str:
    if character in _JOINERS or unicodedata.category(character) not in _HIDDEN:
        return character
    return " " if character in "\t\n" else f"\\u{{{ord(character):x}}}"


def said(value: object, exercise: str = "") -> object:
    """Return a sentence as a page tells it: marked where there is an exercise."""
    return marked(value, exercise) if isinstance(value, str) and value else value


def short_span(length_s: float | None) -> str:
    """Return a short time with its unit: ``3.1 ms``, ``1.25 s``; words for none."""
    if length_s is None:
        return "not known"
    if abs(length_s) < 1.0:
        return f"{length_s * 1000:.{0 if abs(length_s) >= _TENTHS_BELOW_S else 1}f} ms"
    return f"{length_s:.3g} s" if abs(length_s) < _MINUTE_S else duration(abs(length_s))


def figure(key: str, value: object) -> tuple[str, str]:
    """Return a detail of evidence as words: ``age_s``, 1.0299 becomes ``age``, ``1.03 s``."""
    unit = ""
    for suffix, known in (("_s_ago", " s ago"), ("_s", " s"), ("_ms", " ms"), ("_bytes", " bytes")):
        if key.endswith(suffix):
            key, unit = key.removesuffix(suffix), known
            break
    name = key.replace("_", " ")
    match value:
        case bool():
            return name, "yes" if value else "no"
        case float() | int():
            return name, f"{value:.10g}{unit}" if float(value).is_integer() else _rounded(
                value, unit
            )
        case None:
            return name, "not known"
    return name, f"{shown(value)}{unit}"


def _rounded(value: float, unit: str) -> str:
    return f"{value:.3g}{unit}" if abs(value) < _EXACT_FROM else f"{value:,.1f}{unit}"
