"""The shipped units under a real systemd as a system's manager, on a copy of this machine's files.

Namespaces, devices and groups of processes of its own, and an overlay over ``/`` that is forgotten
at the end: nothing of this machine changes. Its groups have no controllers there, and it may not
raise limits: those of memory and files are not tried.
"""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.kit.own_groups import own_groups

ROOT = Path(__file__).parents[2]
SYSTEMD = Path("/usr/lib/systemd/system")
LIMIT_S = 400.0

pytestmark = [
    pytest.mark.real,
    pytest.mark.long,
    pytest.mark.timeout(LIMIT_S + 60),
    pytest.mark.skipif(
        sys.platform != "linux" or os.geteuid() != 0 or shutil.which("unshare") is None,
        reason="only root may unshare, on Linux",
    ),
    pytest.mark.skipif(
        not (SYSTEMD.parent / "systemd").exists() or not (SYSTEMD / "mosquitto.service").exists(),
        reason="systemd and Debian's mosquitto are not installed",
    ),
]

UNSHARE = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--uts", "--ipc", "--net")

# $0: a folder for the overlay; then the checkout, its packages, where to write, and which Python.
BOOT = """
umask 022
mount -t tmpfs -o mode=755 tmpfs "$0"
mkdir -m 755 "$0/upper" "$0/work" "$0/all"
mount -t overlay overlay -o "lowerdir=/,upperdir=$0/upper,workdir=$0/work" "$0/all"
cd "$0/all"
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys  # systemd sets the machine's own limit of files
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
# Of the machine's own devices systemd would keep a link for its journal.
mount -t tmpfs -o mode=755 tmpfs dev
for name in null zero full random urandom tty console; do
    [ -c "/dev/$name" ] || continue
    : >"dev/$name"
    mount --bind "/dev/$name" "dev/$name"
done
mkdir -m 755 dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
mount -t tmpfs -o mode=1777 tmpfs dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mkdir -p opt/venuewatch scene etc/venuewatch etc/sysusers.d
mkdir -p "opt/venuewatch/bin" "opt/venuewatch/lib/$4/site-packages"
printf "%s\\n" "home = /usr/bin" >opt/venuewatch/pyvenv.cfg
ln -s /usr/bin/python3 opt/venuewatch/bin/python
printf '%s\\n' '#!/opt/venuewatch/bin/python -I' 'import sys' 'from venuewatch.cli import main' \\
    'sys.exit(main())' >opt/venuewatch/bin/venuewatch
chmod 755 opt/venuewatch/bin/venuewatch
mount --bind "$2" "opt/venuewatch/lib/$4/site-packages"
mount --bind "$3" scene

# Nothing of the machine's own is started.
: >etc/fstab
for folder in etc usr/lib; do rm -rf "$folder"/systemd/system/*.target.wants; done
rm -f usr/lib/systemd/system-generators/* etc/mosquitto/conf.d/*
rm -rf var/lib/mosquitto var/log/mosquitto

# As the READMEs say it.
cd "$1"
here=$0/all
install -m 644 deploy/systemd/venuewatch.sysusers "$here/etc/sysusers.d/venuewatch.conf"
install -m 644 deploy/systemd/venuewatch-*.service deploy/systemd/venuewatch-*.timer \\
    "$here/etc/systemd/system/"
install -D -m 755 deploy/systemd/mosquitto-database.sh \\
    "$here/usr/local/libexec/venuewatch/mosquitto-database.sh"
install -D -m 644 deploy/systemd/mosquitto.service.d/venuewatch.conf \\
    "$here/etc/systemd/system/mosquitto.service.d/venuewatch.conf"
install -D -m 644 deploy/nftables/venuewatch.nft "$here/etc/nftables.d/venuewatch.nft"
install -m 644 mosquitto/venuewatch.conf "$here/etc/mosquitto/conf.d/00-venuewatch.conf"
cd "$here"
printf '%s\\n' 'venue = "STA"' 'host = "STA-1"' '[broker]' 'address = "127.0.0.1"' 'port = 1883' \\
    >etc/venuewatch/agent.toml
printf '%s\\n' 'inventory = "inventory.toml"' '[broker]' 'address = "127.0.0.1"' 'port = 1883' \\
    >etc/venuewatch/aggregator.toml
printf '%s\\n' '[[venue]]' 'code = "STA"' '[[venue.host]]' 'name = "STA-1"' \\
    >etc/venuewatch/inventory.toml
# The watchdog of 30 s is tried with 6.
mkdir etc/systemd/system/venuewatch-agent.service.d
printf '%s\\n' '[Service]' 'WatchdogSec=6' >etc/systemd/system/venuewatch-agent.service.d/try.conf

# No journal runs there.
mkdir etc/systemd/system/venuewatch-crl.service.d
printf '%s\\n' '[Service]' 'StandardError=append:/run/renewal.log' \\
    >etc/systemd/system/venuewatch-crl.service.d/try.conf

printf '%s\\n' '[Unit]' 'Wants=scene.service' >etc/systemd/system/scene.target
printf '%s\\n' '[Service]' 'Type=oneshot' "WorkingDirectory=$1" "Environment=PYTHONPATH=$1" \\
    'ExecStart=/opt/venuewatch/bin/python tests/deploy/system_scene.py /scene/said' \\
    'ExecStopPost=systemctl poweroff --force --force' >etc/systemd/system/scene.service
mount --make-rshared .  # as on a machine: by this credentials arrive
exec chroot . env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin \\
    /usr/lib/systemd/systemd --unit=scene.target --log-target=console --show-status=no
"""


def is_for_units(path: Path) -> bool:
    """Tell whether users of units that see no homes may read a folder."""
    shut = [each for each in (path, *path.parents) if each.stat().st_mode & 0o005 != 0o005]
    return not shut and path.parts[1] not in {"home", "root", "run"}


def names_of_devices() -> set[str]:
    return {each.name for each in Path("/dev").iterdir()}


def test_units_start_reload_and_come_back_under_a_real_systemd(tmp_path: Path) -> None:
    packages, version = sysconfig.get_path("purelib"), f"python3.{sys.version_info.minor}"
    if not Path("/usr/bin", version).exists() or not is_for_units(ROOT):
        pytest.skip("the units need this Python in /usr/bin, and a checkout outside of /home")
    overlay, said = tmp_path / "overlay", tmp_path / "said"
    overlay.mkdir()
    said.mkdir()

    boot: list[str | Path] = ["sh", "-euc", BOOT, overlay, ROOT, packages, said, version]
    devices = names_of_devices()

    with own_groups() as inside:
        done = subprocess.run(
            [*inside, *UNSHARE, "--cgroup", *boot],
            capture_output=True,
            text=True,
            check=False,
            timeout=LIMIT_S,
        )

    assert names_of_devices() == devices

    found = said / "said"
    if not found.exists():
        pytest.skip(f"no systemd comes up here: {done.stderr.strip()[-400:]}")
    text = found.read_text()
    assert text.startswith("{"), text + done.stdout + done.stderr
    seen = json.loads(text)
    has_filter = {"is_loaded": True, "is_refused": True, "stays": True, "is_gone": True}
    assert seen.pop("filter") in (None, has_filter)
    assert seen == {
        "mosquitto": {"is_root": False, "has_saved": True, "set_aside": 1},
        "aggregator": {"is_root": False, "is_active": True, "is_the_same": True},
        "agent": {"is_root": False},
        "renewal": {"has_new_lists": True, "is_timed": True, "has_broker": True},
    }, done.stderr
