"""Brightness of a screenshot: decodes the PNG that a browser makes, with nothing but zlib."""

import struct
import zlib

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def brightness(png: bytes) -> float:
    """Return the mean luma of a PNG of 8-bit RGB or RGBA, not interlaced: 0 black, 1 white."""
    assert png.startswith(_SIGNATURE)
    at, packed = len(_SIGNATURE), b""
    width = height = channels = 0
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        kind, body = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", body)
            assert (depth, interlaced) == (8, 0)
            channels = {2: 3, 6: 4}[colour]
        elif kind == b"IDAT":
            packed += body
        at += length + 12
    raw = zlib.decompress(packed)
    stride = width * channels
    before = bytearray(stride)
    total = 0.0
    for row in range(height):
        start = row * (stride + 1)
        line = bytearray(raw[start + 1 : start + 1 + stride])
        _unfilter(raw[start], line, before, channels)
        total += (
            0.2126 * sum(line[0::channels])
            + 0.7152 * sum(line[1::channels])
            + 0.0722 * sum(line[2::channels])
        )
        before = line
    return total / (255.0 * width * height)


def _unfilter(kind: int, line: bytearray, before: bytearray, channels: int) -> None:
    """Undo a filter of a line (PNG 3, 9.2)."""
    for place in range(len(line)):
        left = line[place - channels] if place >= channels else 0
        above = before[place]
        corner = before[place - channels] if place >= channels else 0
        added = (0, left, above, (left + above) // 2, _paeth(left, above, corner))[kind]
        line[place] = (line[place] + added) & 0xFF


def _paeth(left: int, above: int, corner: int) -> int:
    guess = left + above - corner
    off_left, off_above, off_corner = (abs(guess - one) for one in (left, above, corner))
    if off_left <= off_above and off_left <= off_corner:
        return left
    return above if off_above <= off_corner else corner
