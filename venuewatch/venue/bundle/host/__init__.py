"""Installs, upgrades and removes the agent (or the aggregator) on a bare Debian host.

This package is copied into each bundle as ``venuewatch_host``. It runs with Debian's ``python3``
and the standard library alone, so nothing here may import anything else. Its life on a host:

1. ``main`` reads the command line, and ``opened`` the bundle; each byte is compared with the
   manifest. ``ready`` refuses what can not go well, before anything is changed.
2. ``plans`` makes a list of steps for this host. A step of ``steps`` can be done and undone, and
   tells if it is done.
3. ``carry`` does those that are not done. Each step first notes in ``before`` what it replaces.
4. If a step fails, ``carry`` undoes all of them, and the agent of before runs again.
5. If the work is interrupted, the notes stay. The same command goes on; another one takes the
   interrupted work back first.
6. ``services`` starts the agent, by systemd or by ``supervise``. ``health`` tells if it came up.
"""
