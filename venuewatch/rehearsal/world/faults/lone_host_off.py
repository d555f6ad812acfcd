"""Takes the power of the only machine of a venue."""

from venuewatch.rehearsal.world.faults.machine_off import MachineOff


class LoneHostOff(MachineOff, frozen=True):
    """No neighbour can be asked, and a guess is no verdict."""

    EXPECTED = "silent"
    HOSTS = 1
