"""Ends the only agent of a venue at once."""

from venuewatch.rehearsal.world.faults.agent_killed import AgentKilled


class LoneAgentKilled(AgentKilled, frozen=True):
    """Its connection was closed, and no neighbour can be asked why."""

    EXPECTED = "connection_lost"
    HOSTS = 1
