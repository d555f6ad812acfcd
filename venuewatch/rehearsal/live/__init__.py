"""The world of a live rehearsal: real agents, a real broker and a real aggregator on the stage.

1. A program (`programs.py`) runs at a place: this machine, or a machine of the stage.
2. The servers (`servers.py`) are Mosquitto, the aggregator and the agents, each with its file.
3. A host (`host.py`) is a machine, its cable and its agent; it can be without power, or have
   a clock of its own (`own_clock.py`).
4. A world (`world.py`) is a centre and the venues of an inventory. It starts all of it, tells
   whether all is well, and undoes what was done to it.
"""
