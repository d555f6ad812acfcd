"""Remote-write outlet: sends late readings to a Prometheus remote-write receiver.

The life of a late reading:

1. The core takes it from an agent's backlog, or live when it has waited on its way. It says the
   time of its samples.
2. ``instants`` gives them the labels that a scrape would give them.
3. ``backfill`` keeps it, by host, until the receiver has answered: nothing else waits for that, and
   no acknowledgement does. A batch holds readings of one host, the oldest first.
4. ``write_request`` writes a batch as bytes, and ``outlet`` posts it.
5. ``backfill`` decides by the answer: it is written, dropped and counted, cut in two, or tried
   again. No time is ever moved.

All but ``outlet`` decide without I/O.
"""
