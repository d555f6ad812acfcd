"""Vitals with the kernel's own names: memory, vmstat, netstat, sockstat.

On Linux each is a field of a file below /proc, spelled as the kernel spells it, which is
node_exporter's way. The list has the fields of every kernel and processor; a machine has those
that its kernel writes. Memory has other names on other systems.
"""

from typing import Annotated, TypeAlias

import msgspec

UNTYPED = ("node_netstat_", "node_vmstat_")
"""Families that node_exporter leaves untyped, because the kernel does not tell which ones count."""

_Number: TypeAlias = float | None
_Meminfo: TypeAlias = Annotated[_Number, "The field of /proc/meminfo."]
_Vmstat: TypeAlias = Annotated[_Number, "The field of /proc/vmstat."]
_Netstat: TypeAlias = Annotated[_Number, "The field of /proc/net/netstat, snmp or snmp6."]
_Sockstat: TypeAlias = Annotated[_Number, "The field of /proc/net/sockstat or sockstat6."]


class KernelFields(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The part of one machine's vitals that has the kernel's names."""

    node_memory_MemTotal_bytes: Annotated[_Number, "Physical memory that Linux can use."] = None
    node_memory_MemFree_bytes: Annotated[_Number, "Memory that holds nothing."] = None
    node_memory_MemAvailable_bytes: Annotated[
        _Number, "Memory that can be had without swapping."
    ] = None
    node_memory_Buffers_bytes: Annotated[_Number, "Memory in block device buffers."] = None
    node_memory_Cached_bytes: Annotated[
        _Number, "Memory in the page cache, without SReclaimable."
    ] = None
    node_memory_SwapTotal_bytes: Annotated[_Number, "Swap space."] = None
    node_memory_SwapFree_bytes: Annotated[_Number, "Swap space not in use."] = None
    node_memory_Shmem_bytes: Annotated[_Number, "Memory that is shared, and in tmpfs."] = None
    node_memory_Slab_bytes: Annotated[_Number, "Memory in slabs of the kernel."] = None
    node_memory_SReclaimable_bytes: Annotated[
        _Number, "Slabs that Linux gives back when memory is short."
    ] = None
    node_memory_SUnreclaim_bytes: Annotated[_Number, "Slabs that Linux can not give back."] = None
    node_memory_SwapCached_bytes: _Meminfo = None
    node_memory_Active_bytes: _Meminfo = None
    node_memory_Inactive_bytes: _Meminfo = None
    node_memory_Active_anon_bytes: _Meminfo = None
    node_memory_Inactive_anon_bytes: _Meminfo = None
    node_memory_Active_file_bytes: _Meminfo = None
    node_memory_Inactive_file_bytes: _Meminfo = None
    node_memory_Unevictable_bytes: _Meminfo = None
    node_memory_Mlocked_bytes: _Meminfo = None
    node_memory_HighTotal_bytes: _Meminfo = None
    node_memory_HighFree_bytes: _Meminfo = None
    node_memory_LowTotal_bytes: _Meminfo = None
    node_memory_LowFree_bytes: _Meminfo = None
    node_memory_MmapCopy_bytes: _Meminfo = None
    node_memory_Zswap_bytes: _Meminfo = None
    node_memory_Zswapped_bytes: _Meminfo = None
    node_memory_Dirty_bytes: _Meminfo = None
    node_memory_Writeback_bytes: _Meminfo = None
    node_memory_AnonPages_bytes: _Meminfo = None
    node_memory_Mapped_bytes: _Meminfo = None
    node_memory_KReclaimable_bytes: _Meminfo = None
    node_memory_KernelStack_bytes: _Meminfo = None
    node_memory_ShadowCallStack_bytes: _Meminfo = None
    node_memory_PageTables_bytes: _Meminfo = None
    node_memory_SecPageTables_bytes: _Meminfo = None
    node_memory_NFS_Unstable_bytes: _Meminfo = None
    node_memory_Bounce_bytes: _Meminfo = None
    node_memory_WritebackTmp_bytes: _Meminfo = None
    node_memory_CommitLimit_bytes: _Meminfo = None
    node_memory_Committed_AS_bytes: _Meminfo = None
    node_memory_VmallocTotal_bytes: _Meminfo = None
    node_memory_VmallocUsed_bytes: _Meminfo = None
    node_memory_VmallocChunk_bytes: _Meminfo = None
    node_memory_Percpu_bytes: _Meminfo = None
    node_memory_EarlyMemtestBad_bytes: _Meminfo = None
    node_memory_HardwareCorrupted_bytes: _Meminfo = None
    node_memory_AnonHugePages_bytes: _Meminfo = None
    node_memory_ShmemHugePages_bytes: _Meminfo = None
    node_memory_ShmemPmdMapped_bytes: _Meminfo = None
    node_memory_FileHugePages_bytes: _Meminfo = None
    node_memory_FilePmdMapped_bytes: _Meminfo = None
    node_memory_CmaTotal_bytes: _Meminfo = None
    node_memory_CmaFree_bytes: _Meminfo = None
    node_memory_Unaccepted_bytes: _Meminfo = None
    node_memory_Balloon_bytes: _Meminfo = None
    node_memory_GPUActive_bytes: _Meminfo = None
    node_memory_GPUReclaim_bytes: _Meminfo = None
    node_memory_Quicklists_bytes: _Meminfo = None
    node_memory_HugePages_Total: _Meminfo = None
    node_memory_HugePages_Free: _Meminfo = None
    node_memory_HugePages_Rsvd: _Meminfo = None
    node_memory_HugePages_Surp: _Meminfo = None
    node_memory_Hugepagesize_bytes: _Meminfo = None
    node_memory_Hugetlb_bytes: _Meminfo = None
    node_memory_DirectMap4k_bytes: _Meminfo = None
    node_memory_DirectMap64k_bytes: _Meminfo = None
    node_memory_DirectMap1M_bytes: _Meminfo = None
    node_memory_DirectMap2M_bytes: _Meminfo = None
    node_memory_DirectMap4M_bytes: _Meminfo = None
    node_memory_DirectMap1G_bytes: _Meminfo = None
    node_memory_DirectMap2G_bytes: _Meminfo = None
    node_memory_total_bytes: Annotated[_Number, "Physical memory; not on Linux."] = None
    node_memory_available_bytes: Annotated[
        _Number, "Memory that can be had without swapping; not on Linux."
    ] = None
    node_memory_free_bytes: Annotated[_Number, "Memory that holds nothing; not on Linux."] = None
    node_memory_active_bytes: Annotated[_Number, "Memory in recent use; macOS."] = None
    node_memory_inactive_bytes: Annotated[_Number, "Memory in no recent use; macOS."] = None
    node_memory_wired_bytes: Annotated[_Number, "Memory that is never swapped; macOS."] = None
    node_memory_swap_total_bytes: Annotated[_Number, "Swap space; not on Linux."] = None
    node_memory_swap_used_bytes: Annotated[_Number, "Swap space in use; not on Linux."] = None
    node_memory_swap_free_bytes: Annotated[_Number, "Swap space not in use; not on Linux."] = None
    node_memory_swapped_in_bytes_total: Annotated[_Number, "Read back from swap space; macOS."] = (
        None
    )
    node_memory_swapped_out_bytes_total: Annotated[_Number, "Written to swap space; macOS."] = None
    node_vmstat_oom_kill: _Vmstat = None
    node_vmstat_pgfault: _Vmstat = None
    node_vmstat_pgmajfault: _Vmstat = None
    node_vmstat_pgpgin: _Vmstat = None
    node_vmstat_pgpgout: _Vmstat = None
    node_vmstat_pswpin: _Vmstat = None
    node_vmstat_pswpout: _Vmstat = None
    node_netstat_Icmp_InErrors: _Netstat = None
    node_netstat_Icmp_InMsgs: _Netstat = None
    node_netstat_Icmp_OutMsgs: _Netstat = None
    node_netstat_Icmp6_InErrors: _Netstat = None
    node_netstat_Icmp6_InMsgs: _Netstat = None
    node_netstat_Icmp6_OutMsgs: _Netstat = None
    node_netstat_Ip_Forwarding: _Netstat = None
    node_netstat_IpExt_InOctets: _Netstat = None
    node_netstat_IpExt_OutOctets: _Netstat = None
    node_netstat_Ip6_InOctets: _Netstat = None
    node_netstat_Ip6_OutOctets: _Netstat = None
    node_netstat_Tcp_ActiveOpens: _Netstat = None
    node_netstat_Tcp_CurrEstab: _Netstat = None
    node_netstat_Tcp_InErrs: _Netstat = None
    node_netstat_Tcp_InSegs: _Netstat = None
    node_netstat_Tcp_OutRsts: _Netstat = None
    node_netstat_Tcp_OutSegs: _Netstat = None
    node_netstat_Tcp_PassiveOpens: _Netstat = None
    node_netstat_Tcp_RetransSegs: _Netstat = None
    node_netstat_TcpExt_ListenDrops: _Netstat = None
    node_netstat_TcpExt_ListenOverflows: _Netstat = None
    node_netstat_TcpExt_SyncookiesFailed: _Netstat = None
    node_netstat_TcpExt_SyncookiesRecv: _Netstat = None
    node_netstat_TcpExt_SyncookiesSent: _Netstat = None
    node_netstat_TcpExt_TCPOFOQueue: _Netstat = None
    node_netstat_TcpExt_TCPRcvQDrop: _Netstat = None
    node_netstat_TcpExt_TCPSynRetrans: _Netstat = None
    node_netstat_TcpExt_TCPTimeouts: _Netstat = None
    node_netstat_Udp_InDatagrams: _Netstat = None
    node_netstat_Udp_InErrors: _Netstat = None
    node_netstat_Udp_NoPorts: _Netstat = None
    node_netstat_Udp_OutDatagrams: _Netstat = None
    node_netstat_Udp_RcvbufErrors: _Netstat = None
    node_netstat_Udp_SndbufErrors: _Netstat = None
    node_netstat_Udp6_InDatagrams: _Netstat = None
    node_netstat_Udp6_InErrors: _Netstat = None
    node_netstat_Udp6_NoPorts: _Netstat = None
    node_netstat_Udp6_OutDatagrams: _Netstat = None
    node_netstat_Udp6_RcvbufErrors: _Netstat = None
    node_netstat_Udp6_SndbufErrors: _Netstat = None
    node_netstat_UdpLite_InErrors: _Netstat = None
    node_netstat_UdpLite6_InErrors: _Netstat = None
    node_sockstat_sockets_used: _Sockstat = None
    node_sockstat_TCP_inuse: _Sockstat = None
    node_sockstat_TCP_orphan: _Sockstat = None
    node_sockstat_TCP_tw: _Sockstat = None
    node_sockstat_TCP_alloc: _Sockstat = None
    node_sockstat_TCP_mem: _Sockstat = None
    node_sockstat_TCP_mem_bytes: _Sockstat = None
    node_sockstat_UDP_inuse: _Sockstat = None
    node_sockstat_UDP_mem: _Sockstat = None
    node_sockstat_UDP_mem_bytes: _Sockstat = None
    node_sockstat_UDPLITE_inuse: _Sockstat = None
    node_sockstat_RAW_inuse: _Sockstat = None
    node_sockstat_FRAG_inuse: _Sockstat = None
    node_sockstat_FRAG_memory: _Sockstat = None
    node_sockstat_TCP6_inuse: _Sockstat = None
    node_sockstat_UDP6_inuse: _Sockstat = None
    node_sockstat_UDPLITE6_inuse: _Sockstat = None
    node_sockstat_RAW6_inuse: _Sockstat = None
    node_sockstat_FRAG6_inuse: _Sockstat = None
    node_sockstat_FRAG6_memory: _Sockstat = None
