"""What the tests of faults have and benches use: network namespaces, and a delay line.

It is found in the checkout, also where a dependency (gmqtt) has installed a package that is called
``tests`` as well, which would hide ours.
"""

import tests
from bench.kit.processes import ROOT

_OURS = str(ROOT / "tests")

if _OURS not in tests.__path__:
    tests.__path__.insert(0, _OURS)

from tests.faults.delay_line import Count, Settings, Way  # noqa: E402 - now it is found
from tests.faults.machine import Machine  # noqa: E402
from tests.faults.namespace import inside  # noqa: E402
from tests.faults.uplink import DEVICE, Uplink  # noqa: E402

__all__ = ["DEVICE", "Count", "Machine", "Settings", "Uplink", "Way", "inside"]
