"""Keeps on disk what could not be said, until the centre says that it has it.

``records`` is the format and pure; ``disk`` is the files; ``pace`` decides how fast the backlog may
go out beside the live beats, and is pure too.
"""
