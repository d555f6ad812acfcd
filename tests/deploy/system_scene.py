"""Runs under a real systemd, in namespaces of its own: the shipped units, and what becomes of them.

Started as ``python system_scene.py FILE`` by a unit. It writes what it has seen as JSON to FILE, or
what did not happen.
"""

import json
import shutil
import subprocess
import sys
import traceback
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from venuewatch.rehearsal.live.programs import until

PATIENCE_S = 90.0
DATABASE = Path("/var/lib/mosquitto/mosquitto.db")
BROKER_LOG = Path("/var/log/mosquitto/mosquitto.log")
OWN = Path("/etc/venuewatch")
VENUEWATCH = "/opt/venuewatch/bin/venuewatch"
PASSPHRASE = "of a scene alone"  # noqa: S105 - of an authority that is forgotten at its end
METRICS = "http://127.0.0.1:8039/metrics"
UP = 'venuewatch_host_state{venue="STA",host="STA-1",state="up"} 1'
LOOK = "systemctl status --lines=0 mosquitto venuewatch-*; cat /var/log/mosquitto/*.log /run/*.log"


def systemctl(*words: str) -> None:
    done = subprocess.run(
        ["systemctl", *words], check=False, capture_output=True, text=True, timeout=PATIENCE_S
    )
    assert done.returncode == 0, done.stderr


def shown(unit: str, name: str) -> str:
    """Return a property of a unit."""
    words = ["systemctl", "show", "--value", "--property", name, unit]
    done = subprocess.run(words, check=True, capture_output=True, text=True, timeout=PATIENCE_S)
    return done.stdout.strip()


def is_active(unit: str) -> bool:
    return shown(unit, "ActiveState") == "active"


def user_of(unit: str) -> int:
    return Path(f"/proc/{shown(unit, 'MainPID')}").stat().st_uid


def reads() -> int:
    """Return how often the broker has read its files again."""
    return BROKER_LOG.read_text().count("Reloading config")


def wait(what: str, is_so: Callable[[], bool]) -> None:
    until(what, is_so, within_s=PATIENCE_S, every_s=0.2)


def is_up() -> bool:
    try:
        with urllib.request.urlopen(METRICS, timeout=5.0) as answer:
            return UP in answer.read().decode()
    except OSError:
        return False


def play_mosquitto() -> dict[str, Any]:
    """Start it, have it read its files again, and give it a damaged database."""
    systemctl("start", "mosquitto")
    seen: dict[str, Any] = {"is_root": user_of("mosquitto") == 0}
    systemctl("kill", "--signal=TERM", "mosquitto")
    wait("it is started again", lambda: shown("mosquitto", "NRestarts") == "1")
    wait("it runs", lambda: is_active("mosquitto"))
    systemctl("reload", "mosquitto")
    wait("it reads its files again", lambda: reads() > 0)
    systemctl("stop", "mosquitto")
    seen["has_saved"] = DATABASE.stat().st_size > 0
    DATABASE.write_bytes(b"garbage " * 5)
    subprocess.run(["systemctl", "start", "mosquitto"], check=False, timeout=PATIENCE_S)
    wait("it runs again", lambda: is_active("mosquitto"))
    seen["set_aside"] = len(list(DATABASE.parent.glob("mosquitto.db.broken-*")))
    return seen


def play_aggregator() -> dict[str, Any]:
    """Start it, and have it read its files again."""
    unit = "venuewatch-aggregator"
    systemctl("start", unit)
    before = shown(unit, "MainPID")
    systemctl("reload", unit)
    return {
        "is_root": user_of(unit) == 0,
        "is_active": is_active(unit),
        "is_the_same": shown(unit, "MainPID") == before,
    }


def play_agent() -> dict[str, Any]:
    """Start it, until its host is up; then stop it in its tracks, so that the watchdog ends it."""
    unit = "venuewatch-agent"
    systemctl("start", unit)
    wait("the host is up", is_up)
    seen = {"is_root": user_of(unit) == 0}
    systemctl("kill", "--signal=STOP", unit)
    wait("the watchdog has it started again", lambda: shown(unit, "NRestarts") == "1")
    wait("it runs again", lambda: is_active(unit))
    wait("the host is up again", is_up)
    return seen


def play_renewal() -> dict[str, Any]:
    """Make an authority, give the broker its files, and have the timer's unit renew the lists."""
    files = {"venue.toml": "", "hosts.csv": "host\nAQU-1\n", "passphrase": PASSPHRASE}
    for name, text in files.items():
        (OWN / name).write_text(text)
    secret, lists = OWN / "passphrase", Path("/etc/mosquitto/venuewatch/crl.pem")
    secret.chmod(0o400)
    words = f"--venue {OWN}/venue.toml --hosts {OWN}/hosts.csv --broker 127.0.0.1".split()
    add = [VENUEWATCH, "venue", "add", "AQU", *words, f"--passphrase-file={secret}"]
    subprocess.run(add, check=True, timeout=PATIENCE_S)
    encrypt = ["systemd-creds", "encrypt", "--name=venuewatch-passphrase"]
    places = [str(secret), f"{OWN}/passphrase.cred"]
    subprocess.run([*encrypt, *places], check=True, timeout=PATIENCE_S)
    secret.unlink()
    shutil.copy("mosquitto/venues.conf", "/etc/mosquitto/conf.d/10-venuewatch-venues.conf")
    systemctl("restart", "mosquitto")
    before, read = lists.read_bytes(), reads()
    systemctl("start", "venuewatch-crl.timer")
    systemctl("start", "venuewatch-crl.service")
    wait("the broker reads the lists", lambda: reads() > read)
    return {
        "has_new_lists": lists.read_bytes() != before,
        "is_timed": is_active("venuewatch-crl.timer"),
        "has_broker": is_active("mosquitto"),
    }


def is_loaded() -> bool:
    words = ["nft", "list", "table", "inet", "venuewatch"]
    return subprocess.run(words, check=False, capture_output=True).returncode == 0


def play_filter() -> dict[str, bool] | None:
    """Load the packet filter, and have a wrong file refused; None where there can be none."""
    unit = "venuewatch-filter"
    if subprocess.run(["nft", "list", "tables"], check=False, capture_output=True).returncode:
        return None
    shutil.copy("deploy/nftables/venues.nft", OWN)
    systemctl("start", unit)
    seen = {"is_loaded": is_loaded()}
    (OWN / "venues.nft").write_text("wrong")
    done = subprocess.run(["systemctl", "reload", unit], check=False, capture_output=True)
    seen["is_refused"] = done.returncode != 0
    seen["stays"] = is_loaded() and is_active(unit)
    systemctl("stop", unit)
    return {**seen, "is_gone": not is_loaded()}


def main() -> None:
    subprocess.run(["systemd-sysusers"], check=True)
    said = {
        "mosquitto": play_mosquitto(),
        "aggregator": play_aggregator(),
        "agent": play_agent(),
        "renewal": play_renewal(),
        "filter": play_filter(),
    }
    Path(sys.argv[1]).write_text(json.dumps(said), encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except BaseException:
        words = ["sh", "-c", LOOK]
        logged = subprocess.run(words, check=False, capture_output=True, text=True).stdout
        text = f"{traceback.format_exc()}\n{logged}"
        Path(sys.argv[1]).write_text(text, encoding="utf-8")
        raise
