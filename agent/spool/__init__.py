"""Readings on disk, from when they could not be sent until the aggregator has stored them.

``records`` is the format and pure; ``disk`` is the files; ``thread`` owns them; ``pace`` decides
how fast the backlog may go out beside the live beats, and is pure too.
"""
