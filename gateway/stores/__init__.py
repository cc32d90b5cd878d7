"""Where the gateway keeps what it must not forget. STORES: name -> factory taking the store's path."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from gateway.ports import Store
from gateway.stores.sqlite import SqliteStore

STORES: Mapping[str, Callable[[Path], Store]] = {"sqlite": SqliteStore}
