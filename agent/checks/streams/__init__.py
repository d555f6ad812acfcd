"""Streams: the judgement of any results system, from bytes and time; no I/O but one part.

1. A way in (:mod:`agent.checks.ways`) brings pieces. :mod:`.frames` takes them apart into frames:
   a line, a datagram, a body, a file. Where the network cut the bytes changes nothing.
2. An extractor takes each fact that is configured out of a frame. :mod:`.facts` reads it: a number,
   a clock, a truth, a time.
3. :mod:`.source` keeps what the frames have said of the source, and when it last changed.
4. :mod:`.judge` says the state of that at a moment, with the limits of :mod:`.settings` and the
   times of :mod:`.expected`. :mod:`.refusals` counts who was refused.
5. :mod:`.follow` is the shell: it asks the way in and the extractors, and sends what is due.
"""
