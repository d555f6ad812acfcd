"""Runs inside namespaces of its own: a real systemd, a few units, and what the check says of them.

``python systemd_scene.py FOLDER`` prints one JSON object: a reading by unit.
"""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

from agent.checks.service import Check, Config

PATIENCE_S = 30.0
UNITS = {
    "works.service": "[Service]\nType=exec\nExecStart=/bin/sleep infinity\n",
    "idle.service": "[Service]\nExecStart=/bin/sleep infinity\n",
    "fails.service": "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'exit 3'\n",
    "crashes.service": "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'kill -KILL $$$$'\n",
    "loops.service": (
        "[Service]\nType=oneshot\nExecStart=/bin/false\nRestart=on-failure\nRestartSec=1h\n"
    ),
    "starts.service": "[Service]\nType=notify\nExecStart=/bin/sleep infinity\n",
    "masked.service": "",
    "broken.service": "[Service]\nType=exec\n",
}


def main(folder: Path) -> None:
    """Start systemd as a user's, wait until it is ready, start the units and look."""
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
    Path("/run/systemd/system").mkdir(parents=True)  # how systemd tells that it may run
    runtime, units = Path("/run/user/0"), folder / "systemd" / "user"
    runtime.mkdir(parents=True, mode=0o700)
    units.mkdir(parents=True)
    for name, text in UNITS.items():
        (units / name).write_text(text)
    (units / "masked.service").unlink()
    (units / "masked.service").symlink_to("/dev/null")
    os.environ |= {
        "XDG_RUNTIME_DIR": str(runtime),
        "XDG_CONFIG_HOME": str(folder),
        "NOTIFY_SOCKET": str(folder / "ready"),
    }
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready:
        ready.bind(os.environ["NOTIFY_SOCKET"])
        ready.settimeout(PATIENCE_S)
        subprocess.Popen(["/usr/lib/systemd/systemd", "--user", "--log-target=null"])
        while b"READY=1" not in ready.recv(4096):
            pass
    for name in ("works", "fails", "crashes", "loops"):
        subprocess.run(["systemctl", "--user", "--quiet", "start", name], check=False)
    subprocess.run(["systemctl", "--user", "start", "--no-block", "starts"], check=True)
    said = {}
    for name in (*UNITS, "nowhere.service", "works"):
        reading = Check(Config(name="it", service=name, scope="user"), lambda _: None).read()
        values = reading.values
        said[name] = (
            reading.state,
            reading.detail,
            values.check_service_active,
            values.check_service_restarts_total,
        )
    print(json.dumps(said))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
