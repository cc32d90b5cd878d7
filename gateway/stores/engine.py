"""The SQLite build in use: pysqlite3's, because Debian's own still has the WAL-reset bug (see `schema.check_build`).

It has the interface of the standard library's sqlite3 and is typed as that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import sqlite3 as sqlite
else:
    from pysqlite3 import dbapi2 as sqlite

__all__ = ["Runner", "sqlite"]

Runner: TypeAlias = "sqlite.Connection | sqlite.Cursor"
"""What runs a statement. A connection makes a cursor for each, which costs as much as a short statement does; a cursor
serves where all rows of one are taken before the next."""

# What is bound as it is: of a value that is neither number nor str, the module else asks its type for an adapter, its
# protocol, and the value itself, which costs more than all else that is done with it (2.5 µs against 0.8 to 0.9).
sqlite.register_adapter(bytes, bytes)
sqlite.register_adapter(type(None), lambda nothing: nothing)
