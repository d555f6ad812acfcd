import psutil

from agent.vitals import boot
from venuewatch.base.clock import wall


def test_boot_and_time_are_seconds_since_1970() -> None:
    before = wall()

    families = boot.read()

    assert abs(float(str(families["node_boot_time_seconds"])) - psutil.boot_time()) <= 1
    assert before - 0.001 <= float(str(families["node_time_seconds"])) <= wall() + 0.001
