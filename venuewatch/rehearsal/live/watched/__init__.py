"""Things that the checks of live hosts look at: each is one file here, for one kind of check.

1. ``fleet.checks_of`` says which checks a host has. Its equipment (`equipment.py`) has a thing for
   each of them whose kind is in ``KINDS``.
2. A thing says what the agent's configuration has of it, and makes and starts what is real of it.
3. A fault spoils a thing. What would outlast its controller is held by the guardian.
4. A witness (`live/looks.py`) looks at the same thing by a way of its own.
"""
