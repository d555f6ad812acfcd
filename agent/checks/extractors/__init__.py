"""Extractors: each takes one value out of a body, bytes in and value out; one file each."""


class NoValueError(Exception):
    """The body has no such value; the text is the line for people, after "the body "."""
