"""How much room a store has."""

from __future__ import annotations

import shutil
from pathlib import Path

from gateway.ports import Room


def room_of(path: Path) -> Room:
    """The room of the store in that file: free bytes of its disk, and those of the log beside it."""
    log = path.with_name(path.name + "-wal")
    return Room(free=shutil.disk_usage(path.parent).free, log=log.stat().st_size if log.exists() else 0)
