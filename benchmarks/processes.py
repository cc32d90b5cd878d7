"""What the processes of a gateway take: processor time and memory, of one and of all that it started."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

_PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """The process and all that descend from it."""
    parents = dict(_parents())
    found = [pid]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found


def processor_s(pid: int) -> float:
    """Seconds of processor time that the process and its descendants took so far."""
    return sum(int(ticks) for each in family(pid) for ticks in _stat(each)[11:13]) / _TICKS


def resident_bytes(pid: int) -> int:
    """Memory of its own (not shared with others, not of files) that the process and its descendants hold."""
    kib = 0
    for each in family(pid):
        lines = (_PROC / str(each) / "status").read_text().splitlines()
        kib += sum(int(line.split()[1]) for line in lines if line.startswith("RssAnon:"))
    return kib * 1024


def _parents() -> Iterator[tuple[int, int]]:
    for place in _PROC.iterdir():
        if place.name.isdigit() and (fields := _stat(int(place.name))):
            yield int(place.name), int(fields[1])


def _stat(pid: int) -> list[str]:
    """Fields of /proc/<pid>/stat from the state on; none for a process that is gone."""
    try:
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
