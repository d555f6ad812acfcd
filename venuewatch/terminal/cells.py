"""Text in cells of a terminal: how wide it is, cut, padded, folded, and side by side.

A wide character takes two cells, a combining one none. Text of others is shown by ``one_line``
first, so that it can not write to the terminal.
"""

import unicodedata
from collections.abc import Iterable, Sequence

MORE = "…"


def width_of(text: str) -> int:
    """Return how many cells a text takes."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def cut(text: str, width: int) -> str:
    """Return a text in at most ``width`` cells; an ellipsis tells that it is cut."""
    if width_of(text) <= width:
        return text
    kept, room = "", width - 1
    for sign in text:
        room -= _cells(sign)
        if room < 0:
            break
        kept += sign
    return kept + MORE if width > 0 else ""


def padded(text: str, width: int) -> str:
    """Return a text in exactly ``width`` cells, cut or with blanks behind it."""
    shown = cut(text, width)
    return shown + " " * (width - width_of(shown))


def folded(text: str, width: int, *, indent: str = "") -> list[str]:
    """Return a text as lines of at most ``width`` cells; ``indent`` begins all but the first.

    A text that fits stays as it is. Any other is folded between words; a word that is too long is
    broken.
    """
    if width_of(text) <= width:
        return [text]
    lines, line = [], ""
    for word in text.split():
        longer = f"{line} {word}" if line.strip() else line + word
        if width_of(longer) <= width:
            line = longer
            continue
        if line.strip():
            lines.append(line)
            line = indent
        line += word
        while width_of(line) > width:
            begun = len(indent) if lines else 0
            head = line[: _signs_in(line, width, at_least=begun + 1)]
            lines.append(head)
            line = indent + line[len(head) :]
    return [*lines, line] if line.strip() or not lines else lines


def side_by_side(texts: Sequence[str], width: int, *, gap: int = 2) -> list[str]:
    """Return texts in as many columns as fit, row by row."""
    widest = min(width, max(map(width_of, texts), default=1))
    columns = max(1, (width + gap) // (widest + gap))
    rows = (texts[at : at + columns] for at in range(0, len(texts), columns))
    return [(" " * gap).join(padded(text, widest) for text in row).rstrip() for row in rows]


def table(rows: Iterable[Sequence[str]], width: int, *, gap: int = 2) -> list[list[str]]:
    """Return the lines of each row: columns as wide as their widest cell, the last one folded.

    The last has a third of the ``width`` at least; what is too wide beside it is cut.
    """
    cells = [list(row) for row in rows]
    count = max(map(len, cells), default=0)
    widths = [max((width_of(row[at]) for row in cells), default=0) for at in range(count - 1)]
    while sum(widths) + gap * len(widths) > width * 2 // 3 and max(widths) > 1:
        widths[widths.index(max(widths))] -= 1
    room = max(1, width - sum(widths) - gap * len(widths))
    shown = []
    for row in cells:
        first, *more = folded(row[-1], room)
        before = (" " * gap).join([*map(padded, row[:-1], widths), ""])
        lines = [before + first, *(" " * width_of(before) + text for text in more)]
        shown.append([line.rstrip() for line in lines])
    return shown


def _signs_in(text: str, width: int, *, at_least: int) -> int:
    """Return how many signs of a text fit, but ``at_least`` so many: else nothing gets on."""
    count = 0
    for sign in text:
        width -= _cells(sign)
        if width < 0:
            break
        count += 1
    return max(count, at_least)


def _cells(sign: str) -> int:
    if unicodedata.combining(sign) or unicodedata.category(sign) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1
