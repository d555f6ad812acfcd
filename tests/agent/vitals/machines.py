"""Machines as trees of /proc and /sys: an old one as written here, and a copy of this one."""

import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

from agent.vitals import _files

FILES = [
    "diskstats",
    "filesystems",
    "loadavg",
    "mdstat",
    "meminfo",
    "mounts",
    "net/dev",
    "net/netstat",
    "net/snmp",
    "net/snmp6",
    "net/sockstat",
    "net/sockstat6",
    "pressure/cpu",
    "pressure/io",
    "pressure/irq",
    "pressure/memory",
    "stat",
    "sys/fs/file-nr",
    "sys/net/netfilter/nf_conntrack_count",
    "sys/net/netfilter/nf_conntrack_max",
    "vmstat",
    "1/mountinfo",
    "1/mounts",
    "self/mountinfo",
    "self/mounts",
]
ATTRIBUTES = [
    "addr_assign_type",
    "carrier",
    "carrier_changes",
    "dev_id",
    "dormant",
    "flags",
    "ifindex",
    "iflink",
    "link_mode",
    "mtu",
    "name_assign_type",
    "netdev_group",
    "operstate",
    "speed",
    "tx_queue_len",
    "type",
]

STAT = """\
cpu  700 4 500 90000 30 0 20 10 7 0
cpu0 300 4 200 50000 10 0 15 5 7 0
cpu2 400 0 300 40000 20 0 5 5 0 0
intr 1234567 0 9 0
ctxt 7654321
btime 1795331152
processes 98765
procs_running 3
procs_blocked 2
softirq 99 1 2 3 4 5 6 7 8 9 10
"""
MEMINFO = """\
MemTotal:        8167848 kB
MemFree:         1409696 kB
MemAvailable:    4712616 kB
Buffers:          324772 kB
Cached:          2919748 kB
Active(anon):    1630512 kB
Inactive(file):  1289712 kB
SwapTotal:       4194300 kB
SwapFree:        4100000 kB
SReclaimable:     226748 kB
HugePages_Total:       7
HugePages_Free:        5
Hugepagesize:       2048 kB
DirectMap2M:     6144000 kB
"""
DISKSTATS = """\
   8       0 sda 25354637 34367663 1003346126 18492372 28444756 11134226 505697032 63877960 9 9653880 82621804
   8       1 sda1 250 0 2000 36 0 0 0 0 0 36 36
 259       0 nvme0n1 47114 4 4643973 21650 1078320 43950 39451633 1011053 0 222766 1032546 12 34 5678 910
"""  # noqa: E501
NET_DEV = """\
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:  435303     1832    0    0    0     0          0         0   435303     1832    0    0    0     0       0          0
enp3s0:68210035552 520993275    1    2    3     4          5         6 9315587528 43451486    7    8    9    10      11         12
"""  # noqa: E501
NETSTAT = """\
TcpExt: SyncookiesSent SyncookiesRecv ListenOverflows ListenDrops TCPTimeouts TCPSynRetrans
TcpExt: 1 2 3 4 115 16
IpExt: InNoRoutes InOctets OutOctets
IpExt: 0 6286396970 2786264347
"""
SNMP = """\
Ip: Forwarding DefaultTTL InReceives
Ip: 1 64 57740232
Icmp: InMsgs InErrors OutMsgs
Icmp: 104 2 120
Tcp: RtoAlgorithm MaxConn ActiveOpens PassiveOpens CurrEstab InSegs OutSegs RetransSegs InErrs OutRsts
Tcp: 1 -1 3556 230 13 57252008 54915039 227 5 3003
Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors
Udp: 88542 120 7 53028 9 8
UdpLite: InDatagrams InErrors
UdpLite: 0 1
"""  # noqa: E501
SNMP6 = """\
Ip6InOctets                     \t460
Ip6OutOctets                    \t536
Icmp6InMsgs                     \t3
Icmp6InErrors                   \t1
Icmp6OutMsgs                    \t8
Udp6InDatagrams                 \t44
Udp6OutDatagrams                \t55
UdpLite6InErrors                \t2
"""
SOCKSTAT = """\
sockets: used 229
TCP: inuse 4 orphan 1 tw 4 alloc 17 mem 2
UDP: inuse 3 mem 5
FRAG: inuse 0 memory 7
"""
VMSTAT = "nr_free_pages 977769\npgpgin 7344136\npgpgout 1541180266\npswpin 1476\npswpout 35045\n"
VMSTAT += "pgfault 2320168809\npgmajfault 507162\n"
MOUNTS = """\
/dev/sda1 / ext4 rw,relatime 0 0
/dev/sda1 /srv/bind ext4 rw,relatime 0 0
tmpfs /tmp tmpfs rw 0 0
"""
MOUNTINFO = """\
21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro
22 21 8:1 /home /srv/bind rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro
23 21 0:20 / /tmp rw - tmpfs tmpfs rw
"""

MDSTAT = """\
Personalities : [linear] [multipath] [raid0] [raid1] [raid6] [raid5] [raid4] [raid10]
md3 : active raid6 sda1[8] sdh1[7] sdg1[6] sdf1[5] sde1[11] sdd1[3] sdc1[10] sdb1[9] sdd1[10](S) sdd2[11](S)
      5853468288 blocks super 1.2 level 6, 64k chunk, algorithm 2 [8/8] [UUUUUUUU]

md127 : active raid1 sdi2[0] sdj2[1]
      312319552 blocks [2/2] [UU]

md0 : active (auto-read-only) raid1 sdi1[0] sdj1[1]
      248896 blocks [2/2] [UU]
      resync=PENDING

md4 : inactive raid1 sda3[0](F) sdb3[1](S)
      4883648 blocks [2/2] [UU]

md6 : active raid1 sdb2[2](F) sdc[1](S) sda2[0]
      195310144 blocks [2/1] [U_]
      [=>...................]  recovery =  8.5% (16775552/195310144) finish=17.0min speed=259783K/sec

md8 : active raid1 sdb1[1] sda1[0] sdc[2](S) sde[3](S)
      195310144 blocks [2/2] [UU]
      [=>...................]  resync =  8.5% (16775552/195310144) finish=17.0min speed=259783K/sec

md219 : inactive sdb[2](S) sdc[1](S) sda[0](S)
        7932 blocks super external:imsm

md00 : active raid0 xvdb[0]
      4186624 blocks super 1.2 256k chunks

md120 : active linear sda1[1] sdb1[0]
      2095104 blocks super 1.2 0k rounding

md101 : active (read-only) raid0 sdb[2] sdd[1] sdc[0]
      322560 blocks super 1.2 512k chunks

md201 : active raid1 sda3[0] sdb3[1]
      1993728 blocks super 1.2 [2/2] [UU]
      [=>...................]  check =  5.7% (114176/1993728) finish=0.2min speed=114176K/sec

md42 : active raid5 sda4[0] sdb4[1] sdc4[2]
      1993728 blocks super 1.2 level 5, 512k chunk, algorithm 2 [3/3] [UUU]
      [======>..............]  reshape = 31.9% (318976/996864) finish=1.0min speed=10000K/sec
      bitmap: 0/1 pages [0KB], 65536KB chunk

unused devices: <none>
"""  # noqa: E501

OLD = {
    "proc/mdstat": MDSTAT,
    "proc/stat": STAT,
    "proc/meminfo": MEMINFO,
    "proc/diskstats": DISKSTATS,
    "proc/net/dev": NET_DEV,
    "proc/net/netstat": NETSTAT,
    "proc/net/snmp": SNMP,
    "proc/net/snmp6": SNMP6,
    "proc/net/sockstat": SOCKSTAT,
    "proc/net/sockstat6": "TCP6: inuse 17\nUDP6: inuse 9\nFRAG6: inuse 1 memory 2\n",
    "proc/vmstat": VMSTAT,
    "proc/loadavg": "0.21 0.37 10.39 1/719 19737\n",
    "proc/filesystems": "nodev\tsysfs\nnodev\ttmpfs\n\text4\n\txfs\n",
    "proc/sys/fs/file-nr": "1024\t0\t1631329\n",
    "proc/sys/net/netfilter/nf_conntrack_count": "123\n",
    "proc/sys/net/netfilter/nf_conntrack_max": "65536\n",
    **{f"proc/{who}/mounts": MOUNTS for who in ("1", "self")},
    **{f"proc/{who}/mountinfo": MOUNTINFO for who in ("1", "self")},
    **{f"sys/class/net/lo/{name}": "0\n" for name in ATTRIBUTES},
    **{f"sys/class/net/enp3s0/{name}": "0\n" for name in ATTRIBUTES},
    "sys/class/net/lo/operstate": "unknown\n",
    "sys/class/net/lo/mtu": "65536\n",
    "sys/class/net/enp3s0/operstate": "up\n",
    "sys/class/net/enp3s0/mtu": "1500\n",
    "sys/class/net/enp3s0/speed": "1000\n",
    "sys/class/net/lo/speed": "-1\n",
    "sys/class/net/bonding_masters": "bond0 bond1\n",
    "sys/class/net/bond0/bonding/slaves": "enp3s0 enp4s0\n",
    "sys/class/net/bond0/lower_enp3s0/bonding_slave/mii_status": "up\n",
    "sys/class/net/bond0/lower_enp4s0/bonding_slave/mii_status": "down\n",
    "sys/class/net/bond1/bonding/slaves": "\n",
    "sys/class/hwmon/hwmon0/name": "coretemp\n",
    "sys/class/hwmon/hwmon0/temp1_input": "45500\n",
}
"""Linux 4.19: no pressure, no killed processes in vmstat, disks with and without discards."""


def write(root: Path, files: dict[str, str]) -> None:
    """Write files of a machine below ``root``, as proc/… and sys/…."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def copy_this(root: Path) -> None:
    """Copy all of this machine below ``root`` that collectors and node_exporter read."""
    _copy(Path("/proc"), root / "proc", FILES)
    for nic in Path("/sys/class/net").iterdir():
        _copy(nic, root / "sys/class/net" / nic.name, ATTRIBUTES)


def look_at(monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    """Let the collectors read below ``root``."""
    monkeypatch.setattr(_files, "PROC", str(root / "proc"))
    monkeypatch.setattr(_files, "SYS", str(root / "sys"))


def _copy(source: Path, target: Path, names: Iterable[str]) -> None:
    for name in names:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copyfile(source / name, target / name)
        except OSError:
            (target / name).unlink(missing_ok=True)
