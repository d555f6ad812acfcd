"""The stage of the real faults: machines, lines and venues made of network namespaces.

1. A run (`run.py`) names what it makes by a prefix of its own, and removes it at its end.
2. A machine (`machine.py`) is a network namespace in which programs run.
3. An uplink (`uplink.py`) joins two machines by a process (`delay_line.py`) that carries their
   packets, late or not at all.
4. A network (`network.py`) is a centre, and venues of hosts on a LAN, each behind its uplink.
5. A fault (`faults.py`, `blocking.py`) is played by a controller and held by its guardian
   (`guardian.py`; its process is `guarding.py`, and `undoing.py` decides what is due when): it is
   over when the controller ends or hangs, when its length is over, or when another one aborts.
6. What is left of runs that were killed with their guardians is found by name (`leftovers.py`).

It needs root, Linux and iproute2, and touches nothing of the machine's own network. It knows
neither agents nor aggregators: they are programs that a machine runs.
"""
