"""Runs inside namespaces of its own: a real systemd, a few units, and what the check says of them.

``python systemd_scene.py FOLDER SYSTEMD`` prints one JSON object: a reading by unit. It exits with
``NOT_UP``, and a word on standard error, where systemd does not come up.
"""

import contextlib
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

from agent.checks.service import Check, Config
from venuewatch.base import clock

PATIENCE_S = 30.0
LOOK_EVERY_S = 0.2
NOT_UP = 77
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


def start(systemd: str, ready: socket.socket) -> None:
    """Start systemd as a user's and wait until it is ready; exit with ``NOT_UP`` if it is not."""
    process = subprocess.Popen([systemd, "--user", "--log-target=null"])
    end = clock.monotonic() + PATIENCE_S
    while clock.monotonic() < end and process.poll() is None:
        with contextlib.suppress(TimeoutError):
            if b"READY=1" in ready.recv(4096):
                return
    code = process.poll()
    why = f"is not ready after {PATIENCE_S:g} s" if code is None else f"ended with code {code}"
    print(f"systemd --user {why}", file=sys.stderr)
    sys.exit(NOT_UP)


def main(folder: Path, systemd: str) -> None:
    if subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=False).returncode != 0:
        sys.exit(NOT_UP)  # mount has said why
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
        "NOTIFY_SOCKET": str(runtime / "ready"),
    }
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready:
        ready.bind(os.environ["NOTIFY_SOCKET"])
        ready.settimeout(LOOK_EVERY_S)
        start(systemd, ready)
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
    main(Path(sys.argv[1]), sys.argv[2])
