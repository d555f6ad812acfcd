"""Ends two of a venue's three agents at once."""

from venuewatch.rehearsal.world.faults.agent_killed import AgentKilled


class TwoOfThreeKilled(AgentKilled, frozen=True):
    """Most of a venue is silent, and its uplink works."""

    HOSTS = 3
    VICTIMS = 2
