"""Takes the power of two of a venue's three machines."""

from venuewatch.rehearsal.world.faults.machine_off import MachineOff


class TwoOfThreeOff(MachineOff, frozen=True):
    """A fuse: most of a venue is silent, and its uplink works."""

    HOSTS = 3
    VICTIMS = 2
