"""Open files of the whole machine, and the most that may be open."""

from agent.vitals import _files


def read() -> dict[str, object]:
    """Return both; nothing on other systems than Linux."""
    return parsed(_files.proc_if_any("sys/fs/file-nr"))


def parsed(file_nr: bytes) -> dict[str, object]:
    """Return what /proc/sys/fs/file-nr says; its second number is always 0."""
    match [_files.count(word) for word in file_nr.split()]:
        case [int(allocated), _, int(maximum)]:
            return {"node_filefd_allocated": allocated, "node_filefd_maximum": maximum}
    return {}
